-- session.lua: a run of a command with all that is around it: signals, the owner's socket, changed scripts,
-- the view, the exit code. Beside an owner that one does the work (session/handover.lua). What is to be run
-- is said by the command.

local acts = require("orket.governance.acts")
local async = require("orket.async")
local canary = require("orket.scripts.canary")
local drift = require("orket.project.drift")
local client = require("orket.llm.client")
local handover = require("orket.project.session.handover")
local jobs = require("orket.scheduler.jobs")
local notice = require("orket.scripts.permission_delta.notice")
local outbox = require("orket.notify.outbox")
local owner = require("orket.project.owner")
local parked = require("orket.reports.parked")
local preparation = require("orket.project.session.preparation")
local problem_list = require("orket.project.config.problem_list")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local change = require("orket.scripts.serving.change")
local run_events = require("orket.view.run_events")
local run_set = require("orket.scheduler.run_set")
local sys = require("orket.core.sys")
local tracing = require("orket.telemetry.tracing")
local watch = require("orket.project.watch")

local M = {}

local NOTICES = 5 -- seconds that those are waited for who are being notified
local FIRST_PAUSE, LAST_PAUSE = 0.005, 1 -- seconds: three of them in all
local TRACES = 2 -- seconds that a collector is waited for at the end of a run
local EXIT = { done = 0, failed = 1, parked = 3, drained = 3 }

---The signals that stop a process. A terminal that is gone stops it as well, unless the process was started
---to ignore that (nohup).
---@return string[]
function M.signals_of_an_end()
  return sys.is_ignored("SIGHUP") and { "sigint", "sigterm" } or { "sigint", "sigterm", "sighup" }
end

local function note_stop(view, run, waits)
  local text = "stopping: open turns are kept and go on with the next run"
  if waits > 0 then
    text = string.format("%s; %d under way %s waited for, up to %d s: again stops at once",
      text, waits, waits == 1 and "is" or "are", math.ceil(run.limits.drain))
  end
  view:note(text)
end

-- The first one waits for replies under way, the second one gives them up, the third one does not even say
-- so.
local function drain_on_signals(project, owned, view)
  local signals = 0
  return async.on_signals(M.signals_of_an_end(), function()
    local run = run_set.of(project):all()[1]
    signals = signals + 1
    if signals > 2 or not (run or owned.has_begun) then
      if view.leave then
        view:leave()
      end
      os.exit(130, false)
    end
    local waits = owned:drain(signals > 1)
    if signals == 1 then
      note_stop(view, run, waits)
    end
  end)
end

local function reload_on_change(project, view)
  return watch.open(project.dir, watch.SCRIPTS, function()
    change.reload(project, function(text)
      view:note(text)
    end)
  end)
end

-- With a cassette no client is served: no socket at all is opened.
local function serve(project, args)
  if args.replay then
    return { close = function() end }
  end
  return owner.serve(project)
end

-- Keys that had an effect once: their user has to learn that they have none.
local function note_retired(project, view)
  for _, problem in ipairs(project.config.warnings or {}) do
    if problem.retired then
      view:note(string.format("%s:%d: %s; %s", problem.file, problem.line, problem_list.full_line(problem),
        problem.fix))
    end
  end
end

-- ---- a run of this process ----

local function noter(view)
  return function(text)
    view:note(text)
  end
end

local function goal_of(project, args, first)
  if not first then
    return { card = args.card }
  end
  local answer, err = acts.perform(project, first)
  return answer and { card = answer.card, run = answer.run, note = answer.note }, err
end

-- What its person has to know before anything runs.
local function note_all(project, args, view)
  if project.waiting then
    view:note(notice.of(project.store, args.C))
    if project.waiting.narrows then
      view:note(notice.narrowed(project.waiting.narrows))
    end
  end
  if project.reconfigured and #project.reconfigured.delta > 0 then
    view:note(notice.configuration(project.reconfigured.delta))
  end
  local differing = drift.sentence(drift.find(project.store, project.config), parked.option(args.C))
  if differing then
    view:note(differing)
  end
  note_retired(project, view)
end

-- The project as the view sees it, which shows these runs.
local function shown_project(project, attached, card)
  return run_events.project(project, function(hear)
    return project.store:subscribe(function(event)
      if run_events.concern(attached, card, event) then
        hear(event)
      end
    end)
  end)
end

