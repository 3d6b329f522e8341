-- chat_echo.lua: a model that says in a conversation what it was shown.

local works = reply
function reply(request)
  local card, results = "", {}
  for _, message in ipairs(request.messages) do
    card = message.role == "user" and card == "" and message.content or card
    results[#results + 1] = message.role == "tool" and message.content or nil
  end
  if not card:find("# Card CHAT", 1, true) then
    return works(request)
  end
  local said = card:match(".*\n%- human:[^:]*: ([^\n]*)") or ""
  local name, arguments = said:match("^call (%S+) (.*)$")
  if said:find("^wait") then
    return { content = "late", delay_ms = 100000 }
  elseif said == "silence" and #request.messages == 2 then
    return { content = " " }
  elseif name and #results == 0 then
    return { content = "", calls = { { name = name, arguments = arguments } } }
  end
  return { content = "you said: " .. said .. (results[1] and " -> " .. results[#results] or "") }
end
function work() return say(finish()) end
