-- push_policy.lua: `remotes.NAME.push = "done"`: the branch of an epic that is done is pushed by itself. Each
-- outcome is recorded in the name of the rule. A push that failed fails nothing else: a person (`orket push`)
-- or the next `orket run` does it again.

local async = require("orket.async")
local errors = require("orket.errors")
local push = require("orket.repository.push")
local tables = require("orket.util.tables")

local M = {}

---@class Pushed
---@field card string
---@field remote string
---@field message string
---@field error Error|nil

local function rule_of(name)
  return "remotes." .. name .. ".push"
end

local function remotes_of(project)
  local names = {}
  for _, name in ipairs(tables.keys(project.config.organization.remotes or {})) do
    names[#names + 1] = project.config.organization.remotes[name].push == "done" and name or nil
  end
  return names
end

-- It has something of its own for the repository that it came from.
local function has_work(store, epic)
  return #store:read("source", { tree = epic }) > 0 and #store:read("tree_merges", { tree = epic }) > 0
end

-- The commit that each remote was last given, while it is at the same place.
local function known(project, epic)
  local commits = {}
  for _, row in ipairs(project.store:read("pushes", { card = epic })) do
    local remote = project.config.organization.remotes[row.remote]
    local is_there = row.kind == "branch.pushed" and remote and remote.url == row.url
    commits[row.remote] = is_there and row.commit or nil
  end
  return commits
end

local function record_failure(project, epic, name, commit, err)
  local tx = project.board:begin()
  tx:event("branch.unpushed", epic, { remote = name, url = project.config.organization.remotes[name].url,
    commit = commit, rule = rule_of(name), code = err.code, message = err.message, fix = err.fix })
  return errors.check(async.await(tx.commit, tx))
end

local function failed(project, epic, name, commit, err)
  local ok, why = record_failure(project, epic, name, commit, err)
  return { card = epic, remote = name, error = ok and err or why,
    message = ("%s is not pushed to %s"):format(epic, name) }
end

local function send(project, work, name)
  local answer, err = work:send(name, function()
    return project.board:begin()
  end, rule_of(name))
  return answer or failed(project, work.card.id, name, work.branch.head, err)
end

---Pushes what is done to the remotes whose rule says so and that do not have it.
---@param project table opened as owner, its board open
---@param epic string every card of which is done
---@return Pushed[]
function M.settle(project, epic)
  local names, pushes = remotes_of(project), {}
  if #names == 0 or not has_work(project.store, epic) then
    return pushes
  end
  local work <close>, err = push.open(project, epic)
  local commits = known(project, epic)
  for _, name in ipairs(names) do
    if not work then
      pushes[#pushes + 1] = failed(project, epic, name, nil, err)
    elseif commits[name] ~= work.branch.head then
      pushes[#pushes + 1] = send(project, work, name)
    end
  end
  return pushes
end

---The pushes that failed last, of epics that are done.
---@param store Store
---@return {card: string, seq: integer, remote: string, body: table}[]
function M.failures(store)
  local rows = {}
  for _, row in ipairs(store:read("pushes", {})) do
    rows[#rows + 1] = row.kind == "branch.unpushed" and row or nil
  end
  return rows
end

return M
