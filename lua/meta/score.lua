---@meta orket.core.score

---Which card first: the dependency graph of a set of cards. docs/cards.md explains priority and impact.
local score = {}

---@class orket.score.card
---@field id string
---@field priority? number|string 0..1000, or high, medium, low; default 2
---@field depends_on? string[]

---@class orket.score.plan
---@field order string[] ids, best first (score, then the order given)
---@field impact table<string, integer> distinct cards downstream
---@field score table<string, number> priority + impact

---Orders cards (given in creation order; a doc or a table). ERR_CYCLE names the cycle, ERR_NOT_FOUND
---the unknown dependency, ERR_EXISTS an id that comes twice, ERR_USAGE a priority. Raises for a card
---that is not a table with a string id.
---@param cards orket.score.card[]
---@return orket.score.plan|nil plan, string? message, string? code, string? fix
function score.plan(cards) end

---Reads a priority: nil is the default, names are case-insensitive.
---@param value number|string|nil
---@return number|nil priority, string? message, string? code, string? fix
function score.priority(value) end

return score
