-- attached.lua: a team that a debugger attaches to, for attach_spec.lua.

function work(talk)
  if talk.card == "Z" then
    return { content = "wait", calls = {}, delay_ms = 60000 }
  elseif not talk.text:find("go on", 1, true) then
    return say(call("request_excuse", { reason = "may I?" }))
  end
  return steps(talk,
    function() return say(write("dish", "plain"), write("../out", "x")) end,
    function(t)
      local skipped = t.said[1]:find("person.skip", 1, true)
      return skipped and say(write("dish", "salted"), finish()) or say(finish())
    end)
end
