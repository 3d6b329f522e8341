-- tree_head.lua: an epic's tree as this process knows it: everything merged so far, whether it is on the disk
-- already or on its way there. Merges follow one another in memory and are committed in the same order,
-- so no merge waits for another one's commit. When a commit fails, the head is forgotten and read anew;
-- the projection compares the state, so that nothing built on the failed merge can be committed.

local async = require("orket.async")
local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")

local M = {}

---@class TreeHead
---@field files table<string, string> the manifest
---@field labels table<string, string[]> of its files
---@field beneath table<string, integer> how many files lie beneath each directory
---@field state string hash over the merges so far
---@field bytes table<string, string> bytes of merged texts that are not committed yet

local function count(beneath, path, n)
  local at = path:find("/", 1, true)
  while at do
    local dir = path:sub(1, at - 1)
    local now = (beneath[dir] or 0) + n
    beneath[dir] = now ~= 0 and now or nil
    at = path:find("/", at + 1, true)
  end
end

---The head has this file now (blob), or no more (nil).
---@param head TreeHead
---@param path string
---@param blob string|nil
---@param labels string[]|nil
function M.put(head, path, blob, labels)
  head.labels[path] = labels
  local was, is = head.files[path] ~= nil, blob ~= nil
  if was ~= is then
    count(head.beneath, path, is and 1 or -1)
  end
  head.files[path] = blob
end

---The first of these changes that cannot be: a file where the head has a directory, or beneath a file.
---@param head TreeHead
---@param changes {path: string, blob: string|nil}[] together
---@return string|nil path
---@return string|nil other what is in its way
function M.clash(head, changes)
  local gone, beneath = {}, {}
  for _, change in ipairs(changes) do
    if not change.blob and head.files[change.path] then
      gone[change.path] = true
      count(beneath, change.path, -1)
    end
  end
  for _, change in ipairs(changes) do
    local path = change.path
    if change.blob and (head.beneath[path] or 0) + (beneath[path] or 0) > 0 then
      return path, path .. "/"
    end
    local at = change.blob and path:find("/", 1, true)
    while at do
      local above = path:sub(1, at - 1)
      if head.files[above] and not gone[above] then
        return path, above
      end
      at = path:find("/", at + 1, true)
    end
  end
end

---@param project table
---@param store table
---@param epic string
---@param seed table<string, string>
---@param seed_labels table<string, string[]>|nil
---@return TreeHead
function M.of(project, store, epic, seed, seed_labels)
  project.heads = project.heads or {}
  local head = project.heads[epic]
  if not head then
    local row = store:read("tree", { tree = epic })[1]
    head = { beneath = {}, state = row and row.hash or "", bytes = {} }
    head.files, head.labels = tree_files.over(store, epic, seed, seed_labels)
    for path in pairs(head.files) do
      count(head.beneath, path, 1)
    end
    project.heads[epic] = head
  end
  return head
end

---What reads the texts of a head. Those of a merge that is still being committed cannot be read yet: an empty
---commit comes after it.
---@generic T
---@param project table
---@param read fun(): T|nil, Error|nil
---@return T|nil
---@return Error|nil
function M.settled(project, read)
  local found, err = read()
  if found or err.code ~= "ERR_NOT_FOUND" then
    return found, err
  end
  local tx = project.board:begin()
  local ok
  ok, err = errors.check(async.await(tx.commit, tx))
  if not ok then
    return nil, err
  end
  return read()
end

---A commit failed, so that what the head says is no longer certain; or the epic's run is over.
---@param project table
---@param epic string
function M.forget(project, epic)
  (project.heads or {})[epic] = nil
end

return M
