---@meta orket.core.terminal

---A terminal that gives keys one by one, and gets back what was found.
---@class orket.core.terminal
local M = {}

---@class TerminalKeys
local Keys = {}

---From now on keys come at once and are not echoed; ^C and ^Z stay signals, ^\ does nothing; what is pasted
---comes between ESC[200~ and ESC[201~.
---@param fd integer
---@return TerminalKeys|nil
---@return string? message
---@return string? code ERR_IO: it is no terminal, or another program has it
function M.keys(fd) end

---The terminal as it was found, unless another program has it now; also when it is collected. Once is enough.
function Keys:close() end

return M
