-- caps.lua: which caps hold for whom, as the organization and the cards say. Pure.
--
-- A path names what is capped and in what: organization/tokens, epics/NAME/money, cards/ID/calls,
-- roles/NAME/seconds, users/NAME/disk. "*" holds for each one that is not named. A card's and an epic's own
-- `budget` only narrows.

local card_origin = require("orket.util.card_origin")

local M = {}

M.KINDS = { "tokens", "money", "calls", "seconds", "disk" }
M.SCOPES = { "organization", "epics", "users", "roles", "cards" } -- as they are asked, the widest first

-- What the organization says of one epic, card, role or user.
local function limits_of(map, name, inherits)
  while map and name do
    if map[name] then
      return map[name], name
    end
    name = inherits and card_origin.of(name)
  end
  return map and map["*"], "*"
end

local INHERITS = { epics = true, cards = true }

local function whole(kind, limit)
  return limit and (kind == "seconds" and math.ceil(limit * 1000) or math.tointeger(limit))
end

---The limits of one scope: kind -> limit (seconds in milliseconds), and which of them the organization says,
---and where.
---@param budgets table process_rules.budgets
---@param scope string
---@param name string|nil
---@param own table|nil the card's or epic's own
---@return table<string, integer> limits
---@return table<string, string> where  kind -> the end of a JSON pointer, "epics/*/tokens"
function M.limits(budgets, scope, name, own)
  local theirs, found = budgets.organization, nil
  if scope ~= "organization" then
    theirs, found = limits_of(budgets[scope], name, INHERITS[scope])
  end
  theirs, own = theirs or {}, own or {}
  local limits, where = {}, {}
  local of_scope = found and scope .. "/" .. found or scope
  for _, kind in ipairs(M.KINDS) do
    local a, b = theirs[kind], own[kind]
    local is_theirs = a and (not b or a <= b)
    limits[kind] = whole(kind, is_theirs and a or b)
    where[kind] = is_theirs and of_scope .. "/" .. kind or nil
  end
  return limits, where
end

---@param scope string
---@param name string|nil
---@param kind string
---@return string
function M.path(scope, name, kind)
  return scope == "organization" and "organization/" .. kind or scope .. "/" .. name .. "/" .. kind
end

local function counts(budget, kind)
  return type(budget) == "table" and budget[kind] ~= nil
end

---True when anything caps this kind: the organization anywhere, or one of these cards' own.
---@param budgets table
---@param kind string
---@param owns table[] own budgets
---@return boolean
function M.counts(budgets, kind, owns)
  if counts(budgets.organization, kind) then
    return true
  end
  for _, scope in ipairs(M.SCOPES) do
    for _, budget in pairs(scope ~= "organization" and budgets[scope] or {}) do
      if counts(budget, kind) then
        return true
      end
    end
  end
  for _, budget in ipairs(owns) do
    if counts(budget, kind) then
      return true
    end
  end
  return false
end

return M
