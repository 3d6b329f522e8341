-- objection.lua: what stands against a proposal: it is held against the project as its card files would be
-- (the code is that of `orket validate`), and against the cards and files that are there already.

local config = require("orket.project.config")
local draft = require("orket.planning.draft")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local problem_list = require("orket.project.config.problem_list")

local M = {}

local TOLD = 20 -- faults of one proposal

---Which of its ids, and of the names of its files, are not free.
---@param project table opened
---@param store table
---@param files table<string, string> texts by path
---@param cards {id: string}[]
---@return string[] faults
function M.taken(project, store, files, cards)
  local faults = {}
  for _, path in ipairs(tables.keys(files)) do
    local kind, message, code = project.root:kind(path)
    if kind or code ~= "ERR_NOT_FOUND" then
      faults[#faults + 1] = path .. ": " .. (kind and "there is such a file already (another id)" or message)
    end
  end
  for _, card in ipairs(cards) do
    if store:read("card_state", { id = card.id })[1] then
      faults[#faults + 1] = "the id '" .. card.id .. "' is taken by a card on the board (another id)"
    end
  end
  return faults
end

local function invalid(project, files, faults)
  local _, found = config.read(project.dir, files)
  for _, problem in ipairs(found.errors) do
    faults[#faults + 1] = problem.file .. problem.path .. ": " .. problem_list.line(problem)
      .. (problem.fix and " (" .. problem.fix .. ")" or "")
  end
end

local function told(faults)
  local lines = {}
  for i, fault in ipairs(faults) do
    if i > TOLD then
      lines[i] = "and " .. #faults - TOLD .. " more"
      break
    end
    lines[i] = fault
  end
  return table.concat(lines, "\n")
end

local function refusal(rule, faults, fix)
  return #faults > 0 and { decision = "deny", rule = rule, why = told(faults), fix = fix } or nil
end

-- How many issues an epic of a plan may have.
local function most_of(project)
  local rules = project:process()
  local most = (rules.planning or {}).issues or draft.EPIC_MOST
  return math.min(most, (rules.limits or {}).issues or most)
end

---@param project table opened
---@param store table
---@param plan table the operation plan.make, of the right shape
---@param about table see draft.files
---@return GateVerdict|nil refusal
function M.of(project, store, plan, about)
  local faults = draft.faults(plan, most_of(project))
  if #faults > 0 then
    return refusal("plan.invalid", faults, "fix all of it, then call again with the whole plan")
  end
  local files = draft.files(plan, about)
  faults = M.taken(project, store, files, config.cards(config.of_files(files)))
  if #faults > 0 then
    return refusal("plan.taken", faults, "choose other ids, then call again with the whole plan")
  end
  invalid(project, files, faults)
  return refusal("plan.invalid", faults, "fix all of it, then call again with the whole plan")
end

---The same as an error, for people.
---@param found GateVerdict
---@return Error
function M.error(found)
  return errors.new("ERR_PLAN", "the plan does not hold (" .. found.rule .. "):\n  "
    .. found.why:gsub("\n", "\n  "),
    "say what should be otherwise with orket plan --change, or give it up with orket plan --drop")
end

return M
