-- wire.lua: serves each row of the file ROWS, whole and in pieces, to a client of the API SHAPE, and prints
-- what it understood.

local async, cjson, llm, uv = require("orket.async"), require("cjson"), require("orket.llm.client"),
  require("luv")

local function send(peer, head, body, size)
  if not size then
    return peer:write(head .. body, function() peer:close() end)
  end
  local function more(at)
    if at > #body then return peer:close() end
    peer:write(body:sub(at, at + size - 1), function() more(at + size) end)
  end
  peer:write(head, function() more(1) end)
end

-- The end is the connection's, as with servers that do not know how long a stream will be.
local function serve(row, size)
  local server = uv.new_tcp()
  server:bind("127.0.0.1", 0)
  server:listen(16, function()
    local peer, asked = uv.new_tcp(), ""
    server:accept(peer)
    peer:nodelay(true)
    peer:read_start(function(_, data)
      asked = asked .. (data or "")
      if not asked:find("\r\n\r\n", 1, true) or peer:is_closing() then return end
      peer:read_stop()
      local kind = row.kind or "text/event-stream"
      send(peer, "HTTP/1.1 " .. (row.status or "200 OK") .. "\r\n"
        .. (kind ~= "" and "Content-Type: " .. kind .. "\r\n" or "")
        .. "Connection: close\r\n\r\n", row.body, size)
    end)
  end)
  return "http://127.0.0.1:" .. server:getsockname().port, function() server:close() end
end

local function ask(shape, row, size)
  local url, close = serve(row, size)
  local deltas = {}
  local reply, err = llm.complete({
    model = { base_url = url, model = "m", shape = shape,
      deadlines = { connect = 20, first_byte = 20, idle = 20, total = 20 } },
    messages = { '{"content":"hi","role":"user"}' }, attempts = 1, on_delta = function(text)
      deltas[#deltas + 1] = text
    end,
  })
  close()
  return { reply = reply, error = err, heard = table.concat(deltas) }
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local shape, rows = os.getenv("SHAPE"), cjson.decode(read(os.getenv("ROWS")))
async.main(function()
  for i, row in ipairs(rows) do
    print(cjson.encode({ ask(shape, row), ask(shape, row, 1 + i % 7) }))
  end
  return 0
end)
