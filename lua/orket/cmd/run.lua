-- run.lua: `orket run CARD`: owns the project, runs the card, shows what happens.

local async = require("orket.async")
local cassettes = require("orket.cassette")
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
usage: orket run [-C DIR] [--json] [--plain] [--again] [--record FILE | --replay FILE] CARD

Runs an epic, a rock or one issue until nothing can go on without a person.
  -C DIR    the project (default: the current directory)
  --json    one JSON line per event
  --plain   plain lines even on a terminal
  --again   a finished epic is built anew
  --record FILE  writes what the models were asked and answered into a new file, a cassette
  --replay FILE  replies come from a cassette and no socket is opened; a request that it does not have ends
                 the run with the difference
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

-- With a cassette nobody is listened to: no socket at all is opened.
local function serve(project, args, handlers)
  if args.replay then
    return { close = function() end }
  end
  return owner.serve(project, handlers)
end

local function run(project, args, view)
  local ok, err = prepare(project, args)
  if not ok then
    return nil, err
  end
  local state = { view = view }
  local server
  server, err = serve(project, args, {
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
    on_delta = view.on_delta, cassette = args.cassette,
    on_run = function(started)
      state.run = started
      view:attach(project, started)
    end,
  })
  watched:close()
  stop_signals()
  server.close()
  failure = failure or args.cassette and args.cassette:finish()
  status = failure and "failed" or status
  view:finish({
    status = status, counts = counts, already = already, error = failure, card = args.card, dir = project.dir,
  })
  return status, failure
end

-- ---- cassettes ----

local function cannot(name, message, fix)
  return nil, errors.new("ERR_CASSETTE", (message or "cannot use it"):gsub("^" .. name:gsub("%p", "%%%0") .. ": ", "")
    .. ": " .. name, fix)
end

local function record_into(name)
  if io.open(name, "rb") then
    return cannot(name, "there is a file already", "name another one, or remove it")
  end
  local file, message = io.open(name, "ab")
  if not file then
    return cannot(name, message, "name a file that can be made")
  end
  file:setvbuf("no") -- what was answered is kept, whatever happens to this process
  return cassettes.recorder(function(text)
    return file:write(text)
  end)
end

local function replay_from(name)
  local file, message = io.open(name, "rb")
  local text = file and file:read("a")
  if not text then
    return cannot(name, message, "orket run --record FILE makes one")
  end
  file:close()
  return cassettes.player(text)
end

local function open_cassette(args)
  if args.record then
    return record_into(args.record)
  end
  return replay_from(args.replay)
end

local OPTIONS = { C = "value", json = "flag", plain = "flag", again = "flag", record = "value", replay = "value" }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, OPTIONS, { "card" })
  if args and args.record and args.replay then
    args, message = nil, "--record and --replay exclude each other"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", { own = true, beside = true })
  if not project then
    return report.failure(err)
  end
  if args.record or args.replay then
    args.cassette, err = open_cassette(args)
    if not args.cassette then
      return report.failure(err)
    end
  end
  if not args.replay then
    llm.warm() -- after the thread of the database: none begins while libraries are loaded
  end
  local view = require(report.view(args)).new(args)
  local status
  status, err = run(project, args, view)
  if err then
    report.failure(err)
  end
  return EXIT[status] or 1
end

return M
