-- budget_tree.lua: all caps of a project with what is used of them, as `orket budget` and the board show
-- them.

local caps = require("orket.governance.budget.caps")
local cjson = require("cjson")
local ledger = require("orket.governance.budget.ledger")
local tables = require("orket.util.tables")
local budget_format = require("orket.governance.budget.budget_format")
local spents = require("orket.governance.budget.spent")
local sys = require("orket.core.sys")

local M = {}

local WARNED_AT = ledger.WARNED_AT

---@class CapRow
---@field cap string its path
---@field scope string
---@field name string|nil
---@field kind string
---@field used integer
---@field reserved integer for requests under way
---@field limit integer
---@field percent integer
---@field warned boolean so much is used that a person should know
---@field where string|nil the key that says so; nil: the card's own file

-- Whom a scope's caps may be about: who spent something, who is named, who has a budget of its own.
local function names_of(scope, spent, budgets, owns)
  local names = {}
  for _, map in ipairs({ spent[scope], budgets[scope] or {}, owns[scope] or {} }) do
    for name in pairs(map) do
      names[name] = name ~= "*" or nil
    end
  end
  return scope == "organization" and { "" } or tables.keys(names)
end

local function add(rows, held, spent, scope, name, limits, where)
  for _, kind in ipairs(caps.KINDS) do
    local limit, path = limits[kind], caps.path(scope, name, kind)
    if limit then
      local used = spent[kind] or 0
      rows[#rows + 1] = {
        cap = path, scope = scope, name = name ~= "" and name or nil, kind = kind, used = used,
        reserved = (held[path] or {}).held or 0, limit = limit, percent = budget_format.percent(used, limit),
        where = where[kind],
      }
      rows[#rows].warned = rows[#rows].percent >= WARNED_AT
    end
  end
end

local function owns_of(store)
  local owns = { cards = {}, epics = {} }
  for _, row in ipairs(store:read("budgets", {})) do
    owns[row.type == "epic" and "epics" or "cards"][row.id] = row.budget
  end
  return owns
end

---@param store Store
---@param budgets table process_rules.budgets
---@param held table<string, {held: integer}> by path, of a run under way
---@return CapRow[] rows the widest scope first
function M.rows(store, budgets, held)
  local day = (budgets.organization or {}).per == "day" and spents.today(store, sys.now()) or nil
  local owns = owns_of(store)
  if not next(budgets) and not next(owns.cards) and not next(owns.epics) then
    return {}
  end
  local rows, spent = {}, spents.read(store, nil, day)
  for _, scope in ipairs(caps.SCOPES) do
    for _, name in ipairs(names_of(scope, spent, budgets, owns)) do
      local own = (owns[scope] or {})[name]
      local limits, where = caps.limits(budgets, scope, name, own)
      add(rows, held, spent[scope][name] or {}, scope, name, limits, where)
    end
  end
  return rows
end

---The same as JSON has it: seconds are seconds.
---@param rows CapRow[]
---@return table[] rows
function M.plain(rows)
  for _, row in ipairs(rows) do
    for _, field in ipairs({ "used", "reserved", "limit" }) do
      row[field] = budget_format.plain(row.kind, row[field])
    end
  end
  return setmetatable(rows, cjson.array_mt)
end

---Those of which so much is used that a person should know.
---@param rows CapRow[]
---@return CapRow[]
function M.near(rows)
  local near = {}
  for _, row in ipairs(rows) do
    near[#near + 1] = row.warned and row or nil
  end
  return near
end

return M
