-- log.lua: `orket log`: the journal, as sentences or JSON lines; -f goes on as events are committed.

local follow = require("orket.history.follow")
local local_time = require("orket.view.format.local_time")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local sentences = require("orket.view.sentences")
local reader = require("orket.project.reader")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket log [-C DIR] [-f] [--json] [--run RUN] [--card CARD] [-n COUNT]

The events of the project, oldest first (the last COUNT that have a line, by default 100), each with its
number, which orket fork RUN@EVENT and orket repl --at EVENT take.
  -C DIR    the project (default: found upwards from here)
  -f        go on with what is committed from now on, until interrupted
  --json    one JSON line per event, with everything that is recorded
  --run     only of this run       --card   only of this card
exit: 0 done, 1 failed, 2 usage
]]

local BOARD = "board" -- what happens outside of runs

local PAGE = 500

-- False when its reader is gone.
local function show(store, event, args)
  if args.json then
    return io.write(text.json(event), "\n")
  end
  local line = sentences.sentence(event, store)
  return not line or io.write(wrap.fitted(string.format("%6d  ", event.seq) .. local_time.stamp(event.at)
    .. "  " .. line), "\n")
end

local function print_all(store, events, args)
  for _, event in ipairs(events) do
    if not show(store, event, args) then
      return false
    end
  end
  return io.stdout:flush()
end

local function reversed(list)
  local turned = {}
  for i = #list, 1, -1 do
    turned[#turned + 1] = list[i]
  end
  return turned
end

-- All events after `seq`; answers the last one's number, or nil when its reader is gone.
local function print_since(store, seq, args)
  local events
  repeat
    events = store:read("events", { since = seq, limit = PAGE, run = args.run, card = args.card })
    if not print_all(store, events, args) then
      return nil
    end
    seq = #events > 0 and events[#events].seq or seq
  until #events < PAGE
  return seq
end

local function parse(argv)
  local known = { C = "value", f = "flag", json = "flag", run = "value", card = "value", n = "value" }
  return options.counted(options.parse(argv, known, {}))
end

-- What is asked for has to be there.
local function check(store, args, dir)
  local found, err = true, nil
  if args.card then
    found, err = reader.card(store, args.card)
  end
  if found and args.run and args.run ~= BOARD then
    found, err = reader.run(store, dir, args.run)
  end
  return found, err
end

-- The newest events that are shown, oldest first: not every event has a line for people.
local function newest(store, args)
  local limit = args.n
  while true do
    local events, shown = reversed(store:read("last_events",
      { limit = limit, run = args.run, card = args.card })), {}
    for _, event in ipairs(events) do
      shown[#shown + 1] = (args.json or sentences.sentence(event, store)) and event or nil
    end
    if #shown >= args.n or #events < limit then
      return table.move(shown, math.max(1, #shown - args.n + 1), #shown, 1, {})
    end
    limit = limit * 2
  end
end

local function print_log(store, args, dir)
  local found, err = check(store, args, dir)
  if not found then
    return nil, err
  end
  local seq = store:read("counts", {})[1].events
  local last = newest(store, args)
  if print_all(store, last, args) and args.f then
    seq = #last > 0 and last[#last].seq or seq
    err = follow.changes(dir, function()
      local before = seq
      seq = print_since(store, before, args)
      return seq and seq ~= before
    end)
  end
  return not err and 0 or nil, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, print_log, parse(argv))
end

return M
