-- spoken.lua: how models write calls into their text: what the teams of text_calls_spec.lua stand on.

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end
function json(arguments)
  local parts = {}
  for key, value in pairs(arguments) do
    parts[#parts + 1] = quoted(key) .. ": " .. quoted(value)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end
local native = reply
function reply(request)
  assert(request.tools == nil, "tools are told in words")
  for _, message in ipairs(request.messages) do
    assert(message.role ~= "tool" and not message.tool_calls, "nothing of calls is left in the conversation")
  end
  local r = native(request)
  local text = { r.content or "" }
  for _, call in ipairs(r.calls or {}) do
    text[#text + 1] = render(call)
  end
  r.content, r.calls = table.concat(text, "\n"), nil
  return r
end
