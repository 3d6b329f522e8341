---@meta orket.core.base64

---@class orket.core.base64
local M = {}

---@param bytes string
---@return string
function M.encode(bytes) end

---Strict: padding required, no blanks.
---@param text string
---@return string|nil bytes
---@return string? message
---@return string? code
function M.decode(text) end

return M
