-- merge_preview.lua: a card's tree follows the epic's, so that a test of it is one of what its merge makes:
-- the files that others merged come into it, and its own changes are merged with theirs.

local disk = require("orket.workspace.disk")
local merging = require("orket.workspace.merge.merging")
local tree_head = require("orket.workspace.merge.tree_head")

local M = {}

---@class Followed
---@field changes table[] of the card's tree, as merging has them
---@field conflicts table[]
---@field state string of the epic's tree
---@field bytes table<string, string> of merges that are being committed

local function head_of(tree)
  return tree_head.of(tree.project, tree.store, tree.epic, tree.seed, tree.seed_labels)
end

---What the card's tree lacks of what its merge would make of the epic's tree as it is now. Nothing is
---written.
---@param tree table
---@return Followed|nil
---@return Error|nil
function M.behind(tree)
  local head = head_of(tree)
  local followed, err = tree_head.settled(tree.project, function() return merging.follow(tree, head) end)
  if followed then
    followed.state, followed.bytes = head.state, head.bytes
  end
  return followed, err
end

---Whether the epic's tree has changed since.
---@param tree table
---@param followed Followed
---@return boolean
function M.has_moved(tree, followed)
  return head_of(tree).state ~= followed.state
end

local function lay(tree, followed)
  for _, change in ipairs(followed.changes) do
    local bytes, err = change.bytes, nil
    if change.blob and not bytes then
      bytes, err = disk.bytes(tree.store, change.blob, followed.bytes)
    end
    local ok = not err
    if ok then
      ok, err = disk.put(tree.root, change.path, bytes)
    end
    if not ok then
      return nil, err
    end
    tree.files[change.path], tree.made[change.blob or ""] = change.blob, bytes
  end
  return true
end

---Puts what it lacks into its directory, for a verification; record() makes it the card's.
---@param tree table
---@param followed Followed without conflicts
---@return boolean|nil ok
---@return Error|nil
function M.lay(tree, followed)
  return tree_head.settled(tree.project, function() return lay(tree, followed) end)
end

---What was put into its directory is the card's from here on.
---@param tree table
---@param followed Followed
---@param tx StoreTx
function M.record(tree, followed, tx)
  for _, change in ipairs(followed.changes) do
    if change.blob then
      tx:blob(tree.made[change.blob])
    end
    tree:record(tx, change.path, change.blob, change.base, change.labels)
  end
end

return M
