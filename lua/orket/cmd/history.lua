-- history.lua: `orket history [RUN]`: what has been run, what it cost, and how it ended.

local cjson = require("cjson")
local readonly = require("orket.view.readonly")
local local_time = require("orket.view.format.local_time")
local options = require("orket.options")
local reader = require("orket.project.reader")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket history [-C DIR] [--json] [RUN]

All runs, or the turns of one: steps, tokens in and out, how long, how it ended.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON array
exit: 0 done, 1 failed, 2 usage
]]

---A time span for people.
local function span(seconds)
  if not seconds then
    return ""
  elseif seconds < 120 then
    return seconds .. " s"
  elseif seconds < 7200 then
    return string.format("%d min", seconds // 60)
  end
  return string.format("%d h %02d min", seconds // 3600, seconds % 3600 // 60)
end

local TOOK = { "took", function(row) return span(row.seconds) end, right = true }

local RUNS = {
  table_view.text("run", "id"), table_view.text("card", nil, 1), table_view.text("outcome", "status"),
  table_view.number("turns"), table_view.number("steps"), table_view.number("in", "tokens_in"),
  table_view.number("out", "tokens_out"), table_view.time("began", "started_at", 2, local_time.minute), TOOK,
}

-- With forks among them, one more.
local ORIGIN = { "forked from", function(r) return r.of and r.of .. "@" .. r.at or "" end }

local TURNS = {
  table_view.number("turn"), table_view.text("card"), table_view.text("seat"),
  table_view.text("role", nil, 2),
  table_view.text("model", nil, 1), { "outcome", function(t) return t.outcome or "open" end },
  table_view.number("steps"), table_view.number("in", "tokens_in"), table_view.number("out", "tokens_out"),
  TOOK,
}

local function print_rows(columns, rows, nothing)
  if #rows == 0 then
    print(nothing)
  else
    table_view.print(columns, rows)
  end
end

-- Where prompts are compared, one more.
local ARM = table_view.text("arm", nil, 3)

local function show_turns(store, run)
  local rows, columns = store:read("turns", { run = run }), table.move(TURNS, 1, #TURNS, 1, {})
  for _, row in ipairs(rows) do
    if row.arm then
      table.insert(columns, 5, ARM)
      break
    end
  end
  print_rows(columns, rows, "no turn has begun")
end

local function show_runs(store, dir)
  local rows, columns = reader.runs(store, dir), table.move(RUNS, 1, #RUNS, 1, {})
  columns[#columns + 1] = #store:read("forks", {}) > 0 and ORIGIN or nil
  print_rows(columns, rows, "no run has begun; orket run EPIC begins one")
end

local function show(store, args, dir)
  if args.run then
    local run, err = reader.run(store, dir, args.run)
    if not run then
      return nil, err
    end
  end
  if args.json then
    local rows = args.run and store:read("turns", { run = args.run }) or reader.runs(store, dir)
    print(text.json(setmetatable(rows, cjson.array_mt)))
  elseif args.run then
    show_turns(store, args.run)
  else
    show_runs(store, dir)
  end
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv, { C = "value", json = "flag" }, { "run?" }))
end

return M
