-- asks_a_person.lua: a team that waits for a person, for controls_spec.lua.

function work(talk)
  if talk.card == "C" then
    return talk.text:find("blue", 1, true) and say(finish()) or say(call("request_excuse", { reason = "which colour?" }))
  elseif talk.card == "D" then
    return say(finish())
  end
  local content = talk.card == "A" and "\27[6n\27]2;Y\7" .. ("a line of A\n"):rep(40) .. "the end of A\n" or "of B\n"
  return steps(talk, function() return say(write("locked/" .. talk.card, content)) end, function() return say(finish()) end)
end
