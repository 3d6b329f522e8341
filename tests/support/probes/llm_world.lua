-- llm_world.lua: servers that do what they should not, and a request to them: what chunks of llm_spec.lua
-- stand on.
-- luacheck: ignore 211

local async, cjson, llm, uv = require("orket.async"), require("cjson"), require("orket.llm.client"),
  require("luv")
local mock_server = require("orket.dev.mock.mock_server")

local function raw(bytes, how)
  local server = uv.new_tcp()
  server:bind("127.0.0.1", 0)
  local seen, peers = { requests = 0, text = "" }, {}
  server:listen(16, function()
    local peer, said = uv.new_tcp(), false
    server:accept(peer)
    peers[#peers + 1] = peer
    peer:read_start(function(_, data)
      seen.text = seen.text .. (data or "")
      if not data or said then return end
      seen.requests, said = seen.requests + 1, true
      local text = type(bytes) == "function" and bytes(seen.requests) or bytes
      local function finish()
        if how == "reset" then peer:close_reset() elseif how ~= "hang" then peer:close() end
      end
      if text == "" then return finish() end
      peer:write(text, finish)
    end)
  end)
  return "http://127.0.0.1:" .. server:getsockname().port, seen, function()
    server:close()
    for _, peer in ipairs(peers) do
      if not peer:is_closing() then peer:close() end
    end
  end
end

local function ask(url, more)
  local request = { model = { base_url = url, model = "m",
    deadlines = { connect = 5, first_byte = 5, idle = 5, total = 5 } },
    messages = { '{"content":"hi","role":"user"}' }, attempts = 1, backoff = 0.001 }
  for key, value in pairs(more or {}) do
    if key == "model" then
      for k, v in pairs(value) do request.model[k] = v end
    else
      request[key] = value
    end
  end
  local reply, err = llm.complete(request)
  return reply or { error = err.code, class = err.class, message = err.message, status = err.status,
    retry_after = err.retry_after, deadline = err.deadline }
end

local function say(value)
  print(cjson.encode(value))
end
