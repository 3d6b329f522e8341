-- prompts.lua: the first messages of a conversation, from what the role wrote.

---@param view table
---@param prompt {system: string, user: string}
---@return {role: string, content: string}[]
local function build(_, prompt)
  return {
    { role = "system", content = prompt.system },
    { role = "user", content = prompt.user },
  }
end

local function self_test()
  local messages = build({}, { system = "s", user = "u" })
  assert(messages[1].role == "system" and messages[2].content == "u")
end

return { node = "prompts", build = build, self_test = self_test }
