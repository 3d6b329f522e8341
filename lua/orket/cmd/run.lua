-- run.lua: `orket run CARD`: owns the project, runs the card, shows what happens.

local async = require("orket.async")
local errors = require("orket.errors")
local llm = require("orket.llm")
local options = require("orket.options")
local owner = require("orket.owner")
local projects = require("orket.project")
local report = require("orket.report")
local runs = require("orket.runs")
local cards = require("orket.cards")
local watch = require("orket.watch")

local M = {}

M.usage = [[
usage: orket run [-C DIR] [--json] [--plain] [--again] CARD

Runs an epic, a rock or one issue until nothing can go on without a person.
  -C DIR    the project (default: the current directory)
  --json    one JSON line per event
  --plain   plain lines even on a terminal
  --again   a finished epic is built anew
exit: 0 done, 1 failed or refused, 2 usage, 3 parked for a person
]]

local EXIT = { done = 0, failed = 1, parked = 3, drained = 3 }

local function drain_on_signals(state)
  local signals = 0
  return async.on_signals({ "sigint", "sigterm" }, function()
    signals = signals + 1
    if signals > 1 or not state.run then
      os.exit(130, false)
    end
    state.view:note("stopping: open turns are kept and go on with the next run; again stops at once")
    state.run:drain()
  end)
end

local function reload_on_change(project, view)
  return watch.open(project.dir, function()
    project:reload(function(text)
      view:note(text)
    end)
  end)
end

-- Cards and scripts in one commit; when a card is refused, neither.
local function record(project, again)
  local creating = async.spawn(cards.create, project, again)
  if not creating.done then
    local ok, err = project:record_generation()
    if not ok then
      return nil, err
    end
  end
  return async.join(creating)
end

local function prepare(project, args)
  local generation, problems = project:load_scripts()
  local ok, err = project:ready()
  if not ok then
    return nil, err
  end
  if not generation or #problems > 0 then
    return nil, problems
  end
  project:open_board("system")
  return record(project, args.again and args.card)
end

local function run(project, args, view)
  local ok, err = prepare(project, args)
  if not ok then
    return nil, err
  end
  local state = { view = view }
  local server
  server, err = owner.serve(project, {
    halt = function(request)
      if not state.run or request.run and request.run ~= state.run.id then
        return nil, errors.new("ERR_NOT_FOUND", "the run " .. (request.run or "") .. " is not under way",
          state.run and "it is " .. state.run.id .. " that runs" or "it has not begun")
      end
      state.run:drain()
      return { run = state.run.id, message = state.run.id .. " stops; open turns go on with the next run" }
    end,
  })
  if not server then
    return nil, err
  end
  local stop_signals = drain_on_signals(state)
  local watched = reload_on_change(project, view)
  local status, failure, counts, already = runs.run(project, args.card, {
    on_delta = view.on_delta,
    on_run = function(started)
      state.run = started
      view:attach(project, started)
    end,
  })
  watched:close()
  stop_signals()
  server.close()
  view:finish({
    status = status, counts = counts, already = already, error = failure, card = args.card, dir = project.dir,
  })
  return status, failure
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", plain = "flag", again = "flag" }, { "card" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", { own = true, beside = true })
  if not project then
    return report.failure(err)
  end
  llm.warm() -- after the thread of the database: none begins while libraries are loaded
  local view = require(report.view(args)).new(args)
  local status
  status, err = run(project, args, view)
  if err then
    report.failure(err)
  end
  return EXIT[status] or 1
end

return M
