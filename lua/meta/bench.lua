---@meta orket.core.bench

---Timing of what is too quick to be timed from Lua.
---@class orket.core.bench
local bench = {}

---Judges prepared calls: {role, type, status, tool, arguments, size, name?} each; `size` is that of the
---arguments as text, `name` what the path resolved to; without one it leaves the tree.
---@param config table
---@param calls table[]
---@param decisions integer? how many to time
---@return string[]|nil rules the rule that decided each call
---@return number|string ns nanoseconds for one decision, or the message
---@return string? code
function bench.gate(config, calls, decisions) end

return bench
