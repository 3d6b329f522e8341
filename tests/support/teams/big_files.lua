-- big_files.lua: a team that writes large files, for host_failures_spec.lua.
-- luacheck: globals big

function big() return ("text "):rep(6000) end
function work(talk)
  return steps(talk,
    function() return say(write("a", big())) end,
    function() return say(write("b", big())) end,
    function() return say(call("run_command", { argv = { "sh", "-c", "cat a b >c; cat a >>c" } })) end,
    function() return say(write("d", big())) end,
    function() return say(finish()) end)
end
