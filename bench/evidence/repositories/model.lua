-- model.lua: a model as an ordinary one behaves, for `orket mock-llm`: it looks, installs, changes the wrong
-- thing, reads why the verification failed, and changes the right one. In front of it stands
--   PLAY = {looks, installs?, wrong, right, tests, failing, sees}
-- calls as {name, arguments}, what the log of the failed verification has to say, and what the review looks for.

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

local function read(request)
  local talk = { replies = 0, results = {} }
  for _, message in ipairs(request.messages) do
    if message.role == "system" then
      talk.review = text_of(message):find("integrity guard", 1, true) ~= nil
    elseif message.role == "user" and not talk.asked then
      talk.asked = text_of(message)
    elseif message.role == "assistant" then
      talk.replies, talk.results = talk.replies + 1, {}
    elseif message.role == "tool" then
      talk.results[#talk.results + 1] = text_of(message)
    end
  end
  return talk
end

local function say(content, ...)
  return { content = content, calls = { ... } }
end

local function call(name, arguments)
  return { name = name, arguments = arguments }
end

local function move(status, why)
  return call("update_issue_status", { status = status, why = why })
end

local function give_up(talk)
  return say("I cannot go on.",
    call("request_excuse", { reason = "unexpected: " .. (talk.results[1] or talk.asked):sub(1, 1500) }))
end

local function worked(talk)
  for _, result in ipairs(talk.results) do
    if not result:find('"ok":true', 1, true) or result:find('"exit":[1-9]') then
      return false
    end
  end
  return true
end

local function review(talk)
  if talk.replies == 0 then
    return say("I read it.", call("read_file", { path = PLAY.right.arguments.path }))
  elseif talk.results[1]:find(PLAY.sees, 1, true) then
    return say("It is so.", move("done", "meets the card"))
  end
  return say("Not yet.", move("in_progress", "the change is not there"))
end

local function first_try()
  local steps = { say("I look first.", table.unpack(PLAY.looks)) }
  steps[#steps + 1] = PLAY.installs and say("I install.", PLAY.installs) or nil
  steps[#steps + 1] = say("I see.", PLAY.wrong)
  return steps
end

local function second_try()
  return { say("The log says why.", PLAY.right), say("I test it.", PLAY.tests) }
end

local function work(talk)
  local steps = talk.asked:find(PLAY.failing, 1, true) and second_try() or first_try()
  steps[#steps + 1] = say("Done.", move("ready_for_testing", "changed as the card asks"))
  return worked(talk) and steps[talk.replies + 1] or give_up(talk)
end

function reply(request)
  local talk = read(request)
  return talk.review and review(talk) or work(talk)
end
