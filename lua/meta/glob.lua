---@meta orket.core.glob

---@class orket.core.glob
local M = {}

---Whether a whole canonical name fits a pattern: `?`, `*` inside one component, `**` for whole components.
---@param pattern string
---@param name string
---@return boolean|nil
---@return string? message
---@return string? code ERR_CONFIG: it is no pattern
---@return string? fix
function M.match(pattern, name) end

return M
