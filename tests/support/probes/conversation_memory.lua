-- conversation_memory.lua: conversations of all kinds, and the tests of conversation_memory_spec.lua inside
-- the binary.

local cjson = require("cjson")
local decoded = 0
local decode = cjson.decode
cjson.decode = function(text)
  decoded = decoded + 1
  return decode(text)
end
local client = require("orket.llm.client")
local TOOLS = '[{"function":{"name":"f","parameters":{"type":"object"}},"type":"function"}]'
local sent
local complete = client.new(nil, { over = function()
  return function(request)
    sent = table.concat(request.body)
    return nil, { code = "ERR_CANCELED" }
  end
end }).complete

local function body(model, messages, json)
  complete({ model = model, messages = messages, tools = TOOLS, json = json })
  return sent
end

local MODELS = {
  openai = {}, user = { system = "user" }, returned = { thoughts = "returned" }, text = { calls = "text" },
  text_user = { calls = "text", system = "user" }, gemini = { shape = "gemini" },
  anthropic = { shape = "anthropic" }, anthropic_text = { shape = "anthropic", calls = "text" },
  anthropic_user = { shape = "anthropic", system = "user" },
}
for name, model in pairs(MODELS) do
  model.name, model.model, model.base_url = name, "gemini-3-pro", "http://127.0.0.1:1/v1"
end

local function message(fields) return cjson.encode(fields) end

local function begun()
  return { message({ role = "system", content = "rules" }), message({ role = "user", content = "card" }) }
end

local function calling(id, arguments)
  return { id = id, type = "function", ["function"] = { name = "f", arguments = arguments } }
end

local function result(id, text)
  return message({ role = "tool", tool_call_id = id, content = text })
end

-- What a turn may add to its conversation: calls, some with a result that comes late, thoughts of its model
-- and of others.
local late
local function grow(messages, n)
  local what = math.random(6)
  messages[#messages + 1], late = late, nil
  if what == 1 then
    messages[#messages + 1] = message({ role = "user", content = "nudge " .. n })
  elseif what == 2 then
    messages[#messages + 1] = message({ role = "assistant", content = "words " .. n })
  else
    local calls, apart = {}, nil
    for i = 1, math.random(3) do
      calls[i] = calling("c" .. math.random(n), i == 3 and "broken" or "{}")
    end
    if what == 3 then
      apart = { by = (math.random(2) == 1 and "openai" or "anthropic") .. " gemini-3-pro",
        said = { { reasoning = "thought", signature = "s" }, { text = 1 } } }
    end
    local fields = { apart = apart, role = "assistant", content = "x" .. n, tool_calls = calls }
    messages[#messages + 1] = message(fields)
    for i = 1, #calls do
      late = result(calls[i].id, "result " .. n .. "." .. i)
      if i < #calls or what ~= 4 then
        messages[#messages + 1], late = late, nil
      end
    end
  end
end

local M = {}

function M.compares_requests()
  local differing, compared = {}, 0
  for seed = 1, 40 do
    math.randomseed(seed)
    local messages = begun()
    for n = 1, 12 do
      grow(messages, n)
      if math.random(8) == 1 then
        messages[math.random(#messages)] = message({ role = "user", content = "instead" })
      elseif math.random(8) == 1 then
        messages[#messages] = nil
      end
      for name, model in pairs(MODELS) do
        local json = math.random(4) == 1 and '{"type":"object"}' or nil
        compared = compared + 1
        local other = table.move(messages, 1, #messages, 1, {})
        if body(model, messages, json) ~= body(model, other, json) then
          differing[name] = seed
        end
      end
    end
  end
  print(cjson.encode({ differing = next(differing) and differing or false, compared = compared }))
end

function M.counts_decoded()
  local most = {}
  for name, model in pairs(MODELS) do
    local messages = begun()
    for n = 1, 30 do
      local id = "c" .. n
      local fields = { role = "assistant", content = "", tool_calls = { calling(id, "{}") } }
      messages[#messages + 1] = message(fields)
      messages[#messages + 1] = result(id, "result")
      decoded = 0
      body(model, messages)
      most[name] = n > 1 and math.max(most[name] or 0, decoded) or nil
    end
  end
  print(cjson.encode(most))
end

return M
