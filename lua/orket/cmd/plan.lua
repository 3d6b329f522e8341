-- plan.lua: `orket plan`: a request becomes a rock with epics and issues, which a person takes or does not.

local approvals = require("orket.approvals")
local cjson = require("cjson")
local errors = require("orket.errors")
local objections = require("orket.planning.objection")
local options = require("orket.options")
local owner = require("orket.owner")
local parked = require("orket.parked")
local people = require("orket.people")
local planning = require("orket.planning")
local reader = require("orket.reader")
local report = require("orket.report")
local requests = require("orket.cmd.plan.request")
local session = require("orket.session")
local shown = require("orket.planning.shown")
local sys = require("orket.core.sys")
local text = require("orket.view.text")
local views = require("orket.view.planning")

local M = {}

M.usage = [[
usage: orket plan [-C DIR] [--json] [--yes] [--team NAME] [--environment NAME] [--label NAME] REQUEST
       orket plan [-C DIR] [--json] --accept ID | --change ID TEXT | --drop ID | --go-on ID | --show ID | --list

An analyst and an architect turn a request into a rock with epics and issues. Nothing of it is there before a
person has said yes to exactly what is shown; then orket run ROCK runs it.
  REQUEST   a sentence; a file (one word); - for standard input
  -C DIR    the project (default: the current directory)
  --json    one line with the plan and what became of it
  --yes     whoever types this says yes to whatever is proposed
  --team, --environment   of the plan's epics; needed when there are several
  --label   the request was written elsewhere: what is made of it carries this label, such as untrusted
  --accept  says yes to a plan that waits, as long as it still holds
  --change  says what should be otherwise; the plan is made again
  --drop    gives a plan up
  --go-on   goes on with a plan that was interrupted, or whose question was answered
exit: 0 done, 1 no plan that holds, or refused, 2 usage, 3 the plan waits for a person
]]

-- ---- what became of a plan ----

local function look(args, id)
  local store <close>, err = reader.open(args.C or ".")
  if not store then
    return nil, err
  end
  local plan
  plan, err = planning.find(store, id)
  if plan then
    plan.parked = parked.list(store, plan.id, args.C)[1]
    plan.fault = planning.fault(store, plan)
  end
  return plan, err
end

local function status_of(plan)
  return plan.rock and "accepted" or plan.card.status == "canceled" and (plan.fault and "failed" or "dropped")
    or plan.question and "waiting" or plan.fault and "failed" or plan.parked and "parked" or "open"
end

local function as_json(plan, failure)
  return {
    kind = "plan", id = plan.id, status = status_of(plan), request = plan.request, rock = plan.rock, plan = plan.proposal,
    labels = plan.labels and setmetatable(plan.labels, cjson.array_mt), error = failure or plan.fault,
    question = plan.question and { id = plan.question.id, expires_at = plan.question.expires_at },
    parked = not (plan.question or plan.fault) and plan.parked or nil,
  }
end

local function print_waiting(plan, dir)
  local option = parked.option(dir)
  print(string.format("%s waits for a yes, until %s:", plan.id, plan.question.expires_at:sub(1, 19) .. "Z"))
  for _, act in ipairs({ "--accept " .. plan.id, "--change " .. plan.id .. " TEXT", "--drop " .. plan.id }) do
    print("  orket plan" .. option .. " " .. act)
  end
end

local function print_proposal(plan)
  if plan.labels then
    print("made of what came from outside (" .. table.concat(plan.labels, ", ") .. "):")
  end
  for _, line in ipairs(shown.lines(plan.proposal)) do
    print(line)
  end
end

local WAITS = { resource = true, system = true, dependency = true } -- for nothing that a person would have to say

local SAY = {}

function SAY.accepted(plan, dir)
  print(string.format("%s is taken. Next:\n  orket run%s %s", plan.id, parked.option(dir), plan.rock))
end

function SAY.waiting(plan, dir)
  print_proposal(plan)
  print_waiting(plan, dir)
end

function SAY.parked(plan, dir)
  local card = plan.parked
  print(string.format("%s waits (%s)%s", plan.id, text.clean(card.reason or card.status), card.why and ": " .. text.line(card.why) or ""))
  if not WAITS[card.reason] then
    print("  " .. card.command)
  end
  print("  orket plan" .. parked.option(dir) .. " --go-on " .. plan.id)
end

function SAY.dropped(plan)
  print(plan.id .. " was given up")
end

function SAY.open(plan, dir)
  print(string.format("%s is being made; go on with: orket plan%s --go-on %s", plan.id, parked.option(dir), plan.id))
end

function SAY.failed(plan)
  report.failure(plan.fault)
end

local EXIT = { accepted = 0, waiting = 3, parked = 3, open = 3, failed = 1, dropped = 0 }

-- ---- acts ----

local function drop(args, plan)
  return owner.ask(args.C or ".", { act = "move", card = plan.id, status = "canceled", why = "the plan was given up", who = sys.user() })
end

-- A run of the plan, until it waits for a person; `begin` is what is done first, as the owner.
local function run(args, begin)
  local found, failure
  local code = session.run({ C = args.C, view = views.new(args) }, function(project)
    found, failure = begin(project)
    return found and { card = found }, failure
  end)
  return found, failure, code
end

local function answer(project, id, said)
  local plan, err = planning.find(project.store, id)
  if not plan then
    return nil, err
  elseif not plan.question then
    return nil, errors.new("ERR_TRANSITION", plan.id .. " waits for no yes: it is " .. status_of(plan), "orket plan --show " .. plan.id)
  end
  local against = said.answer == "approved" and objections.of(project, project.store, plan.proposal, planning.about(plan))
  if against then
    return nil, objections.error(against)
  elseif approvals.is_late(plan.question) then
    said = { answer = "expired" }
  end
  local ok
  ok, err = approvals.answer(project.store, plan.question, { answer = said.answer, why = said.why, who = said.answer ~= "expired" and sys.user() or nil })
  return ok and plan.id, err
