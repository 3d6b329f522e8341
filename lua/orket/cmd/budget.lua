-- budget.lua: `orket budget`: every cap, what is used of it, and what requests under way may still cost.

local config = require("orket.project.config")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local owner = require("orket.project.owner")
local budget_format = require("orket.governance.budget.budget_format")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")
local budget_tree = require("orket.governance.budget.budget_tree")

local M = {}

M.usage = [[
usage: orket budget [-C DIR] [--json] [--all]

Every cap of the organization, its epics, users, roles and cards: used, reserved by requests under way, limit.
Where a run under way has another limit than the file, both are shown. Cards of which less than 80 % is used
are left out.
  -C DIR    the project (default: found upwards from here)
  --json    {"currency"?,"caps":[{"cap","scope","name"?,"kind","used","reserved","limit","next"?,
            "percent","warned","where"?}]}, all of them; "next": the limit of the next run, if another
  --all     all cards too
exit: 0 done, 1 failed, 2 usage
]]

-- What runs under way hold, and the budgets that hold for them; nothing when there is none.
local function held_in(dir)
  local connection = owner.connect(dir)
  local held = connection and connection:ask({ act = "budget" })
  if connection then
    connection:close()
  end
  return held or { caps = {} }
end

local function limit_of(row, currency)
  local function amount(limit)
    return math.tointeger(limit) and budget_format.amount(row.kind, limit, currency) or "none"
  end
  return amount(row.limit) .. (row.next and ", next run " .. amount(row.next) or "")
end

local function columns(currency)
  local function amount(field)
    return function(row)
      return budget_format.amount(row.kind, row[field], currency)
    end
  end
  return {
    table_view.text("cap"), { "used", amount("used"), right = true },
    { "reserved", amount("reserved"), right = true },
    { "limit", function(row) return limit_of(row, currency) end, right = true },
    { "", function(row) return row.percent .. " %" end, right = true },
  }
end

local function without_easy_cards(rows)
  local some = {}
  for _, row in ipairs(rows) do
    some[#some + 1] = (row.scope ~= "cards" or row.warned) and row or nil
  end
  return some
end

local function show(store, args, dir)
  local held, file = held_in(dir), config.budgets(dir) or {}
  local budgets = held.budgets or file
  local rows = budget_tree.rows(store, budgets, held.caps, file)
  if args.json then
    print(text.json({ currency = budgets.currency, caps = budget_tree.plain(rows) }))
    return 0
  elseif #rows == 0 then
    print("nothing is capped; process_rules.budgets in config/organization.json says how much may be spent")
    return 0
  end
  rows = args.all and rows or without_easy_cards(rows)
  if #rows == 0 then
    print("of every card less than 80 % is used; --all shows them")
  else
    table_view.print(columns(budgets.currency), rows)
  end
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv, { C = "value", json = "flag", all = "flag" }, {}))
end

return M
