-- plan.lua: `orket plan`: a request becomes a rock with epics and issues, which a person takes or does not.

local cjson = require("cjson")
local options = require("orket.options")
local plan_outcome = require("orket.cmd.plan.plan_outcome")
local plan_record = require("orket.planning.plan_record")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local requests = require("orket.cmd.plan.request")
local session = require("orket.project.session")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")
local strings = require("orket.util.strings")
local planning_view = require("orket.view.live.planning_view")

local M = {}

M.usage = [[
usage: orket plan [-C DIR] [--json] [--yes] [--team NAME] [--environment NAME] [--label NAME] REQUEST
       orket plan [-C DIR] [--json] --accept ID | --change ID TEXT | --drop ID | --go-on ID | --show ID
                  | --list

An analyst and an architect turn a request into a rock with epics and issues. Nothing of it is there before a
person has said yes to exactly what is shown; then orket run ROCK runs it.
  REQUEST   a sentence; a file (one word); - for standard input
  -C DIR    the project (default: found upwards from here)
  --json    one line with the plan and what became of it
  --yes     says yes, in your name, to all that is proposed
  --team, --environment   of the plan's epics; needed when there are several
  --label   the request was written elsewhere: what is made of it carries this label, such as untrusted
  --accept  says yes to a plan that waits, as long as it still holds
  --change  says what should be otherwise; the plan is made again
  --drop    gives a plan up
  --go-on   goes on with a plan that was interrupted, or whose question was answered; asks again
            where no plan came
exit: 0 done, 1 no plan that holds, or refused, 2 usage, 3 the plan waits for a person
]]

-- ---- acts ----

local function drop(args, plan)
  return owner.ask(args.C or ".", { act = "move", card = plan.id, status = "canceled",
    why = "the plan was given up", who = sys.user() })
end

-- A run of the plan, until it waits for a person, after an act. Answers {card, failure, code}.
local function run(args, act)
  local code, ran = session.run({ C = args.C, view = planning_view.new(args) }, act)
  return { code = code, card = ran.card, failure = ran.failure }
end

local function say(args, id, word, why)
  return run(args, { act = "plan.answer", card = id, answer = word, why = why })
end

-- ---- the person ----

local ANSWERS = "y makes these cards; n gives the plan up, which cancels its card; "
  .. "any other text goes to the model as what should be changed; "
  .. "an empty line leaves the plan as it is (orket plan --accept, --change and --drop answer it later)"
local EXPLAINED = { ["?"] = true, help = true }

local function ask_person(plan)
  plan_outcome.print_proposal(plan)
  while true do
    io.write("Make these cards? y, n, TEXT of what to change, nothing: later, ?: help > ")
    io.flush()
    local line = io.read("l")
    local said = line and strings.trimmed(line) or ""
    if not EXPLAINED[said:lower()] then
      return said
    end
    wrap.print(ANSWERS)
  end
end

local NEXT = { y = "yes", yes = "yes", n = "no", no = "no", [""] = "later" }

-- Answers true when the plan is to be looked at again.
local function converse(args, plan)
  local said = ask_person(plan)
  local meant = utf8.len(said) and (NEXT[said:lower()] or "otherwise") or "later"
  if meant == "yes" then
    say(args, plan.id, "approved")
  elseif meant == "no" then
    drop(args, plan)
  elseif meant == "otherwise" then
    say(args, plan.id, "denied", said)
  end
  return meant ~= "later"
end

local function is_conversation(args)
  return not (args.json or args.yes) and sys.is_tty(0) and sys.is_tty(1)
end

-- Until the plan is taken, given up, or left to wait; what could not be done once is not tried again.
local function see_through(args, id, failure)
  local plan, err, again
  local code = failure and 1 or 0
  repeat
    plan, err = plan_outcome.look(args.C, id)
    if not plan then
      return plan_outcome.report_none(args, failure or err, failure ~= nil)
    end
    again = plan.question ~= nil and code ~= 1
    if again and args.yes then
      local ran = say(args, id, "approved", "--yes")
      failure, code = ran.failure, ran.code
    elseif again then
      again = is_conversation(args) and converse(args, plan)
    end
  until not again
  return math.max(plan_outcome.report(args, plan, failure), code == 1 and 1 or 0)
end

local function begin(args, opening)
  local ran = run(args, opening)
  if not ran.card then
    plan_outcome.report_none(args, ran.failure, true)
    return ran.code == 0 and 1 or ran.code
  end
  return see_through(args, ran.card)
end

local function answer_to(args, id, word, why)
  local ran = say(args, id, word, why)
  return (ran.failure or ran.code ~= 1) and see_through(args, id, ran.failure) or ran.code
end

local ACT = {}

function ACT.accept(args)
  return answer_to(args, args.accept, "approved")
end

function ACT.change(args)
  return answer_to(args, args.change, "denied", args.request)
end

function ACT.drop(args)
  local plan, err = plan_outcome.look(args.C, args.drop)
  local ok
  if plan then
    ok, err = drop(args, plan)
  end
  return ok and plan_outcome.report(args, (plan_outcome.look(args.C, args.drop))) or cli_report.failure(err)
end

function ACT.show(args)
  local plan, err = plan_outcome.look(args.C, args.show)
  if not plan then
    return cli_report.failure(err)
  elseif not args.json and plan.proposal and not plan.question then
    plan_outcome.print_proposal(plan)
  end
  plan_outcome.report(args, plan)
  return 0
end

ACT["go-on"] = function(args)
  return begin(args, { act = "plan.go_on", card = args["go-on"] })
end

function ACT.list(args)
  local plans, err = plan_outcome.all(args.C)
  if not plans then
    return cli_report.failure(err)
  end
  local rows = setmetatable({}, cjson.array_mt)
  for i, plan in ipairs(plans) do
    rows[i] = plan_record.row(plan)
  end
  if args.json then
    print(text.json(rows))
  end
  for _, row in ipairs(args.json and {} or rows) do
    print(text.cut(text.clean(string.format("%-8s %-9s %s%s", row.id, row.status, row.rock and row.rock
      .. "  " or "", row.name)), 80))
  end
  return 0
end

-- ---- the command ----

local ACTS = { "accept", "change", "drop", "go-on", "show", "list" }

local KNOWN = {
  C = "value", json = "flag", yes = "flag", team = "value", environment = "value", label = "value",
  accept = "value", change = "value", drop = "value", ["go-on"] = "value", show = "value", list = "flag",
}

local function parse(argv)
  local args, message = options.parse(argv, KNOWN, { "request...?" })
  if not args then
    return nil, message
  end
  for _, act in ipairs(ACTS) do
    if args[act] then
      if args.act then
        return nil, "--" .. args.act .. " and --" .. act .. " exclude each other"
      end
      args.act = act
    end
  end
  if (not args.act or args.act == "change") ~= (args.request ~= nil) then
    local missing = args.act and "missing TEXT" or "missing REQUEST"
    return nil, args.request and "--" .. args.act .. " takes no request" or missing
  end
  return args
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  elseif args.act then
    return ACT[args.act](args)
  end
  local request, err = requests.read(args)
  if not request then
    return cli_report.failure(err)
  end
  return begin(args, request)
end

return M
