-- transcribed.lua: a team whose work is read again, for transcript_spec.lua.

function work(talk)
  return steps(talk,
    function() return say(call("read_file", { path = "nothing" }), write("../out", "x")) end,
    function()
      local long = {}
      for i = 1, 60 do long[i] = "line " .. i end
      return { content = "I write \27[31mred ```now", calls = { write("dish", table.concat(long, "\n")) } }
    end,
    function() return say(finish("salted")) end)
end
