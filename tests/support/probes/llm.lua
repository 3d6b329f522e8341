-- llm.lua: servers that do what they should not, a request to them, and the tests of llm_spec.lua inside the
-- binary.

local async, cjson, llm, uv = require("orket.async"), require("cjson"), require("orket.llm.client"),
  require("luv")
local mock = require("orket.dev.mock.mock_server")

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

local M = {}

function M.streams_calls_counts()
  local model = mock.start("m", "return function(r) return { content = 'Grüße an alle, die das hier lesen', " ..
    "calls = { { name = 'f', arguments = { a = 1 } } }, reasoning = 'hm' } end", {})
  local deltas = {}
  local reply = ask(model.url, { on_delta = function(text) deltas[#deltas + 1] = text end })
  model:close()
  say({ reply = reply, deltas = deltas })
end

function M.answers_same_when_streamed()
  local model = mock.start("m", "return function(r) return { content = 'x', calls = { { name = 'f', arguments = 'broken' } } } end", {})
  local streamed, whole = ask(model.url), ask(model.url, { stream = false })
  model:close()
  streamed.ms, whole.ms = nil, nil
  say({ streamed, whole })
end

function M.sends_exactly_these_bytes()
  local url, seen, close = raw("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
  ask(url .. "/v1/", { tools = '[{"type":"function"}]', messages = { '{"a":1}', '{"b":2}' },
    model = { temperature = 0, seed = 7, max_tokens = 9,
      params = { top_p = 0.5, model = "no", stream_options = cjson.null },
      headers = { ["X-Title"] = "Orket" } } })
  close()
  say({ seen.text })
end

function M.tries_again_may_succeed()
  local good = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n' ..
    '{"choices":[{"message":{"content":"at last"},"finish_reason":"stop"}]}'
  local url, seen, close = raw(function(n)
    return n == 1 and "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      or n == 2 and "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        or good
  end)
  local attempts = {}
  local reply = ask(url, { attempts = 3, on_attempt = function(a) attempts[#attempts + 1] = a end })
  close()
  say({ reply = reply.content, attempts = attempts, requests = seen.requests })
end

function M.does_wait_server_asks()
  local url, seen, close = raw("HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")
  local reply = ask(url, { attempts = 3 })
  close()
  say({ reply = reply, requests = seen.requests })
end

function M.does_repeat_cannot_succeed()
  local url, seen, close = raw("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
  local reply = ask(url, { attempts = 3 })
  close()
  say({ status = reply.status, requests = seen.requests })
end

function M.fetches_answer_fails_canceled()
  local url, seen, close = raw("", "hang")
  local reply, err
  local task = async.spawn(function()
    reply, err = llm.fetch({ model = { base_url = url, model = "m" }, path = "/embeddings", body = { "{}" },
      read = function(answer) return answer end })
  end)
  while seen.requests == 0 do async.sleep(0.01) end
  async.cancel(task, nil, true)
  async.hurry(task)
  while not task.done do async.sleep(0.01) end
  close()
  say({ reply = reply or false, code = err and err.code, estimated = err and err.usage.estimated })
end

function M.ends_when_task_canceled()
  local core = require("orket.core.llm")
  local url, _, close = raw("", "hang")
  local reply
  local task = async.spawn(function() reply = ask(url) end)
  async.sleep(0.02)
  async.cancel(task)
  local before = reply.error
  async.sleep(0.01)
  close()
  say({ error = before, left = core.count() })
end

function M.answers_body_without_shape()
  local core = require("orket.core.llm")
  local url, seen, close = raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
  local reply = async.await(core.post, { url = url .. "/models" }, nil)
  close()
  say({ body = reply.body, status = reply.status, line = seen.text:match("[^\r]*") })
end

-- A server that answers these bytes, and ends the connection in this way, is asked.
function M.asks(bytes, how, more)
  local url, _, close = raw(bytes, how)
  local reply = ask(url, cjson.decode(more))
  close()
  say(reply)
end

function M.keeps_key_to_origin(file)
  local keys = { k = { file = file } }
  local one, seen, close_one = raw("HTTP/1.1 401 sk-hidden\r\nContent-Length: 0\r\n\r\n")
  local two, other, close_two = raw("HTTP/1.1 200 OK\r\n\r\n")
  local first, second = ask(one, { model = { key = "k", keys = keys } }), ask(two, { model = { key = "k", keys = keys } })
  local missing = ask(one, { model = { key = "nobody_has_this", keys = keys } })
  close_one() close_two()
  say({ sent = seen.text:find("Authorization: Bearer sk-hidden", 1, true) ~= nil, leaked = other.text,
    errors = { first, second, missing } })
end

function M.asks_without_library()
  local model, attempts = { base_url = "http://127.0.0.1:9", model = "m" }, 0
  local reply, err = llm.complete({ model = model, messages = { "{}" },
    on_attempt = function() attempts = attempts + 1 end })
  local _, _, code = require("orket.core.llm").key("k", { env = "HOME", origin = "http://127.0.0.1:9" })
  say({ reply = reply, err = err, attempts = attempts, key = code })
end

-- Whether a call of orket.core.llm raises, as code.
function M.calls_wrongly(call)
  local fn = assert(load("core." .. call, "call", "t", { core = require("orket.core.llm"), print = print }))
  say({ (pcall(fn)) })
end

return M
