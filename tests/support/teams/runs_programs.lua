-- runs_programs.lua: a team that writes by programs, for idesign_spec.lua.
-- luacheck: globals shell

function shell(text) return call("run_command", { argv = { "sh", "-c", text } }) end
function work(talk)
  return steps(talk,
    function()
      return say(
        shell("mkdir -p accessors utils; echo 'x = 1' > main.py; echo 'x = 1' > accessors/a_accessor.py; echo text > note.txt"),
        shell("printf 'import os\\nfrom ..managers import x\\n' > accessors/b_accessor.py"),
        shell("sed -i 's/x = 1/import engines/' accessors/a_accessor.py"),
        shell("cp note.txt hidden.txt; mv hidden.txt lib.js; printf '\\377' > utils/raw.py; echo 'int f(void) DECLARED;' > utils/u.c"))
    end,
    function() return say(call("run_command", { argv = { "python3", "-" }, stdin = "open('accessors/c.py', 'w').write('x = 1')" })) end,
    function() return say(shell("chmod 700 note.txt"), finish()) end)
end
