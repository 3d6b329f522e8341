---@meta orket.core.doc

---A JSON tree as an opaque value: crosses the walls without becoming Lua tables.
---@class orket.core.doc
local M = {}

---@class Doc
local Doc = {}

---@param text string JSON
---@return Doc|nil
---@return string? message ends in the line and column
---@return string? code ERR_JSON, ERR_UTF8, ERR_LIMIT
function M.parse(text) end

---@param value any plain data
---@return Doc|nil
---@return string? message
---@return string? code
function M.new(value) end

---@param pointer string|nil a JSON pointer; default: the whole
---@return any value plain data; null is cjson.null, nil that there is no such value
function Doc:value(pointer) end

---@return string text canonical: sorted keys, no blanks
function Doc:encode() end

---Where a value begins in the parsed text.
---@param pointer string a JSON pointer
---@return integer|nil offset in bytes; nil when there is no such value
function Doc:at(pointer) end

return M
