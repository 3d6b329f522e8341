-- combined.lua: a model that writes its calls as text, counts tokens, refuses what is too long, and fails now
-- and then.

synonyms = { { "invoice", "bill", "bills" } }
local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end
local function spoken(call)
  local parts = {}
  for key, value in pairs(call.arguments) do
    parts[#parts + 1] = quoted(key) .. ": " .. quoted(value)
  end
  return '<tool_call>\n{"name": "' .. call.name .. '", "arguments": {' .. table.concat(parts, ", ")
    .. '}}\n</tool_call>'
end

local function done_of(talk)
  local most = 0
  for _, message in ipairs(talk.request.messages) do
    for number in (message.content or ""):gmatch("step (%d+)") do
      most = math.max(most, tonumber(number))
    end
  end
  return most
end

function work(talk)
  local n = done_of(talk) + 1
  if n > 30 then
    return say(finish())
  end
  local text = "step " .. n .. " " .. ("of a bill, "):rep(120)
  return { content = "step " .. n, calls = { n % 3 == 0 and call("read_file", { path = "f" .. (n - 1) % 5 })
    or call("write_file", { path = "f" .. n % 5, content = text }) } }
end

local native = reply
function reply(request)
  local tokens = #cjson.encode(request.messages) // 4
  if tokens > 7000 then
    return { status = 400,
      content = "This model's maximum context length is 8000 tokens. However, you requested " .. tokens }
  elseif request.model == "first" and #request.messages % 9 == 8 then
    return { status = 503, content = "busy" }
  end
  local r = native(request)
  local text = { r.content or "" }
  for _, one in ipairs(r.calls or {}) do
    text[#text + 1] = spoken(one)
  end
  r.content, r.calls = table.concat(text, "\n"), nil
  r.usage = { prompt = tokens, completion = #r.content // 4 }
  return r
end
