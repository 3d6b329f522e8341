-- prompts.lua: the first messages of a conversation, from what the role wrote.

---@param view table
---@param prompt {system: string?, user: string?}
---@return {role: string, content: string}[]
local function build(_, prompt)
  local messages = {}
  for _, role in ipairs({ "system", "user" }) do
    if prompt[role] then
      messages[#messages + 1] = { role = role, content = prompt[role] }
    end
  end
  return messages
end

local function self_test()
  local messages = build({}, { system = "s", user = "u" })
  assert(messages[1].role == "system" and messages[2].content == "u")
  assert(build({}, { user = "u" })[1].role == "user")
end

return { node = "prompts", build = build, self_test = self_test }
