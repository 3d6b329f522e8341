-- structured_bodies.lua: requests of every API for a reply of a schema, printed as they would be sent.

local cjson, llm = require("cjson"), require("orket.llm.client")
local CLOSED = '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}'
local SOME = '{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}'
local OPEN = '{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"required":["a"]}'
local TOOLS = '[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]'
local function sent(model, json, tools)
  model.model = model.model or "m"
  model.base_url = model.base_url or "http://127.0.0.1:1/v1"
  local body
  require("orket.async").main(function()
    local caught = { over = function() return function(request)
      body = cjson.decode(table.concat(request.body))
      return nil, { code = "ERR_CANCELED" }
    end end }
    llm.new(nil, caught).complete({ model = model, json = json, tools = tools,
      messages = { '{"content":"Be brief.","role":"system"}', '{"content":"hi","role":"user"}' } })
    return 0
  end)
  local format = body.response_format or (body.output_config or {}).format
    or (body.generationConfig or {}).responseJsonSchema
  return { format = format or false, text = cjson.encode(body) }
end
local OPENAI = "https://api.openai.com/v1"
print(cjson.encode({
  closed = sent({}, CLOSED), some = sent({}, SOME), open = sent({}, OPEN), beside = sent({}, CLOSED, TOOLS),
  none = sent({}, CLOSED, "[]"),
  theirs = sent({ base_url = OPENAI }, CLOSED, TOOLS), always = sent({ json = "always" }, CLOSED, TOOLS),
  never = sent({ json = "never" }, CLOSED),
  written = sent({ calls = "text", json = "always" }, CLOSED, TOOLS),
  claude = sent({ shape = "anthropic" }, CLOSED, TOOLS), claude_open = sent({ shape = "anthropic" }, OPEN),
  claude_alone = sent({ shape = "anthropic", json = "alone" }, CLOSED, TOOLS),
  gemini = sent({ shape = "gemini", model = "gemini-2.5-pro" }, OPEN),
  gemini_beside = sent({ shape = "gemini", model = "gemini-2.5-pro" }, OPEN, TOOLS),
  gemini_3 = sent({ shape = "gemini", model = "gemini-3-pro" }, OPEN, TOOLS),
}))
