-- copies.lua: a team that copies what it reads, for put_spec.lua.

function work(talk)
  return steps(talk, function() return say(call("read_file", { path = "note.txt" })) end, function(t)
    local text = t.results[1]:match("the note says (%w+)")
    if not text then
      return say(status("blocked", "there is no note"))
    end
    return say(write("copy", text), finish())
  end)
end
