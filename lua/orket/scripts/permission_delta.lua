-- permission_delta.lua: what a generation of scripts makes possible that the one before it did not: role by
-- status by tool by argument class. Roles, tools, schemas and limits are compared as they are, which is
-- exact; a changed text that may allow more is a row of its own, for a person to read. Empty: it can do no
-- more, and serves without a question to a person.

local tables = require("orket.util.tables")
local policy_delta = require("orket.scripts.permission_delta.policy_delta")
local policy = require("orket.governance.policy")
local route_delta = require("orket.scripts.permission_delta.route_delta")
local tool_delta = require("orket.scripts.permission_delta.tool_delta")

local M = {}

local STATUSES = { "in_progress", "code_review" } -- of a tool that says none

local function statuses_of(tool)
  return tool.about.statuses or STATUSES
end

-- ---- roles and tools ----

-- Why the role could not use the tool in this status before; nil when it could.
local function barred(before, role, tool, status)
  local had = before.roles[role]
  if not had then
    return "gate.role.unknown", "the role " .. role .. " is new"
  elseif not before.tools[tool] then
    return "gate.tool.unknown", "the tool " .. tool .. " is new"
  elseif not tables.has(had.about.tools, tool) then
    return "gate.role.tool", role .. " did not have it"
  elseif not tables.has(statuses_of(before.tools[tool]), status) then
    return "gate.card.status", "it was not for cards that are " .. status
  end
end

local function add_pair(rows, before, after, role, tool, places)
  for _, status in ipairs(statuses_of(after.tools[tool])) do
    local rule, why = barred(before, role, tool, status)
    if rule then
      rows[#rows + 1] = { role = role, status = status, tool = tool, arguments = "any", was = "deny",
        now = "allow", rule = rule, why = why }
    end
    for _, place in ipairs(not rule and places or {}) do
      rows[#rows + 1] = {
        role = role, status = status, tool = tool, arguments = place.arguments, was = "deny", now = "allow",
        why = place.why,
      }
    end
  end
end

local function law_rows(before, after, asked)
  local rows, places = {}, tool_delta.wider(before, after, asked)
  for _, role in ipairs(tables.keys(after.roles)) do
    for _, tool in ipairs(after.roles[role].about.tools) do
      if after.tools[tool] then
        add_pair(rows, before, after, role, tool, places[tool])
      end
    end
  end
  return rows
end

-- ---- all of it ----

local function chosen(generation, process, kind)
  return generation.nodes[process[kind .. "_node"] or kind]
end

local function policy_rows(before, after, process)
  local asked, asks = policy.of(before, chosen(before, process, "policy")),
    policy.of(after, chosen(after, process, "policy"))
  if not asks then -- nothing is allowed at all
    return {}
  elseif not asked then
    return { { policy = "nodes/policy.lua", was = "deny", now = "allow",
      why = "the policy that the organization chose was not there" } }
  end
  return policy_delta.rows(asked, asks)
end

-- Which decisions are given to whom, and by whom: roles that hand on, and the nodes that choose.
local function choice_rows(before, after, config)
  local rows = {}
  local function add(more)
    table.move(more, 1, #more, #rows + 1, rows)
  end
  for _, name in ipairs(tables.keys(after.roles)) do
    if before.roles[name] then
      add(route_delta.role(before.roles[name], after.roles[name]))
    end
  end
  local process = config.organization.process_rules
  for kind, delta in pairs({ router = route_delta.router, models = route_delta.models,
    loop = route_delta.loop }) do
    local was, now = chosen(before, process, kind), chosen(after, process, kind)
    if was and now and was.text ~= now.text then
      add(delta({ was = was, now = now, config = config }))
    end
  end
  return rows
end

---@class PermissionRow
---@field role string?
---@field status string?
---@field tool string?
---@field arguments string?
---@field policy string?
---@field script string?
---@field was string
---@field now string
---@field why string

---What becomes possible with a generation.
---@param before table generation
---@param after table generation
---@param config table of the project
---@return PermissionRow[]
function M.rows(before, after, config)
  local process = config.organization.process_rules
  local rows = law_rows(before, after, policy.of(before, chosen(before, process, "policy")))
  for _, more in ipairs({ policy_rows(before, after, process), choice_rows(before, after, config) }) do
    table.move(more, 1, #more, #rows + 1, rows)
  end
  return rows
end

return M
