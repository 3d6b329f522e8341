-- breaks_layers.lua: a team that breaks the layers, for idesign_spec.lua.

function work(talk)
  return steps(talk,
    function()
      return say(write("main.py", "x = 1\n"), write("lib/a.js", "let x\n"), write("accessors/a_accessor.py", "x = 1\n"),
        write("accessors/b_accessor.py", "import os\nfrom ..managers import x\n"))
    end,
    function() return say(call("edit_file", { path = "accessors/a_accessor.py", old = "x = 1", new = "import engines" })) end,
    function() return say(write("utils/u.c", "int f(void) DECLARED;\n"), write("note.txt", "not source"), finish()) end)
end
