---@meta orket.core.ignore

---@class orket.core.ignore
local M = {}

---Which paths the ignore files of a tree leave out, with git's meaning of their lines. What would cost too
---much to find out is not left out.
---@param texts table<string, string> of each directory that has such a file, "" for the root
---@param paths string[] of files
---@return table<string, true>
function M.left_out(texts, paths) end

return M
