-- session.lua: a run with all that is around it while this process owns the project: signals, the owner's
-- socket, changed scripts, the view, the exit code. What is to be run is said by the command.

local async = require("orket.async")
local canary = require("orket.scripts.canary")
local drift = require("orket.project.drift")
local client = require("orket.llm.client")
local jobs = require("orket.scheduler.jobs")
local notice = require("orket.scripts.permission_delta.notice")
local outbox = require("orket.notify.outbox")
local owner = require("orket.project.owner")
local parked = require("orket.reports.parked")
local preparation = require("orket.project.preparation")
local problem_list = require("orket.project.config.problem_list")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local change = require("orket.scripts.serving.change")
local run_set = require("orket.scheduler.run_set")
local sys = require("orket.core.sys")
local tracing = require("orket.telemetry.tracing")
local watch = require("orket.project.watch")

local M = {}

local NOTICES = 5 -- seconds that those are waited for who are being notified
local TRACES = 2 -- seconds that a collector is waited for at the end of a run
local EXIT = { done = 0, failed = 1, parked = 3, drained = 3 }

-- A terminal that is gone stops it as well, unless the process was started to ignore that (nohup).
local function signals_of_an_end()
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
  return async.on_signals(signals_of_an_end(), function()
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
  return watch.open(project.dir, function()
    change.reload(project, function(text)
      view:note(text)
    end)
  end)
end

-- With a cassette nobody is listened to: no socket at all is opened.
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
      view:note(string.format("%s:%d: %s; %s", problem.file, problem.line, problem_list.said_at(problem),
        problem.fix))
    end
  end
end

local function own_jobs(project, view)
  return jobs.new(project, { on_delta = view.on_delta, note = function(text)
    view:note(text)
  end })
end

-- Runs what was chosen, to its end.
local function play(project, owned, goal, args, view)
  local shown = {}
  local job = assert(owned:begin({ card = goal.card, run = goal.run, is_prepared = true },
    { cassette = args.cassette, on_run = function(run)
      table.insert(shown, { id = run.id, epic = { id = run.epic.id }, store = run.store })
      view:attach(project, run)
    end }))
  owned:await_idle()
  return job, shown
end

local function run(project, args, view, choose)
  local ok, err = preparation.prepare(project, args.again and args.card)
  if ok then
    canary.open(project, function(text)
      view:note(text)
    end)
  end
  local goal
  if ok then
    goal, err = choose(project, function(text)
      view:note(text)
    end)
  end
  if not goal then
    return nil, err
  end
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
  local owned = own_jobs(project, view)
  local server
  server, err = serve(project, args)
  if not server then
    return nil, err
  end
  local traces = not args.replay and tracing.open(project, function(text)
    view:note(text)
  end)
  local notified = not args.replay and outbox.open(project, function(text)
    view:note(text)
  end)
  local stop_signals = drain_on_signals(project, owned, view)
  local watched = reload_on_change(project, view)
  local job, shown = play(project, owned, goal, args, view)
  watched:close()
  if traces then
    traces:close(TRACES)
  end
  if notified then
    notified:close(NOTICES)
  end
  stop_signals()
  server.close()
  local failure = job.error or args.cassette and args.cassette:finish()
  local ended = job.ended or {}
  local status = failure and "failed" or ended.status
  view:finish({
    status = status, counts = ended.counts, already = ended.already, error = failure, card = goal.card,
    dir = project.dir, runs = shown, pushes = ended.pushes,
  })
  return status, failure
end

---Owns the project and runs what `choose` says, which is asked when the board is ready.
---@param args {C: string?, json: boolean?, plain: boolean?, again: boolean?, card: string?, replay: string?,
---open_cassette: (fun(): table?, Error?)?, view: table?}
---@param choose fun(project: table, note: fun(text: string)): {card: string, run: table?}?, Error?
---@return integer exit code
function M.run(args, choose)
  local project <close>, err = projects.open(args.C or ".", { own = true, beside = true })
  if not project then
    return cli_report.failure(err)
  end
  if args.open_cassette then
    args.cassette, err = args.open_cassette()
    if not args.cassette then
      return cli_report.failure(err)
    end
  end
  if not args.replay then
    client.warm() -- after the thread of the database: none begins while libraries are loaded
  end
  local view = args.view or require(cli_report.view(args)).new(args)
  local status
  status, err = run(project, args, view, choose)
  if err then
    cli_report.failure(err)
  end
  return EXIT[status] or 1
end

return M
