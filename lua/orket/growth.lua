-- growth.lua: what a generation of scripts makes possible that the one before it did not: role by status by tool
-- by argument class. Roles, tools and schemas are compared as they are, which is exact; policies are asked about
-- samples (growth/policies.lua). Empty: it can do no more, and serves without anybody being asked.

local embed = require("orket.core.embed")
local list = require("orket.list")
local policies = require("orket.growth.policies")
local policy = require("orket.policy")
local tools = require("orket.growth.tools")

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
  elseif not list.has(had.about.tools, tool) then
    return "gate.role.tool", role .. " did not have it"
  elseif not list.has(statuses_of(before.tools[tool]), status) then
    return "gate.card.status", "it was not for cards that are " .. status
  end
end

local function add_pair(rows, before, after, role, tool, places)
  for _, status in ipairs(statuses_of(after.tools[tool])) do
    local rule, why = barred(before, role, tool, status)
    if rule then
      rows[#rows + 1] = { role = role, status = status, tool = tool, arguments = "any", was = "deny", now = "allow", rule = rule, why = why }
    end
    for _, place in ipairs(not rule and places or {}) do
      rows[#rows + 1] = {
        role = role, status = status, tool = tool, arguments = place.arguments, was = "deny", now = "allow", why = place.why,
      }
    end
  end
end

local function law_rows(before, after, asked)
  local rows, places = {}, tools.wider(before, after, asked)
  for _, role in ipairs(list.keys(after.roles)) do
    for _, tool in ipairs(after.roles[role].about.tools) do
      if after.tools[tool] then
        add_pair(rows, before, after, role, tool, places[tool])
      end
    end
  end
  return rows
end

-- ---- all of it ----

local function chosen(generation, process)
  return generation.nodes[process.policy_node or "policy"]
end

---What becomes possible with a generation. In a task: many samples are looked at in pieces.
---@param before table generation
---@param after table generation
---@param process table process_rules of the organization
---@param recorded table[] calls of the journal {role, tool, arguments}
---@return {role: string?, status: string?, tool: string?, arguments: string?, policy: string?, was: string, now: string, why: string}[]
function M.rows(before, after, process, recorded)
  local asked, asks = policy.of(before, chosen(before, process)), policy.of(after, chosen(after, process))
  local rows = law_rows(before, after, asked)
  if not asks then -- nothing is allowed at all
    return rows
  elseif not asked then
    rows[#rows + 1] = { policy = "nodes/policy.lua", was = "deny", now = "allow", why = "the policy that the organization chose was not there" }
    return rows
  end
  local more = policies.delta(after, policies.changed(asked, asks), {
    house = process.gate, recorded = recorded, shipped = embed.read,
  })
  return table.move(more, 1, #more, #rows + 1, rows)
end

return M
