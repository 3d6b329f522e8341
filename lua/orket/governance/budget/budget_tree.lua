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
---@field limit integer|userdata that holds; cjson.null: none does yet
---@field next integer|userdata|nil that the next run goes by, when it is another one; cjson.null: none
---@field percent integer
---@field warned boolean so much is used that a person should know
---@field where string|nil the key that says so; nil: the card's own file

-- Whom a scope's caps may be about: who spent something, who is named, who has a budget of its own.
local function names_of(scope, ...)
  local names = {}
  for _, by_scope in ipairs({ ... }) do
    local map = scope ~= "organization" and by_scope[scope] or {}
    for name in pairs(map) do
      names[name] = name ~= "*" or nil
    end
  end
  return scope == "organization" and { "" } or tables.keys(names)
end

-- One of them; limit or later is nil where nothing caps it now, or in the next run.
local function row_of(about, kind, limit, later)
  local used, path = about.spent[kind] or 0, caps.path(about.scope, about.name, kind)
  local percent = budget_format.percent(used, limit or later)
  local row = {
    cap = path, scope = about.scope, name = about.name ~= "" and about.name or nil, kind = kind, used = used,
    reserved = (about.held[path] or {}).held or 0, limit = limit or cjson.null, percent = percent,
    warned = limit ~= nil and percent >= WARNED_AT,
  }
  if later ~= limit then
    row.next = later or cjson.null
  end
  return row
end

local function add(rows, about, budgets, coming)
  local limits, where = caps.limits(budgets, about.scope, about.name, about.own)
  local later, where_later = caps.limits(coming, about.scope, about.name, about.own)
  for _, kind in ipairs(caps.KINDS) do
    if limits[kind] or later[kind] then
      rows[#rows + 1] = row_of(about, kind, limits[kind], later[kind])
      rows[#rows].where = where[kind] or where_later[kind]
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
---@param coming table|nil budgets that the next run goes by; nil: these
---@return CapRow[] rows the widest scope first
function M.rows(store, budgets, held, coming)
  coming = coming or budgets
  local day = (budgets.organization or {}).per == "day" and spents.today(store, sys.now()) or nil
  local owns = owns_of(store)
  if not (next(budgets) or next(coming) or next(owns.cards) or next(owns.epics)) then
    return {}
  end
  local rows, spent = {}, spents.read(store, nil, day)
  for _, scope in ipairs(caps.SCOPES) do
    for _, name in ipairs(names_of(scope, spent, budgets, coming, owns)) do
      add(rows, { scope = scope, name = name, own = (owns[scope] or {})[name], held = held,
        spent = spent[scope][name] or {} }, budgets, coming)
    end
  end
  return rows
end

---The same as JSON has it: seconds are seconds.
---@param rows CapRow[]
---@return table[] rows
function M.plain(rows)
  for _, row in ipairs(rows) do
    for _, field in ipairs({ "used", "reserved", "limit", "next" }) do
      local amount = math.tointeger(row[field])
      row[field] = amount and budget_format.plain(row.kind, amount) or row[field]
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
