---@meta orket.core.embed

---The files built into the binary.
---@class orket.core.embed
local M = {}

---@param name string "roles/coder.lua"
---@return string|nil text
function M.read(name) end

---@param prefix string
---@return string[] names sorted; those that begin with prefix
function M.list(prefix) end

---The files weigh nothing in this process until they are read again.
function M.release() end

return M
