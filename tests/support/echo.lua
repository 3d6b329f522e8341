-- echo.lua: a mock model for tests: the last message says what it does.

local function reply(request)
  local last = request.messages[#request.messages].content
  if last == "429" then
    return { status = 429, retry_after = 2, content = "slowly please" }
  elseif last == "500" then
    return { status = 500 }
  elseif last == "cut" then
    return { content = ("abc "):rep(50), cut_after = 3 }
  elseif last == "malformed" then
    return { content = "abc", malformed = true }
  elseif last == "half" then
    return { calls = { { name = "f", arguments = { path = "x" } } }, malformed = "arguments" }
  elseif last == "call" then
    return { content = "Let me.", calls = { { name = "f", arguments = { a = 1, b = { "x" } } },
      { name = "g" } } }
  elseif last:find("^chunks ") then
    return { content = "in pieces", chunks = tonumber(last:match(" (.*)")) }
  elseif last == "slow" then
    return { content = "at last", delay_ms = 150 }
  elseif last == "error" then
    error("the script is broken")
  elseif last == "forever" then
    while true do end
  end
  return { content = "you said: " .. last, usage = { prompt_tokens = 11, completion_tokens = 22 } }
end

return reply
