---@meta orket.core.json

---The strict codec; the module `cjson` is the same table under lua-cjson's names.
---@class orket.core.json
---@field null lightuserdata JSON null
---@field empty_array lightuserdata encodes as []
---@field empty_array_mt table metatable of arrays: marks an empty table as []
---@field array_mt table the same metatable
local M = {}

---Canonical text; raises when the value is not plain data.
---@param value any a plain value or a doc
---@return string
function M.encode(value) end

---@param value any a plain value or a doc
---@return string|nil text
---@return string? message
---@return string? code
function M.try_encode(value) end

---JSON null is `json.null`, so that nil always means failure.
---@param text string
---@return any value
---@return string? message
---@return string? code
function M.decode(text) end

---@param text string
---@return { ok: boolean, canonical: string?, error: string?, line: integer?, column: integer? }
function M.check(text) end

return M
