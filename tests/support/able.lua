-- able.lua: a mock model that can what `orket models check` asks; the names of its model say what it cannot.

local function reply(request)
  local cannot = request.model
  local function can(what)
    return not cannot:find("no-" .. what, 1, true)
  end
  local format = request.response_format
  if request.tools then
    if not can("calls") then
      return { content = "I report: lighthouse." }
    end
    return { calls = { { name = "report_word", arguments = { word = can("schema") and "lighthouse"
      or 7 } } } }
  elseif format then
    return { content = can("json") and '{"word":"lighthouse"}' or "Sure! The word is lighthouse." }
  elseif request.stream and not can("streams") then
    return { reasoning = "one, two" }
  elseif request.messages[1].content:find("<tool_call>", 1, true) then
    return { content = '<tool_call>\n{"name": "report_word", "arguments": {"word": "lighthouse"}}\n</tool_call>' }
  elseif not can("key") then
    return { status = 401, content = "who are you?" }
  end
  return { content = "OK" }
end

return reply
