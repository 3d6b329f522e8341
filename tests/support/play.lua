-- play.lua: put in front of a spec's mock script (tests/support/world.lua): what a request says, and the
-- words of a team. A spec defines work(talk), and review(talk) when its guard is to do more than accept.
--
-- talk = {card, review, replies, results, text (the first user message), said (all tool texts), request}

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

local function read(request)
  local talk = { replies = 0, results = {}, said = {}, request = request, nudges = 0 }
  for _, message in ipairs(request.messages) do
    local text = text_of(message)
    if message.role == "system" then
      talk.review = text:find("integrity guard", 1, true) ~= nil
    elseif message.role == "user" and not talk.card then
      talk.card, talk.text = text:match("^# Card (%S+):"), text
    elseif message.role == "user" then
      talk.nudges = talk.nudges + 1
    elseif message.role == "assistant" then
      talk.replies, talk.results = talk.replies + 1, {}
    elseif message.role == "tool" then
      talk.results[#talk.results + 1] = text
      talk.said[#talk.said + 1] = text
    end
  end
  return talk
end

function call(name, arguments)
  return { name = name, arguments = arguments }
end

function say(...)
  return { content = "so be it", calls = { ... } }
end

function write(path, content)
  return call("write_file", { path = path, content = content })
end

function status(name, why)
  return call("update_issue_status", { status = name, why = why or "because" })
end

function finish(why)
  return status("ready_for_testing", why or "built")
end

-- Steps of a turn: the function for this reply, the last one again and again.
function steps(talk, ...)
  local all = { ... }
  return all[math.min(talk.replies + 1, #all)](talk)
end

function accept()
  return say(status("done", "meets the card"))
end

function review()
  return accept()
end

function reply(request)
  local talk = read(request)
  if talk.review then
    return review(talk)
  end
  return work(talk)
end
