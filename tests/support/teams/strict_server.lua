-- strict_server.lua: a server that counts tokens and refuses what does not fit, for window_spec.lua.
-- luacheck: globals RATE SUMMARY RESERVE CONTEXT

local function tokens_of(request)
  return (#cjson.encode(request.messages) + (request.tools and #cjson.encode(request.tools) or 0)) * 10 // RATE
end
local inner = reply
local function is_summary(request)
  return request.messages[1].content:find("You sum up", 1, true) ~= nil
end
local function in_order(request)
  return is_summary(request) and SUMMARY or inner(request)
end
function reply(request)
  local tokens = tokens_of(request)
  if tokens + RESERVE > CONTEXT then
    return { status = 400, content = "This model's maximum context length is CONTEXT tokens. However, you requested " .. tokens + RESERVE .. " tokens" }
  end
  return in_order(request)
end
