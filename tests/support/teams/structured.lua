-- structured.lua: data that fits a schema, or does not, for structured_spec.lua.

local SAID = {
  good = '{"word":"x"}', fenced = 'x', mistaken = '{"word":7}', more = '{"word":"x","n":1}', text = "hello", half = '{"word":',
}
SAID.fenced = "```json\n" .. SAID.good .. "\n```"
local LONG = {
  wide = function() return "```json" .. (" \n"):rep(20000) .. SAID.good .. ("\n "):rep(20000) .. "```\n\n" end,
  endless = function() return "```\n" .. ("\n"):rep(50000) .. "x" end,
  thought = function() return "<think>x" .. (" "):rep(500000) .. "y</think>" .. SAID.good end,
}
function reply(request)
  local first, last = request.messages[1], request.messages[#request.messages].content
  if last == "asked" then
    local told = first.role == "system" and first.content:find('"word"', 1, true) ~= nil
    return { content = '{"word":"' .. tostring(told) .. " " .. (request.response_format and request.response_format.json_schema.schema.required[1] or "none") .. '"}' }
  elseif last == "call" then
    return { content = "I look.", calls = { { name = "f", arguments = {} } } }
  end
  return { content = LONG[last] and LONG[last]() or SAID[last] }
end
