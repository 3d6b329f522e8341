-- sim.lua: `orket sim --with PATH`: what recorded history would have come to with changed scripts.

local cjson = require("cjson")
local errors = require("orket.errors")
local options = require("orket.options")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local sim = require("orket.history.sim")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket sim [-C DIR] [--json] [--runs RUN,...|all|last N] [--without SCRIPT,...] --with PATH

What would have been decided otherwise, had PATH served: calls, routes, prompts and outcomes of the recorded
runs are judged by the scripts that served then, and by the same with those of PATH over them. Nothing is
asked, nothing is written. PATH is a role, node or tool, a directory of them, a directory like a project (also
its config/organization.json), or a unified diff of such files.
  -C DIR       the project (default: found upwards from here)
  --json       one JSON object
  --without    these scripts of the project are gone (roles/mine.lua)
  --runs       these runs, all (the default), or the newest N
exit: 0 nothing differs, 1 something does, 2 usage, or it could not be judged
]]

local SHOWN = 50 -- differences for a person

local function verdict(one)
  local why = one.why and ": " .. one.why or ""
  return one.decision and string.format("%s (%s)%s", one.decision, one.rule, why) or cjson.encode(one)
end

local function show_one(one)
  print(string.format("%s  %s  %s, %s%s", one.event, one.kind, one.card or "-", one.role or "-",
    one.tool and ", " .. text.line(one.tool) or ""))
  if one.diff then
    print(text.block(one.diff))
  else
    print("  - " .. text.line(verdict(one.before)))
    print("  + " .. text.line(verdict(one.after)))
  end
end

local function sums(counts)
  return string.format("%d calls, %d routes, %d prompts, %d transitions", counts.calls, counts.routes,
    counts.prompts, counts.transitions)
end

local function show(result)
  for i = 1, math.min(#result.differences, SHOWN) do
    show_one(result.differences[i])
  end
  if #result.differences > SHOWN then
    print(string.format("… and %d more: --json has them all", #result.differences - SHOWN))
  end
  for _, one in ipairs(result.caveats) do
    print(text.line("caveat: " .. one.event .. " (" .. one.kind .. "): " .. one.what))
  end
  for _, remark in ipairs(result.remarks) do
    print(text.line("note: " .. remark))
  end
  print(#result.changed > 0 and "changed: " .. text.line(table.concat(result.changed, ", "))
    or "PATH is what served: nothing is changed")
  for _, what in ipairs(result.not_simulated) do
    print(text.line("not simulated: " .. what))
  end
  print(string.format("judged %s in %.2f s (%.0f/s)", sums(result.judged), result.seconds, result.per_second))
  print("differ: " .. sums(result.differ))
end

local function total(counts)
  return counts.calls + counts.routes + counts.prompts + counts.transitions
end

local function finish(args, result, seconds)
  result.seconds, result.per_second = seconds, total(result.judged) / math.max(seconds, 1e-6)
  result.ok = #result.differences == 0
  setmetatable(result.changed, cjson.array_mt)
  if args.json then
    print(text.json(result))
  else
    show(result)
  end
  return result.ok and 0 or 1
end

local function refuse(err)
  cli_report.failure(err)
  return 2
end

-- "--runs last 3" is three words.
local function joined(argv)
  local words = {}
  for i, word in ipairs(argv) do
    if argv[i - 1] == "last" and argv[i - 2] == "--runs" and word:find("^%d+$") then
      words[#words] = "last:" .. word
    else
      words[#words + 1] = word
    end
  end
  return words
end

local function simulate(args)
  -- measured: a fifth less; what a decision leaves behind is gone while it is near
  collectgarbage("generational", 20, 1000)
  local began = sys.monotonic()
  local project <close>, err = projects.open(args.C or ".", {})
  if not project then
    return refuse(err)
  end
  local result
  result, err = sim.run(project, { with = args.with, without = args.without, runs = args.runs })
  if not result then
    return refuse(err or errors.new("ERR_BUG", "no answer"))
  end
  return finish(args, result, sys.monotonic() - began)
end

---Returns only what is wrong with argv: afterwards all is closed, what is left is memory, and to free that
---piece by piece takes a twentieth of the time.
---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(joined(argv),
    { C = "value", json = "flag", runs = "value", with = "value", without = "value" }, {})
  if args and not args.with then
    args, message = nil, "--with PATH says what is changed"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  os.exit(simulate(args), false)
end

return M
