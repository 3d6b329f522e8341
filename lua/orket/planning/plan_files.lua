-- plan_files.lua: the card files of plans that a person took. That they are taken, and their cards, is in the
-- journal in one commit; the files follow from it: fixtures, epics, and the rock at last, so that none names
-- what is not there. Whoever was interrupted in between is finished by the next owner of the project. A file
-- that is there is never written over.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local ORDER = { verification = 1, epics = 2, rocks = 3 }

local function rank(path)
  return ORDER[path:match("^config/(%l+)/") or path:match("^(%l+)/")] or 0
end

---The order in which files are written.
---@param files {path: string}[]
---@return {path: string}[] files the same, sorted
function M.sort(files)
  table.sort(files, function(a, b)
    if rank(a.path) ~= rank(b.path) then
      return rank(a.path) < rank(b.path)
    end
    return a.path < b.path
  end)
  return files
end

local function write_one(project, file)
  local bytes, err = errors.check(project.store:blob(file.blob))
  if not bytes then
    return nil, err
  end
  local ok, message, code, fix = project.root:add(file.path, bytes)
  if not ok and code ~= "ERR_EXISTS" then
    return errors.check(nil, message, code, fix)
  end
  return true
end

local function write(project, plan)
  for _, file in ipairs(plan.files) do
    local ok, err = write_one(project, file)
    if not ok then
      return nil, err
    end
  end
  local tx = project.store:stream({ run = "board", turn = 0, actor = "system", role = "system" }):begin()
  tx:event("plan.written", plan.card, { plan = plan.seq })
  return errors.check(async.await(tx.commit, tx))
end

-- What a write that was killed left behind under another name.
local function sweep(project)
  for _, folder in ipairs({ "verification", "config/epics", "config/rocks" }) do
    project.root:walk(folder)
  end
end

---Writes what is not there yet.
---@param project table opened as owner
---@return any|nil ok
---@return Error|nil
function M.settle(project)
  local open = project.store:read("plans_open", {})
  if #open > 0 then
    sweep(project)
  end
  for _, plan in ipairs(open) do
    local ok, err = write(project, plan)
    if not ok then
      return nil, err
    end
  end
  return true
end

return M