-- Runs what was chosen, to its end.
local function play(project, goal, args, view)
  local attached, shown = {}, {}
  local seen = shown_project(project, attached, goal.card)
  local job = assert(project.jobs:begin({ card = goal.card, run = goal.run, is_prepared = true },
    { cassette = args.cassette, on_run = function(run)
      table.insert(attached, run)
      table.insert(shown, { id = run.id, epic = { id = run.epic.id }, store = run.store })
      view:attach(seen, run)
    end }))
  job:await_end()
  return job, shown
end

local function finish(args, view, goal, job, shown)
  local failure = job.error or args.cassette and args.cassette:finish()
  local ended = job.ended or {}
  local status = failure and "failed" or ended.status
  view:finish({
    status = status, counts = ended.counts, already = ended.already, error = failure, card = goal.card,
    dir = args.C or ".", runs = shown, pushes = ended.pushes,
  })
  return { status = status, error = failure, card = goal.card }
end

-- Runs of other commands, which this process has taken over, come to their end.
local function await_others(owned)
  if owned.list[1] then
    io.stderr:write("orket: waits for what other commands run in this process; ^C stops it\n")
  end
  owned:await_idle()
  owned.stopping = true
  owned:await_followers()
end

-- What goes on beside the runs, until the end of the process.
local function open_around(project, args, view)
  local server, err = serve(project, args)
  if not server then
    return nil, err
  end
  local traces = not args.replay and tracing.open(project, noter(view))
  local notified = not args.replay and outbox.open(project, noter(view))
  local stop_signals = drain_on_signals(project, project.jobs, view)
  local watched = reload_on_change(project, view)
  return { close = function()
    watched:close()
    if traces then
      traces:close(TRACES)
    end
    if notified then
      notified:close(NOTICES)
    end
    stop_signals()
    server.close()
  end }
end

local function own(project, args, view, first)
  local ok, err = preparation.prepare(project, args.again and args.card)
  if ok then
    canary.open(project, noter(view))
  end
  local goal
  if ok then
    goal, err = goal_of(project, args, first)
  end
  if not goal then
    return { status = "failed", error = err, failure = err }
  end
  if goal.note then
    view:note(goal.note)
  end
  note_all(project, args, view)
  project.jobs = jobs.new(project, { on_delta = view.on_delta, note = noter(view) })
  local around
  around, err = open_around(project, args, view)
  if not around then
    return { status = "failed", error = err, card = goal.card }
  end
  local ended = finish(args, view, goal, play(project, goal, args, view))
  await_others(project.jobs)
  around.close()
  return ended
end

-- ---- the command ----

local function open_cassette(args)
  if not args.open_cassette then
    return true
  end
  local err
  args.cassette, err = args.open_cassette()
  return args.cassette, err
end

local function run_here(project, args, first)
  local closing <close> = project
  local ok, err = open_cassette(args)
  if not ok then
    return { status = "failed", error = err }
  end
  if not args.replay then
    client.warm() -- after the thread of the database: none begins while libraries are loaded
  end
  return own(closing, args, args.make_view(), first)
end

-- By this process, or by the one that owns the project. One that owns it for a moment, or ends, is waited
-- for.
local function run(args, first)
  local pause = FIRST_PAUSE
  while true do
    local project, err = projects.open(args.C or ".", { own = true, beside = true })
    if project then
      return run_here(project, args, first)
    elseif err.code ~= "ERR_OWNED" or args.open_cassette or pause > LAST_PAUSE then
      return { status = "failed", error = err }
    end
    local ended, why = handover.run(args.C or ".", { card = args.card, again = args.again, first = first },
      args.make_view)
    if ended then
      return ended
    elseif not (why.stops or why.code == "ERR_NOT_FOUND") then
      return { status = "failed", error = why }
    end
    async.sleep(pause)
    pause = pause * 1.5
  end
end

---Runs a card until nothing of it can go on without a person: as the owner of the project, or by the process
---that owns it.
---@param args {C: string?, json: boolean?, plain: boolean?, again: boolean?, card: string?, replay: string?,
---  open_cassette: (fun(): table?, Error?)?, view: table?}
---@param first Request|nil an act that comes first, and answers the card and perhaps the run
---@return integer exit code
---@return {card: string?, failure: Error|nil} ran  failure: of what came first
function M.run(args, first)
  if first then
    first.who = sys.user()
  end
  local view = args.view
  function args.make_view()
    view = view or require(cli_report.view(args)).new(args)
    return view
  end
  local ended = run(args, first)
  if ended.error then
    cli_report.failure(ended.error)
  end
  return EXIT[ended.status] or 1, ended
end

return M
