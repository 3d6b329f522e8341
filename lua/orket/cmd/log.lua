-- log.lua: `orket log`: the journal, as sentences or JSON lines; -f goes on as events are committed.

local async = require("orket.async")
local errors = require("orket.errors")
local look = require("orket.look")
local options = require("orket.options")
local plain = require("orket.view.plain")
local readers = require("orket.reader")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket log [-C DIR] [-f] [--json] [--run RUN] [--card CARD] [-n COUNT]

The events of the project, oldest first (the last COUNT of them, by default 100), each with its number, which
orket fork RUN@EVENT and orket repl --at EVENT take.
  -C DIR    the project (default: the current directory)
  -f        go on with what is committed from now on, until interrupted
  --json    one JSON line per event, with everything that is recorded
  --run     only of this run       --card   only of this card
exit: 0 done, 1 failed, 2 usage
]]

local BOARD = "board" -- what happens outside of runs

local PAGE = 500
local FIRST_PAUSE, LAST_PAUSE = 0.01, 3 -- seconds, doubling

-- False when nobody reads any more.
local function show(store, event, args)
  if args.json then
    return io.write(text.json(event), "\n")
  end
  local line = plain.sentence(event, store)
  return not line or io.write(string.format("%6d  ", event.seq), event.at:sub(1, 19), "  ", line, "\n")
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

-- All events after `seq`; answers the last one's number, or nil when nobody reads any more.
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

-- Looks until nothing came for a while: the kernel tells of a commit's bytes when they are written, readers
-- see them when they are safe on the disk, which is later.
local function look_on(self)
  local pause = FIRST_PAUSE
  while self.seq and pause < LAST_PAUSE do
    local before = self.seq
    self.seq = print_since(self.store, before, self.args)
    pause = (self.seq ~= before or self.changed) and FIRST_PAUSE or 2 * pause
    self.changed = false
    async.sleep(pause)
  end
end

-- The database's own files change with each commit; the kernel tells us, nobody polls.
local function follow(store, dir, seq, args)
  local self = { store = store, seq = seq, args = args }
  local _, err = async.suspend(function(wake)
    local function changed()
      self.changed = true
      if not self.looking then
        self.looking = true
        look_on(self)
        self.looking = false
      end
      if not self.seq then
        wake(true) -- nobody reads any more
      end
    end
    if not async.watch(dir .. "/.orket", changed, true) then
      return wake(nil, errors.new("ERR_IO", "cannot watch " .. dir .. "/.orket", "look again without -f"))
    end
    async.on_signals({ "sigint", "sigterm" }, function()
      wake(true)
    end)
    async.spawn(changed) -- what came before the watch
  end)
  return err
end

local function parse(argv)
  local known = { C = "value", f = "flag", json = "flag", run = "value", card = "value", n = "value" }
  return options.counted(options.parse(argv, known, {}))
end

-- What is asked for has to be there.
local function check(store, args, dir)
  local found, err = true, nil
  if args.card then
    found, err = readers.card(store, args.card)
  end
  if found and args.run and args.run ~= BOARD then
    found, err = readers.run(store, dir, args.run)
  end
  return found, err
end

local function print_log(store, args, dir)
  local found, err = check(store, args, dir)
  if not found then
    return nil, err
  end
  local seq = store:read("counts", {})[1].events
  local last = reversed(store:read("last_events", { limit = args.n, run = args.run, card = args.card }))
  if print_all(store, last, args) and args.f then
    err = follow(store, dir, #last > 0 and last[#last].seq or seq, args)
  end
  return not err and 0 or nil, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return look.run(M.usage, print_log, parse(argv))
end

return M
