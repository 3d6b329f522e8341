-- our_requests.lua: requests as this program would send them, for a comparison with those of the official
-- clients.

local cjson, providers = require("cjson"), require("orket.llm.providers")
local function call(id, path)
  return { id = id, type = "function", ["function"] = { name = "read",
    arguments = cjson.encode({ path = path }) } }
end
local messages = {
  { role = "system", content = "You are a coder." }, { role = "user", content = "Do it." },
  { role = "assistant", content = "I look.", tool_calls = { call("a", "1"), call("b", "2") } },
  { role = "tool", tool_call_id = "a", content = "one" },
  { role = "tool", tool_call_id = "b", content = "two" },
}
for i, message in ipairs(messages) do messages[i] = cjson.encode(message) end
local tools = cjson.encode({ { type = "function", ["function"] = { name = "read", description = "reads",
  parameters = { type = "object", properties = { path = { type = "string" } }, required = { "path" } } } } })
local answer = {}
for name, model in pairs({ openai = { base_url = "/v1" },
  anthropic = { base_url = "", headers = { ["anthropic-version"] = "2023-06-01" } },
  gemini = { base_url = "" } }) do
  model.shape, model.model, model.max_tokens, model.temperature, model.stop = name, "m", 99, 0.5, { "END" }
  local provider = providers.of(model)
  for _, way in ipairs({ "", "_whole" }) do
    local request = { messages = messages, tools = tools, tool_choice = "required", stream = way == "" }
    answer[name .. way] = { method = "POST", target = providers.address(provider, model, request),
      body = cjson.decode(table.concat(provider.body(model, request))) }
  end
end
print(cjson.encode(answer))
