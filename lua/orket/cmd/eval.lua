-- eval.lua: `orket eval SUITE --arms a.lua,b.lua`: prompts compared over the cases of a suite.

local arm = require("orket.eval.arm")
local async = require("orket.async")
local errors = require("orket.errors")
local evals = require("orket.eval.eval")
local fs = require("orket.core.fs")
local lock = require("orket.core.lock")
local options = require("orket.options")
local cli_report = require("orket.view.cli_report")
local eval_format = require("orket.eval.eval_format")
local suites = require("orket.eval.suite")
local eval_summary = require("orket.eval.eval_summary")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket eval SUITE --arms FILE,FILE[,...] [--json] [--role ROLE] [--accept] [--cases ID,...] [--epics]
                  [--repeat N] [--concurrency N] [--seed TEXT] [--out DIR | --again]

Prompts compared: each case of SUITE with each arm, in a copy of the project of its own, by real runs with all
rules. A case is an issue with a verification (when none has one: every issue), and a success when it comes to
be done. What is interrupted goes on with the same command.
  --arms         2 to 8 files, each a prompts node, a role or examples, in whose place they come; own: SUITE's
                 scripts as they are
  --role         the role that files of roles are for (default: the one of the file's name, or the only one
                 at work)
  --accept       arms may make more possible than SUITE's scripts do
  --cases        only these
  --epics        whole epics are the cases
  --repeat       runs of each case with each arm, 1 to 100 (1)
  --concurrency  runs at once, 1 to 16 (2); one after the other with a cap on the organization or `limits` of
                 a model
  --seed         says in which order the runs come ("orket")
  --out          where the copies are (default: .orket/eval of SUITE)
  --again        everything is run anew, in a new place
  --json         {"complete","confidence","arms","comparisons","results",...}
exit: 0 all of it was run, 1 failed or a cap was reached, 2 usage, 3 interrupted
]]

local OPTIONS = {
  arms = "value", json = "flag", role = "value", accept = "flag", cases = "value", epics = "flag",
  ["repeat"] = "value", concurrency = "value", seed = "value", out = "value", again = "flag",
}
local BOUNDS = { ["repeat"] = { 1, 100, 1 }, concurrency = { 1, 16, 2 } }

local function words(list)
  local found = list and {} or nil
  for word in (list or ""):gmatch("[^,]+") do
    found[#found + 1] = word
  end
  return found
end

-- What is wrong with the words; nil when nothing is.
local function problem(args)
  for name, bound in pairs(BOUNDS) do
    local number = args[name] and math.tointeger(tonumber(args[name])) or not args[name] and bound[3]
    if not number or number < bound[1] or number > bound[2] then
      return "--" .. name .. " takes a whole number from " .. bound[1] .. " to " .. bound[2]
    end
    args[name] = number
  end
  args.arms, args.cases = words(args.arms), words(args.cases)
  if not args.arms then
    return "missing --arms"
  elseif #args.arms < arm.FEWEST or #args.arms > arm.MOST then
    return "--arms takes " .. arm.FEWEST .. " to " .. arm.MOST
      .. " files: --arms a.lua,b.lua; own is SUITE's scripts as they are"
  elseif args.cases and #args.cases == 0 then
    return "--cases names cards"
  elseif args.out and args.again then
    return "--out names a new place by itself, --again is for the default one"
  end
end

-- ---- the work ----

-- The newest place of such a comparison below a directory, or the next one.
local function place_of(home, identity, again)
  local root <close> = fs.root(home)
  local base = "eval/" .. identity:sub(1, 12)
  local place, number = base, 1
  while root and root:kind(place) and (again or root:kind(base .. "-" .. number + 1)) do
    number = number + 1
    place = base .. "-" .. number
  end
  return home .. "/" .. place
end

-- One comparison at a time writes to a place: {eval, held}.
local function open(args)
  local suite, err = suites.open(args.suite, { epics = args.epics, cases = args.cases })
  local list
  if suite then
    list, err = arm.read(suite, args.arms, { role = args.role, accept = args.accept })
  end
  if not list then
    return nil, err
  end
  local home = args.out or args.suite .. "/.orket"
  local held
  held, err = errors.check(lock.take(home))
  if not held then
    return nil, err
  end
  local eval
  eval, err = evals.new(suite, list, {
    out = args.out or place_of(home, evals.identity(suite, list), args.again), repeats = args["repeat"],
    seed = args.seed or "orket", concurrency = args.concurrency,
    on_result = function(self, cell)
      io.stderr:write(text.clean(eval_format.progress(self, cell, args["repeat"])), "\n")
    end,
  })
  return eval and { eval = eval, held = held }, err
end

local function run(eval)
  local signals = 0
  local stop = async.on_signals({ "sigint", "sigterm" }, function()
    signals = signals + 1
    if signals > 2 then
      os.exit(130, false)
    elseif signals == 1 then
      io.stderr:write("stopping: what has been done is kept, the same command goes on\n")
    end
    eval:stop(signals > 1)
  end)
  local complete, err = eval:run()
  stop()
  return complete, err
end

local function unfinished(eval)
  return errors.new("ERR_LIMIT", "a cap of the organization is used up: " .. eval.used_up, "raise it in "
    .. eval.suite.dir .. "/config/organization.json, and give the same command with --out " .. eval.dir)
end

local function tell(eval, complete, args)
  local result = eval_summary.of(eval)
  result.complete, result.suite, result.out, result.cases, result.repeats = complete, args.suite, eval.dir,
    #eval.suite.cases, args["repeat"]
  result.runs, result.known, result.ran = #eval.cells, eval.known, eval.ran
  if args.json then
    result.results = eval_format.results(eval)
    print(text.json(result))
  else
    eval_format.print(eval, result)
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, OPTIONS, { "suite" })
  message = args and problem(args) or message
  if not args or message then
    return options.refuse(M.usage, message)
  end
  local opened, err = open(args)
  if not opened then
    return cli_report.failure(err)
  end
  local eval = opened.eval
  local complete
  complete, err = run(eval)
  tell(eval, complete or false, args)
  opened.held:release()
  if err or eval.used_up then
    return cli_report.failure(err or unfinished(eval))
  end
  return complete and 0 or 3
end

return M
