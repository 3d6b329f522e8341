-- replayed.lua: a team whose run is changed afterwards, for attack_replay_spec.lua.

function work(talk)
  if talk.card == "I-2" and not talk.text:find("yes, blue", 1, true) then
    return say(call("request_excuse", { reason = "which colour?" }))
  end
  return steps(talk, function()
    return say(call("add_issue_comment", { comment = "on my way" }), write(talk.card .. ".txt", "my first file\n"), write("secret.txt", "no"))
  end, function()
    return say(call("read_file", { path = talk.card .. ".txt" }))
  end, function()
    return say(finish())
  end)
end
