---@meta orket.core.hash

---BLAKE2b-256 in hexadecimal.
---@class orket.core.hash
local M = {}

---@param bytes string
---@return string hex
function M.of(bytes) end

---The borders between the parts count.
---@param parts string[]
---@return string hex
function M.parts(parts) end

---@param hex string
---@return string|nil bytes of the hash; nil when it is none
function M.raw(hex) end

---The name that git gives to the bytes of a file (SHA-1): for patches only.
---@param bytes string
---@return string hex
function M.git_blob(bytes) end

return M
