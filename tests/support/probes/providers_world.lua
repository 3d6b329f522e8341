-- providers_world.lua: a server that plays replies of other APIs: what chunks of providers_spec.lua stand on.
-- luacheck: ignore 211

local async, cjson, llm, uv = require("orket.async"), require("cjson"), require("orket.llm.client"),
  require("luv")

local function serve(kind, body, status)
  local server, seen = uv.new_tcp(), { text = "" }
  server:bind("127.0.0.1", 0)
  server:listen(16, function()
    local peer = uv.new_tcp()
    server:accept(peer)
    peer:read_start(function(_, data)
      seen.text = seen.text .. (data or "")
      local head, rest = seen.text:match("^(.-)\r\n\r\n(.*)$")
      if seen.said or not head
        or #rest < tonumber(head:lower():match("content%-length: (%d+)")) then return end
      seen.said, seen.head, seen.body = true, head, rest
      peer:write("HTTP/1.1 " .. (status or "200 OK") .. "\r\nContent-Type: " .. kind .. "\r\nContent-Length: "
        .. #body .. "\r\n\r\n" .. body,
        function() peer:close() end)
    end)
  end)
  return "http://127.0.0.1:" .. server:getsockname().port .. "/v1", seen, function() server:close() end
end

local function ask(shape, kind, body, more)
  more = more or {}
  local url, seen, close = serve(kind, body, more.status)
  local model = { base_url = url, model = "m", shape = shape,
    deadlines = { connect = 5, first_byte = 5, idle = 5, total = 5 } }
  for key, value in pairs(more.model or {}) do model[key] = value end
  local deltas, named, thoughts = {}, {}, {}
  local reply, err = llm.complete({
    model = model, messages = more.messages or { '{"content":"hi","role":"user"}' }, attempts = 1,
    tools = more.tools,
    tool_choice = more.tool_choice, json = more.json, stream = more.stream,
    on_delta = function(text, progress)
      deltas[#deltas + 1], thoughts[#thoughts + 1] = text, progress.thoughts
      named[#named + 1] = (progress.tool or progress.path) and (progress.tool or "-")
        .. (progress.path and " " .. progress.path or "") or nil
    end,
  })
  close()
  local sent = cjson.decode(seen.body or "null")
  return { reply = reply, error = err, deltas = deltas, named = named, thoughts = table.concat(thoughts),
    head = seen.head, sent = sent, raw = seen.body }
end

local function say(value) print(cjson.encode(value)) end
local EVENTS, JSON = "text/event-stream", "application/json"
local function events(list)
  for i, event in ipairs(list) do list[i] = "event: " .. (event:match('"type":"([%w_]+)"') or "x")
    .. "\ndata: " .. event .. "\n\n" end
  return table.concat(list)
end
