-- templates.lua: what `orket new` writes: the smallest script or card of each kind that is right, with its
-- next step.

local embed = require("orket.core.embed")

local M = {}

local ROLE = [==[
-- @NAME.lua: says who the model is and what may be offered to it (docs/roles.md).

local IDENTITY = [[You are @NAME. Say here, in a few sentences, who that is and what good work is.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "@NAME",
  description = "What this role does, in a sentence.",
  tools = {
    "read_file", "write_file", "edit_file", "list_directory", "search_files", "update_issue_status",
    "request_excuse",
  },
  prompt = prompt,
  route = brief.hand_over,
  self_test = function()
    brief.check(prompt)
  end,
}
]==]

local TOOL = [==[
-- @NAME.lua: what the model may ask for, and what it performs (docs/tools.md).

local function run(args)
  local text, failure = fs.read(args.path)
  if not text then
    return { error = failure }
  end
  local _, lines = text:gsub("\n", "")
  return { lines = lines }
end

return {
  name = "@NAME",
  description = "Count the lines of a file.", -- what the model reads
  operations = { "fs.read" }, -- what run may perform; anything else is denied
  schema = {
    type = "object",
    properties = { path = { type = "string", format = "path" } },
    required = { "path" },
    additionalProperties = false,
  },
  run = run,
}
]==]

local POLICY = [==[
-- @NAME.lua: may deny a call, or ask a person, after the gate has allowed it (docs/policies.md).

local function decide(call)
  for _, path in ipairs(call.paths) do
    if path:find("^vendor/") and call.tool ~= "read_file" then
      return { decision = "deny", rule = "@NAME", why = path .. " is not edited here",
        fix = "wrap it instead" }
    end
  end
end

return { node = "policy", decide = decide }
]==]

local EPIC = [==[
{
  "name": "@NAME",
  "description": "What comes out of this epic, in a sentence.",
  "team": "@TEAM",
  "environment": "@ENVIRONMENT",
  "issues": [
    {
      "id": "@NAME-1",
      "name": "The first piece of work",
      "seat": "@SEAT",
      "description": "What is wanted, and why.",
      "requirements": ["One line for each thing that has to be true at the end."]
    }
  ]
}
]==]

---@class Template
---@field path string of the file, with @NAME
---@field text string with @NAME, and for an epic @TEAM, @ENVIRONMENT and @SEAT
---@field next string what to do then

---@type table<string, Template>
M.kinds = {
  role = { path = "roles/@NAME.lua", text = ROLE, next = 'give a seat of config/teams/ the role "@NAME"' },
  tool = { path = "tools/@NAME.lua", text = TOOL,
    next = 'add "@NAME" to the tools of a role in roles/ (orket script copy roles/coder.lua)' },
  policy = { path = "nodes/policy/@NAME.lua", text = POLICY,
    next = "orket policy status shows that it serves" },
  node = { path = "nodes/@NAME.lua",
    next = 'choose it: "process_rules": {"@KIND_node": "@NAME"} in config/organization.json' },
  epic = { path = "config/epics/@NAME.json", text = EPIC, next = "orket run @NAME" },
}

---The kinds of decision nodes.
---@return string[]
function M.nodes()
  return { "planner", "router", "evaluator", "prompts", "models", "loop", "memory" }
end

---A decision node begins as a copy of the shipped one.
---@param kind string planner, router, evaluator, prompts, models, loop or memory
---@return string|nil text
function M.node(kind)
  return kind ~= "policy" and kind:find("^%l+$") and embed.read("nodes/" .. kind .. ".lua") or nil
end

---@param text string
---@param values table<string, string>
---@return string
function M.fill(text, values)
  return (text:gsub("@(%u+)", values))
end

return M
