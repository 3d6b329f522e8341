---@meta orket.core.merge

---@class orket.core.merge
local M = {}

---Three-way merge by line, as `git merge-file`. Conflicts stand between markers; bytes that cannot
---be merged by line (whole = true) are answered as `ours`, with one conflict.
---@param base string
---@param ours string
---@param theirs string
---@param our_label string?
---@param their_label string?
---@return string|nil bytes
---@return integer|string conflicts, or the message
---@return boolean|string whole, or the code
function M.text(base, ours, theirs, our_label, their_label) end

---The same without conflicts: where both changed the same lines, theirs are taken.
---@param base string
---@param ours string
---@param theirs string
---@return string|nil bytes
---@return integer|string conflicts, or the message
---@return boolean|string whole, or the code
function M.favor(base, ours, theirs) end

return M
