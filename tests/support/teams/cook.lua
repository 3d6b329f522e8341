-- cook.lua: a team that cooks, for human_actions_spec.lua.

function work(talk)
  return say(write("dish", talk.text:find("use salt", 1, true) and "salted" or "plain"), finish())
end
function review(talk)
  return steps(talk, function() return say(call("read_file", { path = "dish" })) end, function(t)
    return t.results[1]:find("salted", 1, true) and accept() or say(status("in_progress", "it lacks taste"))
  end)
end
