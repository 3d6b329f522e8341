-- history.lua: `orket history [RUN]`: what has been run, what it cost, and how it ended.

local cjson = require("cjson")
local options = require("orket.options")
local readers = require("orket.reader")
local report = require("orket.report")
local table_view = require("orket.view.table")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket history [-C DIR] [--json] [RUN]

All runs, or the turns of one: steps, tokens in and out, how long, how it ended.
  -C DIR    the project (default: the current directory)
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

local RUNS = {
  { "run", function(r) return r.id end },
  { "card", function(r) return r.card or "" end },
  { "outcome", function(r) return r.status end },
  { "turns", function(r) return r.turns end, right = true },
  { "steps", function(r) return r.steps end, right = true },
  { "in", function(r) return r.tokens_in end, right = true },
  { "out", function(r) return r.tokens_out end, right = true },
  { "began", function(r) return (r.started_at:sub(1, 19):gsub("T", " ")) end },
  { "took", function(r) return span(r.seconds) end, right = true },
}

local TURNS = {
  { "turn", function(t) return t.turn end, right = true },
  { "card", function(t) return t.card or "" end },
  { "seat", function(t) return t.seat or "" end },
  { "role", function(t) return t.role or "" end },
  { "model", function(t) return t.model or "" end },
  { "outcome", function(t) return t.outcome or "open" end },
  { "steps", function(t) return t.steps end, right = true },
  { "in", function(t) return t.tokens_in end, right = true },
  { "out", function(t) return t.tokens_out end, right = true },
  { "took", function(t) return span(t.seconds) end, right = true },
}

local function print_rows(columns, rows, nothing)
  if #rows == 0 then
    print(nothing)
  end
  for _, line in ipairs(#rows > 0 and table_view.lines(columns, rows) or {}) do
    print(line)
  end
end

local function show(store, dir, id)
  if not id then
    print_rows(RUNS, readers.runs(store, dir), "no run has begun; orket run EPIC begins one")
    return
  end
  print_rows(TURNS, store:read("turns", { run = id }), "no turn has begun")
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "run?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local dir = args.C or "."
  local store <close>, err = readers.open(dir)
  if not store then
    return report.failure(err)
  end
  if args.run then
    local run
    run, err = readers.run(store, dir, args.run)
    if not run then
      return report.failure(err)
    end
  end
  if args.json then
    local rows = args.run and store:read("turns", { run = args.run }) or readers.runs(store, dir)
    print(text.json(setmetatable(rows, cjson.array_mt)))
  else
    show(store, dir, args.run)
  end
  return 0
end

return M
