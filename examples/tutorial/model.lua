-- model.lua: recorded replies for docs/tutorial.md, served by `orket mock-llm`. It knows the card
-- count-1 only, and tries to change a file that the tutorial's policy protects.

local WORDS = [[
#!/bin/sh
# words FILE: the number of words in it
. "$(dirname "$0")/vendor/count.sh"
echo "$(count < "$1") words"
]]

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

-- Who is asked, about what, and how many replies there were in this turn.
local function read(request)
  local talk = { replies = 0, tools = {} }
  for _, message in ipairs(request.messages) do
    if message.role == "system" then
      talk.review = text_of(message):find("integrity guard", 1, true) ~= nil
    elseif message.role == "user" then
      talk.count = talk.count or text_of(message):find("# Card count-1", 1, true) ~= nil
    elseif message.role == "assistant" then
      talk.replies = talk.replies + 1
    end
  end
  for _, tool in ipairs(request.tools or {}) do
    talk.tools[tool["function"].name] = true
  end
  return talk
end

local function call(name, arguments)
  return { content = "", calls = { { name = name, arguments = arguments } } }
end

local coder = {
  call("count_words", { path = "sample.txt" }),
  call("write_file", { path = "vendor/count.sh", content = "count() { wc -w; }\n" }),
  call("write_file", { path = "words", content = WORDS }),
  call("update_issue_status", { status = "ready_for_testing", why = "words prints the unit" }),
}

local guard = {
  call("read_file", { path = "words" }),
  call("update_issue_status", { status = "done", why = "words sample.txt prints: 3 words" }),
}

-- What `orket setup` and `orket models check` ask.
local function check(request, tools)
  if tools.report_word then
    return call("report_word", { word = "lighthouse" })
  end
  return { content = request.response_format and '{"word":"lighthouse"}' or "OK" }
end

return function(request)
  local talk = read(request)
  if talk.count then
    return (talk.review and guard or coder)[talk.replies + 1]
  end
  return check(request, talk.tools)
end
