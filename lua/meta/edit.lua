---@meta orket.core.edit

---Lines from a terminal, with history and completion.
---@class orket.core.edit
local M = {}

---@class Edit
local Edit = {}

---@param history_file string|nil
---@return Edit|nil
---@return string? message
---@return string? code
function M.open(history_file) end

---Reads one line in the pool.
---@param prompt string
---@param words string what can be completed, separated by blanks
---@param done fun(text: string|nil, message: string?, code: string?) at the end of input: nil, ERR_NOT_FOUND
function Edit:line(prompt, words, done) end

---Idempotent.
function Edit:close() end

return M
