-- models.lua: `orket models`: the models of a project, and whether one can do what a run asks of it.

local config = require("orket.project.config")
local tables = require("orket.util.tables")
local model_list = require("orket.llm.check.model_list")
local models = require("orket.llm.models")
local suggest = require("orket.util.suggest")
local options = require("orket.options")
local preflight = require("orket.llm.check.preflight")
local cli_report = require("orket.view.cli_report")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket models [-C DIR] [--json]
       orket models [-C DIR] [--json] [--timeout S] check NAME

The models of a project: where they are, what fits into them, what they cost, whether their key is there, and
which seats of which teams work with them. `check` makes four small requests to one, which are billed as any:
is it reachable, does it stream, does it call a tool, does it keep to a JSON schema.
  --timeout  seconds of one request (60)
  -C DIR     the project (default: found upwards from here)
  --json     {"models":[{"name","provider","endpoint","model","context"?,"calls","price"?,"key"?,"seats"}]};
             of check {"model","ok","checks":[{"check","outcome","code","message"?,"cure"?,"ms"}]}
exit: 0 done, 1 failed (check: one of the four), 2 usage
]]

-- ---- the list ----

local function price(row)
  return row.price and ("%d/%d"):format(row.price.input, row.price.output) or ""
end

local function key(row)
  if row.key == nil then
    return "none"
  end
  return row.key and "yes" or "missing"
end

local COLUMNS = {
  table_view.text("name"), table_view.text("provider"), table_view.text("endpoint", nil, 2),
  table_view.text("model", nil, 4),
  table_view.text("context", nil, 1), table_view.text("calls", nil, 3), { "price", price, spare = 1 },
  { "key", key }, { "seats", function(row) return table.concat(row.seats, " ") end, spare = 2 },
}

local function show(project, args)
  local rows = model_list.rows(project)
  if args.json then
    print(text.json({ models = rows }))
  elseif #rows == 0 then
    print("there are no models; models in config/organization.json lists them")
  else
    table_view.print(COLUMNS, rows)
  end
  return 0
end

-- ---- the check ----

local function line(row)
  local code = type(row.code) == "string" and "  " .. row.code or ""
  return ("%-10s %-8s %6d ms%s%s"):format(row.check, row.outcome, row.ms, code,
    row.message and ": " .. row.message or "")
end

---Prints what preflight found, with what to do.
---@param rows table[]
function M.show_checks(rows)
  for _, row in ipairs(rows) do
    print(text.block(line(row)))
    if row.cure then
      print(text.block("  fix: " .. row.cure))
    end
  end
end

local function check(project, args)
  local model = project.organization.models[args.name]
  if not model then
    local near = suggest.find(args.name, tables.keys(project.organization.models))
    return options.refuse(M.usage, "there is no model " .. args.name
      .. (near and ", did you mean " .. near .. "?" or ""))
  end
  local rows, ok = preflight.run(models.profile(model, project.organization.keys), args.timeout)
  if args.json then
    print(text.json({ model = args.name, ok = ok, checks = rows }))
    return ok and 0 or 1
  end
  M.show_checks(rows)
  return ok and 0 or 1
end

local function parse(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", timeout = "value" },
    { "verb?", "name?" })
  if not args then
    return nil, message
  elseif args.verb and args.verb ~= "check" then
    return nil, "there is no `orket models " .. args.verb .. "`"
  elseif args.verb and not args.name then
    return nil, "missing NAME"
  elseif args.timeout and not args.verb then
    return nil, "--timeout is for check"
  end
  if args.timeout then
    args.timeout = tonumber(args.timeout)
    if not args.timeout or args.timeout <= 0 or args.timeout > 86400 then
      return nil, "--timeout takes seconds, above 0 and at most 86400"
    end
  end
  return args
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local project, err = config.load(args.C or ".")
  if not project then
    return cli_report.failure(err)
  end
  if args.verb then
    return check(project, args)
  end
  return show(project, args)
end

return M
