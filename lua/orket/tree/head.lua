-- head.lua: an epic's tree as this process knows it: everything merged so far, whether it is on the disk
-- already or on its way there. Merges follow one another in memory and are committed in the same order,
-- so no merge waits for another one's commit. When a commit fails, the head is forgotten and read anew;
-- the projection compares the state, so that nothing built on the failed merge can be committed.

local files = require("orket.tree.files")

local M = {}

---@class TreeHead
---@field files table<string, string> the manifest
---@field state string hash over the merges so far
---@field bytes table<string, string> bytes of merged texts that are not committed yet

---@param project table
---@param store table
---@param epic string
---@param seed table<string, string>
---@return TreeHead
function M.of(project, store, epic, seed)
  project.heads = project.heads or {}
  local head = project.heads[epic]
  if not head then
    local row = store:read("tree", { tree = epic })[1]
    head = { files = files.over(store, epic, seed), state = row and row.hash or "", bytes = {} }
    project.heads[epic] = head
  end
  return head
end

---A commit failed: what the head says is no longer certain.
---@param project table
---@param epic string
function M.forget(project, epic)
  project.heads[epic] = nil
end

return M
