-- apply.lua: what a card or an epic changed, applied to files of a person's own, three ways per file: as the
-- change stands against it, as it was made, and as the person has it. All of it or nothing: a file that both
-- changed in the same place leaves everything as it was.

local errors = require("orket.errors")
local git_names = require("orket.repository.git_names")
local merge = require("orket.core.merge")

local M = {}

local FILE_MAX = 64 * 1024 * 1024
local NAMED_MAX = 10 -- conflicts that a message names

-- What Orket itself reads of a project: no agent's work reaches it in this way.
local GOVERNING = { config = true, roles = true, nodes = true, tools = true, verification = true,
  workspace = true, [".orket"] = true }

---@class AppliedFile
---@field path string
---@field action "added"|"changed"|"merged"|"deleted"
---@field before string|nil bytes that the person has there; nil: no file
---@field after string|nil bytes that it gets; nil: it goes

---@class ApplyPlan
---@field files AppliedFile[]
---@field same integer files that the person has so already
---@field conflicts {path: string, why: string}[]

-- ---- what may be written ----

local function governs(home, place, path)
  local whole = place .. "/" .. path
  local name = whole:sub(1, #home + 1) == home .. "/" and whole:sub(#home + 2):match("^[^/]+")
  return name and GOVERNING[name] or false
end

-- Why a path is not for this command; nil when it is.
local function objection(home, place, path)
  if git_names.is_among(path) then
    return "git keeps its own files under this name"
  elseif governs(home, place, path) then
    return "it governs the project itself: read it, and copy it yourself"
  end
end

-- ---- the plan ----

local NO_FILE = { ERR_NOT_FOUND = true, ERR_NOT_DIR = true }

-- The bytes that the person has; nil where no file is.
local function own_bytes(root, path)
  local bytes, message, code, fix = root:read(path, FILE_MAX)
  if bytes or NO_FILE[code] then
    return bytes
  end
  return errors.check(nil, message, code, fix)
end

local function both_changed(plan, path, sides)
  local text, conflicts, is_whole
  if sides.base and sides.own and sides.made then
    text, conflicts, is_whole = merge.text(sides.base, sides.own, sides.made)
  end
  if text and conflicts == 0 then
    plan.files[#plan.files + 1] = { path = path, action = "merged", before = sides.own, after = text }
    return
  end
  local why = "both changed the same lines"
  if not sides.own then
    why = "it was changed, and you have no such file"
  elseif not sides.made then
    why = "it was deleted, and yours is another one"
  elseif not sides.base then
    why = "it is new, and you have another file there"
  elseif is_whole then
    why = "both changed it, and it is no text"
  end
  plan.conflicts[#plan.conflicts + 1] = { path = path, why = why }
end

local function action_of(sides)
  if not sides.own then
    return "added"
  end
  return sides.made and "changed" or "deleted"
end

-- base: what the change stands against; made: what became of it; own: what the person has.
local function meet(plan, path, sides)
  if sides.own == sides.made then
    plan.same = plan.same + 1
  elseif sides.own == sides.base then
    plan.files[#plan.files + 1] = { path = path, action = action_of(sides), before = sides.own,
      after = sides.made }
  else
    both_changed(plan, path, sides)
  end
end

local function sides_of(state, root, change)
  local sides, err = {}, nil
  if change.base then
    sides.base, err = state:bytes(change.base)
  end
  if change.blob and not err then
    sides.made, err = state:bytes(change.blob)
  end
  if not err then
    sides.own, err = own_bytes(root, change.path)
  end
  return not err and sides or nil, err
end

local function ancestors(path, fn)
  local at = path:find("/", 1, true)
  while at do
    fn(path:sub(1, at - 1))
    at = path:find("/", at + 1, true)
  end
end

-- Files that stand in the way of others go first, the others last: what is written is taken back with its
-- mode, what was deleted is not.
local function in_order(files)
  local taken, is_directory = {}, {}
  for _, file in ipairs(files) do
    if file.after then
      taken[file.path] = true
      ancestors(file.path, function(above) is_directory[above] = true end)
    end
  end
  local order = { {}, {}, {} }
  for _, file in ipairs(files) do
    local place = is_directory[file.path] and 1 or 3
    place = file.after and 2 or place
    ancestors(file.path, function(above) place = taken[above] and 1 or place end)
    table.insert(order[place], file)
  end
  for i = 2, 3 do
    table.move(order[i], 1, #order[i], #order[1] + 1, order[1])
  end
  return order[1]
end

---What applying would do; nothing is written.
---@param state TreeState
---@param root FsRoot of the person's directory
---@param home string absolute path of the project's directory
---@return ApplyPlan|nil
---@return Error|nil of reading
function M.plan(state, root, home)
  local plan, place = { files = {}, same = 0, conflicts = {} }, root:path()
  for _, change in ipairs(state.changes) do
    local why = objection(home, place, change.path)
    local sides, err
    if not why then
      sides, err = sides_of(state, root, change)
    end
    if sides then
      meet(plan, change.path, sides)
    elseif why then
      plan.conflicts[#plan.conflicts + 1] = { path = change.path, why = why }
    else
      return nil, errors.new(err.code, change.path .. ": " .. err.message, err.fix)
    end
  end
  plan.files = in_order(plan.files)
  return plan
end

---The error of a plan that has conflicts.
---@param plan ApplyPlan
---@return Error
function M.refusal(plan)
  local named = {}
  for i = 1, math.min(#plan.conflicts, NAMED_MAX) do
    named[i] = plan.conflicts[i].path .. " (" .. plan.conflicts[i].why .. ")"
  end
  local more = #plan.conflicts > NAMED_MAX and ", and " .. #plan.conflicts - NAMED_MAX .. " more" or ""
  return errors.new("ERR_CONFLICT", "nothing is changed: " .. table.concat(named, ", ") .. more,
    "orket branch EPIC writes the work as commits, which git merge merges with markers")
end

-- ---- writing ----

-- Directories that a deleted file leaves empty go, as git does it.
local function delete(root, path)
  local ok, err = errors.check(root:delete(path))
  local above = path:match("^(.*)/[^/]*$")
  while ok and above and root:delete(above) do
    above = above:match("^(.*)/[^/]*$")
  end
  return ok, err
end

local function put(root, path, bytes)
  if bytes then
    return errors.check(root:write(path, bytes))
  end
  return delete(root, path)
end

-- What was written so far is as it was before.
local function take_back(root, files, count)
  for i = count, 1, -1 do
    local ok, err = put(root, files[i].path, files[i].before)
    if not ok then
      return err
    end
  end
end

---Writes what was planned, all of it or nothing.
---@param root FsRoot
---@param plan ApplyPlan without conflicts
---@return boolean|nil ok
---@return Error|nil
function M.write(root, plan)
  for i, file in ipairs(plan.files) do
    local ok, err = put(root, file.path, file.after)
    if not ok then
      local failed = take_back(root, plan.files, i - 1)
      local rest = "; nothing is changed"
      if failed then
        rest = "; and what was written cannot be taken back: " .. failed.message
      end
      return nil, errors.new(err.code, file.path .. ": " .. err.message .. rest, err.fix)
    end
  end
  return true
end

return M
