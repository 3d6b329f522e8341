-- draft.lua: what a proposal comes to: the card files that it would write, and what is wrong with it by
-- itself. Pure: the same proposal is the same files, whenever a person takes it.

local cjson = require("cjson")
local card_export = require("orket.project.card_export")

local M = {}

local ISSUES_MOST = 300 -- of a plan; of one epic the organization says how many
M.EPIC_MOST = 30

local function array(value)
  return setmetatable(value, cjson.array_mt)
end

-- ---- the files ----

local function fixture_path(issue)
  return issue.id .. ".json"
end

local function verification_of(issue)
  local wanted = issue.verification
  if not wanted then
    return nil
  end
  return { fixture_path = wanted.fixture or fixture_path(issue) }
end

local function issue_of(issue, about)
  return {
    id = issue.id, name = issue.name, seat = issue.seat, description = issue.description,
    requirements = array(table.move(issue.requirements, 1, #issue.requirements, 1, {})),
    depends_on = issue.depends_on and array(table.move(issue.depends_on, 1, #issue.depends_on, 1, {})) or nil,
    priority = issue.priority, verification = verification_of(issue),
    outside = about.marks and array(about.marks),
  }
end

local function epic_of(epic, about)
  local issues = array({})
  for i, issue in ipairs(epic.issues) do
    issues[i] = issue_of(issue, about)
  end
  return {
    name = epic.name, description = epic.description, team = about.team, environment = about.environment,
    params = { plan = about.plan }, outside = about.marks and array(about.marks), issues = issues,
  }
end

local function rock_of(plan, about)
  local epics = array({})
  for i, epic in ipairs(plan.epics) do
    epics[i] = { epic = epic.id }
  end
  return {
    name = plan.name, description = plan.description, params = { plan = about.plan },
    outside = about.marks and array(about.marks), epics = epics,
  }
end

local function fixtures_of(epic, files)
  for _, issue in ipairs(epic.issues) do
    local wanted = issue.verification
    if wanted and wanted.argv then
      files["verification/" .. fixture_path(issue)] = card_export.pretty({ argv = array(wanted.argv),
        description = wanted.description })
    end
  end
end

---The files of a proposal.
---@param plan table the arguments of the operation plan.make
---@param about {plan: string, team: string, environment: string, marks: string[]?}
---@return table<string, string> texts by path
function M.files(plan, about)
  local files = { ["config/rocks/" .. plan.id .. ".json"] = card_export.pretty(rock_of(plan, about)) }
  for _, epic in ipairs(plan.epics) do
    files["config/epics/" .. epic.id .. ".json"] = card_export.pretty(epic_of(epic, about))
    fixtures_of(epic, files)
  end
  return files
end

-- ---- what is wrong with it by itself ----

local Faults = {}
Faults.__index = Faults

function Faults:add(where, what, fix)
  self[#self + 1] = where .. ": " .. what .. (fix and " (" .. fix .. ")" or "")
end

---Ids that the engine makes itself: builds, rounds and forks of cards, and plans.
---@param id string
---@return boolean
function M.is_reserved(id)
  return id:find("%-[brf]%d+$") ~= nil or id:upper():find("^PLAN%-%d+") ~= nil
    or id:upper():find("^CHAT%-%d+") ~= nil or id:find("%.%.") ~= nil
end

function Faults:id(where, id)
  if M.is_reserved(id) then
    self:add(where .. ".id", "'" .. id .. "' is a name that the program gives itself",
      "another one, without -b2, -r2, -f2, '..' or PLAN-1")
  elseif self.seen[id] then
    self:add(where .. ".id", "'" .. id .. "' is the id of " .. self.seen[id] .. " as well",
      "each card has its own")
  end
  self.seen[id] = self.seen[id] or where
end

function Faults:text(where, text)
  if not text:find("%S") then
    self:add(where, "it is empty", "say it, or leave the card out")
  end
end

function Faults:verification(where, wanted)
  if wanted and (wanted.argv == nil) == (wanted.fixture == nil) then
    self:add(where .. ".verification", "it is one command or one fixture", "give argv, or fixture")
  end
end

function Faults:issue(where, issue)
  self:id(where, issue.id)
  self:text(where .. ".name", issue.name)
  for i, line in ipairs(issue.requirements) do
    self:text(where .. ".requirements[" .. i - 1 .. "]", line)
  end
  self:verification(where, issue.verification)
end

function Faults:epic(where, epic, most)
  self:id(where, epic.id)
  self:text(where .. ".name", epic.name)
  if #epic.issues > most then
    self:add(where, "it has " .. #epic.issues .. " issues, an epic has at most " .. most,
      "split it into several epics")
  end
  for i, issue in ipairs(epic.issues) do
    self:issue(where .. ".issues[" .. i - 1 .. "]", issue)
  end
end

---What is wrong with a proposal by itself; the schema of the tool has approved its shape.
---@param plan table
---@param most integer issues of an epic
---@return string[] faults
function M.faults(plan, most)
  local faults, count = setmetatable({ seen = {} }, Faults), 0
  faults:id("the plan", plan.id)
  faults:text("the plan.name", plan.name)
  for i, epic in ipairs(plan.epics) do
    faults:epic("epics[" .. i - 1 .. "]", epic, most)
    count = count + #epic.issues
  end
  if count > ISSUES_MOST then
    faults:add("the plan", "it has " .. count .. " issues, " .. ISSUES_MOST .. " are the most",
      "plan less at once")
  end
  return table.move(faults, 1, #faults, 1, {})
end

return M
