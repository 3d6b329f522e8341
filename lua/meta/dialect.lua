---@meta orket.core.dialect

---@class orket.core.dialect
local M = {}

---@class orket.core.grammar
local Grammar = {}

---Compiles a table of dialects (core/model/dialect/grammar.h says what it has).
---@param spec table
---@return orket.core.grammar|nil
---@return string? message
---@return string? code ERR_CONFIG
---@return string? fix
function M.compile(spec) end

---@class DialectFaults: {at: integer, why: "unreadable"|"holds"|"behind"}[] calls that were begun and are
---  none; at from 0
---@field count integer also of those that are not listed

---@class DialectCall
---@field name string
---@field arguments string the text of a JSON object
---@field state "complete"|"repaired"|"partial"

---@class DialectReading
---@field dialect string?
---@field content string
---@field reasoning string
---@field calls DialectCall[]
---@field thought integer
---@field faults DialectFaults

---The calls in a text, which comes in pieces.
---@param pieces string[]
---@param options {family: string?, tools: table[]?}?
---@return DialectReading|nil
---@return string? message
---@return string? code ERR_NOT_FOUND: no such family; ERR_LIMIT: more than 16 MiB
---@return string? fix
function Grammar:read(pieces, options) end

---@return string[] the families' names, in the order in which they are tried
function Grammar:families() end

return M