end

local function say_yes(args, id, why)
  return run(args, function(project)
    return answer(project, id, { answer = "approved", why = why })
  end)
end

local function say_otherwise(args, id, why)
  return run(args, function(project)
    return answer(project, id, { answer = "denied", why = why })
  end)
end

-- ---- the person ----

local function ask_person(plan)
  print_proposal(plan)
  io.write("Make these cards? y: yes, n: give it up, text: what should be otherwise, nothing: later > ")
  io.flush()
  local line = io.read("l")
  return line and line:match("^%s*(.-)%s*$") or ""
end

local NEXT = { y = "yes", yes = "yes", n = "no", no = "no", [""] = "later" }

-- Answers true when the plan is to be looked at again.
local function converse(args, plan)
  local said = ask_person(plan)
  local meant = utf8.len(said) and (NEXT[said:lower()] or "otherwise") or "later"
  if meant == "yes" then
    say_yes(args, plan.id)
  elseif meant == "no" then
    drop(args, plan)
  elseif meant == "otherwise" then
    say_otherwise(args, plan.id, said)
  end
  return meant ~= "later"
end

local function finish(args, plan, failure)
  local status = status_of(plan)
  if args.json then
    print(text.json(as_json(plan, failure)))
  elseif not failure then
    SAY[status](plan, args.C)
  end
  return failure and 1 or EXIT[status]
end

local function is_conversation(args)
  return not (args.json or args.yes) and sys.is_tty(0) and sys.is_tty(1)
end

-- A stubborn model came to nothing: its plan is over, and nobody is asked about it.
local function give_up(args, plan)
  if plan.fault and not plan.question and not plan.rock and plan.card.status ~= "canceled" then
    drop(args, plan)
  end
end

-- Until the plan is taken, given up, or left to wait.
local function see_through(args, id, failure)
  local plan, err
  repeat
    plan, err = look(args, id)
    if not plan then
      return report.failure(err)
    end
    give_up(args, plan)
    local again = false
    if plan.question and not failure and args.yes then
      failure = select(2, say_yes(args, id, "--yes"))
      again = true
    elseif plan.question and not failure and is_conversation(args) then
      again = converse(args, plan)
    end
  until not again
  return finish(args, plan, failure)
end

local function begin(args, opening)
  local id, failure, code = run(args, opening)
  if not id then
    if args.json and failure then
      print(text.json({ kind = "plan", status = "failed", error = failure }))
    end
    return code == 0 and 1 or code
  end
  return see_through(args, id)
end

local ACT = {}

function ACT.accept(args)
  local _, failure, code = say_yes(args, args.accept)
  return (failure or code ~= 1) and see_through(args, args.accept, failure) or code
end

function ACT.change(args)
  local _, failure, code = say_otherwise(args, args.change, args.request)
  return (failure or code ~= 1) and see_through(args, args.change, failure) or code
end

function ACT.drop(args)
  local plan, err = look(args, args.drop)
  local ok
  if plan then
    ok, err = drop(args, plan)
  end
  return ok and finish(args, (look(args, args.drop))) or report.failure(err)
end

function ACT.show(args)
  local plan, err = look(args, args.show)
  if not plan then
    return report.failure(err)
  elseif args.json then
    print(text.json(as_json(plan)))
  else
    if plan.proposal and not plan.question then
      print_proposal(plan)
    end
    SAY[status_of(plan)](plan, args.C)
  end
  return 0
end

-- What it waited for is tried again; a question of its own is answered first.
ACT["go-on"] = function(args)
  return begin(args, function(project)
    local plan, err = planning.find(project.store, args["go-on"])
    local ok = plan
    if plan and plan.card.status == "blocked" and WAITS[plan.card.wait_reason] then
      ok, err = people.perform(project, { act = "retry", card = plan.card.id, who = sys.user() })
    end
    return ok and plan.id, err
  end)
end

function ACT.list(args)
  local store <close>, err = reader.open(args.C or ".")
  if not store then
    return report.failure(err)
  end
  local rows = setmetatable({}, cjson.array_mt)
  for _, id in ipairs(planning.ids(store)) do
    local plan = planning.find(store, id)
    plan.parked, plan.fault = parked.list(store, plan.id, args.C)[1], planning.fault(store, plan)
    rows[#rows + 1] = { id = plan.id, status = status_of(plan), name = plan.card.name, rock = plan.rock }
  end
  if args.json then
    print(text.json(rows))
  end
  for _, row in ipairs(args.json and {} or rows) do
    print(text.cut(text.clean(string.format("%-8s %-9s %s%s", row.id, row.status, row.rock and row.rock .. "  " or "", row.name)), 80))
  end
  return 0
end

-- ---- the command ----

local ACTS = { "accept", "change", "drop", "go-on", "show", "list" }

local KNOWN = {
  C = "value", json = "flag", yes = "flag", team = "value", environment = "value", label = "value", accept = "value",
  change = "value", drop = "value", ["go-on"] = "value", show = "value", list = "flag",
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
    return nil, args.request and "--" .. args.act .. " takes no request" or args.act and "missing TEXT" or "missing REQUEST"
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
    return report.failure(err)
  end
  return begin(args, function(project)
    return planning.open(project, requests.labelled(project, request))
  end)
end

return M
