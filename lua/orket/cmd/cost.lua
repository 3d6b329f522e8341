-- cost.lua: `orket cost`: what requests to models cost, summed up by card, role, model, arm, day or run, or
-- one by one.

local config = require("orket.project.config")
local costs = require("orket.reports.costs")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local reader = require("orket.project.reader")
local budget_format = require("orket.governance.budget.budget_format")
local tables = require("orket.util.tables")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket cost [-C DIR] [--json] [--by card|role|model|arm|day|run] [--run RUN] [--from DAY] [--to DAY]
       orket cost [-C DIR] [--json] [--run RUN] --requests [-n COUNT]

What requests to models cost: how many there were, and how many of them failed; tokens in, of them from the
server's cache, and out; money.
  -C DIR      the project (default: found upwards from here)
  --by        sums by card, role, model (default), arm, day (UTC) or run
  --run       only of this run
  --from      from this day on, YYYY-MM-DD (UTC)
  --to        until the end of this day
  --requests  one by one, the newest COUNT (100) first
  --json      {"currency"?,"by","rows":[{"name","calls","failed","tokens_in","tokens_out","cached","money"?,
              "priced","unpriced"}],"total":{…},"left_out":[{"model","calls"}]}: no "money" where no request
              had a price; "left_out": the requests that no sum of money has, because their model had no
              price then; with --requests one object per line
exit: 0 done, 1 failed, 2 usage
]]

local function money_column(currency)
  return { "money", function(row)
    return row.money and row.money > 0 and budget_format.amount("money", row.money, currency) or ""
  end, right = true }
end

-- ---- sums ----

local function columns(by, currency)
  return {
    table_view.text(by, "name"), table_view.number("requests", "calls"), table_view.number("failed"),
    table_view.number("in", "tokens_in"), table_view.number("cached"), table_view.number("out", "tokens_out"),
    money_column(currency),
  }
end

local function left_out(row)
  return ("left out of money: %d %s to %s, which had no price"):format(row.calls,
    row.calls == 1 and "request" or "requests", text.clean(row.model))
end

local function show_sums(store, args, currency)
  local sums = costs.sums(store, args, currency)
  local rows = sums.rows
  if args.json then
    print(text.json(sums))
  elseif #rows == 0 then
    print("no model was asked")
  else
    sums.total.name = "total"
    rows[#rows + 1] = #rows > 1 and sums.total or nil
    table_view.print(columns(sums.by, currency), rows)
    for _, row in ipairs(sums.left_out) do
      print(left_out(row))
    end
  end
  return 0
end

-- ---- one by one ----

local function requests(currency)
  return {
    table_view.number("event", "seq"), table_view.time("at", "at", 2), table_view.text("run", nil, 1),
    { "step", function(row)
      return row.turn .. "." .. row.step .. (row.attempt > 1 and " #" .. row.attempt or "")
    end },
    table_view.text("card"), table_view.text("role", nil, 3), table_view.text("model"),
    table_view.number("in", "tokens_in"), table_view.number("out", "tokens_out"), money_column(currency),
    { "ms", function(row) return row.ms end, right = true }, table_view.text("failed", "code"),
  }
end

local function show_requests(store, args, currency)
  local rows = store:read("requests", { run = args.run, limit = args.count })
  if not args.json and #rows == 0 then
    print("no model was asked")
  elseif not args.json then
    table_view.print(requests(currency), rows)
  end
  for _, row in ipairs(args.json and rows or {}) do
    print(text.json(row))
  end
  return 0
end

-- ---- the command ----

local function show(store, args, dir)
  local found, err = true, nil
  if args.run then
    found, err = reader.run(store, dir, args.run)
  end
  if not found then
    return nil, err
  end
  local currency = (config.budgets(dir) or {}).currency
  return (args.requests and show_requests or show_sums)(store, args, currency)
end

local function is_day(word)
  return word == nil or word:find("^%d%d%d%d%-%d%d%-%d%d$") ~= nil
end

-- What is wrong with the words; "" when nothing is.
local function problem(args)
  if args.by and not tables.has(costs.BY, args.by) then
    return "--by takes card, role, model, arm, day or run"
  elseif args.by and args.requests then
    return "--by sums up, --requests does not"
  elseif args.n and not args.requests then
    return "-n belongs to --requests"
  elseif args.requests and (args.from or args.to) then
    return "--from and --to are for sums"
  elseif not is_day(args.from) or not is_day(args.to) then
    return "--from and --to take a day: YYYY-MM-DD"
  end
  args.count = math.tointeger(tonumber(args.n or 100))
  return not (args.count and args.count > 0) and "-n takes a whole number above 0" or nil
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, {
    C = "value", json = "flag", by = "value", run = "value", requests = "flag", n = "value", from = "value",
    to = "value",
  }, {})
  message = args and problem(args) or message
  return readonly.run(M.usage, show, not message and args or nil, message)
end

return M
