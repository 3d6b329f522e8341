---@meta orket.core.schema

---JSON Schema, drafts 2020-12 and 07; nothing is fetched, an unknown keyword is refused, "x-…" is a note.
---@class orket.core.schema
local M = {}

---@class orket.schema
local schema = {}

---@param source any a plain value or a doc; copied
---@return orket.schema|nil schema
---@return string? message
---@return string? code ERR_SCHEMA, ERR_SCHEMA_UNSUPPORTED, ERR_LIMIT
---@return string? fix
function M.compile(source) end

---@class orket.schema.error
---@field path string JSON pointer into the value
---@field keyword string
---@field text string
---@field at integer byte offset in the text the value was parsed from, else 0

---The errors in document order, at most `max`.
---@param value any a plain value or a doc
---@param max integer? 1 to 1000, default 20
---@return true|nil fits
---@return orket.schema.error[]? errors
---@return string? code ERR_SCHEMA; ERR_LIMIT when the check would cost too much; ERR_MEMORY
function schema:check(value, max) end

---The strings that a subschema with "format": "path" describes.
---@param value any a plain value or a doc
---@return { pointer: string, path: string }[]
function schema:paths(value) end

return M
