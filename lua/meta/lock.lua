---@meta orket.core.lock

---Being the owner of a project: one process at a time, for as long as it lives.
---@class orket.core.lock
local M = {}

---@class OwnerLock
local Lock = {}

---Takes dir/lock. The lock dies with the process, whatever happens to it.
---@param dir string
---@return OwnerLock|nil
---@return string? message names the process that holds it
---@return string? code ERR_OWNED, ERR_IO
function M.take(dir) end

---Whether some process holds dir/lock now; asking does not get in its way.
---@param dir string
---@return boolean
function M.held(dir) end

---When the process that holds dir/lock, or the last one that did, took it.
---@param dir string
---@return string|nil at UTC, RFC 3339, with milliseconds; nil: that cannot be read
function M.taken_at(dir) end

---The process that holds dir/lock now; nil when there is none, or it cannot be seen from here. Looks at every
---process.
---@param dir string
---@return {pid: integer, name: string, state: "running"|"stopped"|"waiting for the disk"|"ended"}|nil
function M.holder(dir) end

---Idempotent.
function Lock:release() end

return M
