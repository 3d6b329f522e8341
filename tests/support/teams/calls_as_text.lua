-- calls_as_text.lua: calls of a team written as text, for auto_calls_spec.lua.

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end
function json(call)
  local parts = {}
  for key, value in pairs(call.arguments) do
    parts[#parts + 1] = quoted(key) .. ": " .. quoted(value)
  end
  return '{"name": "' .. call.name .. '", "arguments": {' .. table.concat(parts, ", ") .. "}}"
end
local native = reply
function reply(request)
  local r = native(request)
  if r.calls and not r.native then
    r.content, r.calls = render(r.calls), nil
  end
  r.native = nil
  return r
end
