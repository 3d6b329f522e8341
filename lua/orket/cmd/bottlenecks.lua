-- bottlenecks.lua: `orket bottlenecks`: what waits too long, and seats that have too much.

local bottlenecks = require("orket.reports.bottlenecks")
local cjson = require("cjson")
local config = require("orket.project.config")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket bottlenecks [-C DIR] [--json] [--fail]

Where work piles up, by process_rules.thresholds of the organization: cards that wait or are in review for too
long, seats with too many cards under way or waiting, and the state of the whole.
  -C DIR    the project (default: found upwards from here)
  --json    {"level","counts","thresholds","found":[{"rule","why","value","limit","card"?,"seat"?}]}
  --fail    exit 1 when there is any
exit: 0 done, 1 failed (or found, with --fail), 2 usage
]]

---What there is in a project now.
---@param store Store
---@param dir string
---@return table as bottlenecks.of answers it
function M.of(store, dir)
  local rules = (config.read(dir).organization or {}).process_rules or {}
  return bottlenecks.of(store, rules.thresholds, sys.now())
end

---@param found table[]
function M.print(found)
  for _, one in ipairs(found) do
    print(text.line(one.why) .. " (" .. one.rule .. ")")
  end
end

local function show(store, args, dir)
  local all = M.of(store, dir)
  if args.json then
    setmetatable(all.found, cjson.array_mt)
    print(text.json(all))
  else
    print(all.level .. ": " .. all.counts.open .. " open, " .. all.counts.active .. " under way, "
      .. all.counts.blocked
      .. " waiting")
    M.print(all.found)
  end
  return args.fail and #all.found > 0 and 1 or 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv, { C = "value", json = "flag", fail = "flag" }, {}))
end

return M
