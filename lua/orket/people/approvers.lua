-- approvers.lua: who may answer what agents ask. "people.approvals" of the organization says it by rule and
-- by epic; every entry that fits has to be met. Without one, every user who may act may answer.

local card_origin = require("orket.util.card_origin")
local errors = require("orket.errors")
local glob = require("orket.core.glob")
local reader = require("orket.project.reader")
local roster = require("orket.people.roster")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

-- ---- which entries ----

-- What is no pattern fits everything: a rule that cannot be read does not open a door.
local function fits(pattern, text)
  local is_fit, fault = glob.match(pattern or "*", text)
  return is_fit or fault ~= nil
end

-- A rule for an epic is one for its further builds and forks.
local function fits_epic(pattern, epic)
  local id = epic
  repeat
    if fits(pattern, id) then
      return true
    end
    id = card_origin.of(id)
  until not id
  return false
end

-- Those that are about this question.
local function entries_of(organization, row, epic)
  local list = {}
  for _, entry in ipairs((organization.people or {}).approvals or {}) do
    if fits(entry.rule, row.rule or "") and fits_epic(entry.epic, epic or "") then
      list[#list + 1] = entry
    end
  end
  return list
end

---The entries of "people.approvals", each with what stands where it says nothing.
---@param organization table
---@return {rule: string, epic: string, roles: string[]?, users: string[]?, approvers: integer,
---  requester: boolean}[] roles, users: nil: any user who may act
function M.rules(organization)
  local list = {}
  for i, entry in ipairs((organization.people or {}).approvals or {}) do
    list[i] = { rule = entry.rule or "*", epic = entry.epic or "*", roles = entry.roles, users = entry.users,
      approvers = entry.approvers or 1, requester = entry.requester == true }
  end
  return list
end

-- ---- who ----

local function is_named(entry, user)
  return not entry.roles and not entry.users or tables.has(entry.roles or {}, user.role)
    or tables.has(entry.users or {}, user.name)
end

-- A date is good to its end.
local function is_over(until_when)
  return sys.now() > (#until_when == 10 and until_when .. "T23:59:59Z" or until_when)
end

---Who stands in for whom.
---@param organization table
---@return {from: string, to: string, until: string, is_over: boolean}[]
function M.delegations(organization)
  local list = {}
  for i, one in ipairs((organization.people or {}).delegations or {}) do
    list[i] = { from = one.from, to = one.to, ["until"] = one["until"], is_over = is_over(one["until"]) }
  end
  return list
end

-- The users in whose place this one may stand now.
local function delegators(organization, users, name)
  local list = {}
  for _, one in ipairs((organization.people or {}).delegations or {}) do
    local from = users[one.from]
    if one.to == name and from and not from.disabled and not is_over(one["until"]) then
      list[#list + 1] = from
    end
  end
  return list
end

local function is_free(question, entry, name)
  return entry.requester == true or not question.requesters[name]
end

-- Whose yes this user's would be, for an entry: one's own, or of those in whose place one stands.
local function places(question, entry, user)
  if not user or user.disabled or not is_free(question, entry, user.name) then
    return {}
  elseif is_named(entry, user) then
    return { user.name }
  end
  local list = {}
  for _, from in ipairs(delegators(question.organization, question.users, user.name)) do
    if is_named(entry, from) and is_free(question, entry, from.name) then
      list[#list + 1] = from.name
    end
  end
  return list
end

local function may_all(question, user)
  for _, entry in ipairs(question.entries) do
    if #places(question, entry, user) == 0 then
      return false, entry
    end
  end
  return true
end

-- ---- why not ----

local function said(list, noun)
  if #list > 0 then
    return "the " .. noun .. (#list > 1 and "s " or " ") .. table.concat(list, ", ")
  end
end

local function wanted(entry)
  local parts = {}
  parts[#parts + 1] = said(entry.roles or {}, "role")
  parts[#parts + 1] = said(entry.users or {}, "user")
  return #parts > 0 and table.concat(parts, " or ") or "a user of the project"
end

local function refused(question, entry, who)
  local requester = question.requesters[who] and entry.requester ~= true
  local why = requester and who .. " began the run that asks, and does not answer for it"
    or who .. " is not the one to answer this"
  return errors.new("ERR_DENIED", why, ("%s may answer %s: \"people.approvals\" in config/organization.json")
    :format(wanted(entry), question.row.id))
end

-- ---- the question ----

local function question_of(project, row)
  local card = reader.card(project.store, row.card) or {}
  local organization = project.config.organization
  local requesters = {}
  for _, one in ipairs(project.store:read("run_people", { run = row.run })) do
    requesters[one.name] = true
  end
  local all = roster.read(project.store)
  return { row = row, organization = organization, users = all.users, yeses = all.yeses[row.id] or {},
    requesters = requesters, entries = entries_of(organization, row, card.epic or card.id) }
end

-- This one, and others who said yes and still may.
local function givers(question, who)
  local names = { who }
  for _, actor in ipairs(question.yeses) do
    local name = actor:match("^human:(.*)$")
    if name ~= who and may_all(question, question.users[name]) then
      names[#names + 1] = name
    end
  end
  return names
end

local function take(taken, list)
  for _, place in ipairs(list) do
    if not taken[place] then
      taken[place] = true
      return 1
    end
  end
  return 0
end

-- Of how many persons these yeses are, for an entry: one's own and one that was given in one's place are the
-- same person's. Who has the fewest places to take comes first.
local function persons(question, entry, names)
  local all, taken, count = {}, {}, 0
  for i, name in ipairs(names) do
    all[i] = places(question, entry, question.users[name])
  end
  table.sort(all, function(a, b) return #a < #b end)
  for _, list in ipairs(all) do
    count = count + take(taken, list)
  end
  return count
end

---May this name answer the question? A rule about approvals wants a user of the project: neither the
---administrator's key, nor a service, nor another account of this machine is one.
---@param project table opened as owner
---@param who string
---@param row table the question
---@return integer|nil more how many others have to say yes as well
---@return Error|nil ERR_DENIED
function M.check(project, who, row)
  local question = question_of(project, row)
  if #question.entries == 0 then
    return 0
  end
  local ok, entry = may_all(question, question.users[who])
  if not ok then
    return nil, refused(question, entry, who)
  end
  local names, more = givers(question, who), 0
  for _, one in ipairs(question.entries) do
    more = math.max(more, (one.approvers or 1) - persons(question, one, names))
  end
  return more
end

---The same where the answer is acted upon at once, by the process that asked.
---@param project table
---@param who string
---@param row table
---@return Error|nil
function M.check_alone(project, who, row)
  local more, err = M.check(project, who, row)
  if more and more > 0 then
    err = errors.new("ERR_DENIED", (more + 1) .. " persons have to say yes to " .. row.id,
      "each of them: orket approve " .. row.id)
  end
  return err
end

return M
