-- log.lua: `orket log`: the journal, as sentences or JSON lines; -f goes on as events are committed.

local async = require("orket.async")
local cjson = require("cjson")
local options = require("orket.options")
local plain = require("orket.view.plain")
local readers = require("orket.reader")
local report = require("orket.report")

local M = {}

M.usage = [[
usage: orket log [-C DIR] [-f] [--json] [--run RUN] [--card CARD] [-n COUNT]

The events of the project, oldest first (the last COUNT, default 100).
  -f   go on with what is committed from now on
]]

local function show(event, args)
  if args.json then
    print(cjson.encode(event))
    return
  end
  local line = plain.sentence(event)
  if line then
    print(event.at:sub(1, 19) .. "  " .. line)
  end
end

local function matches(event, args)
  return (not args.run or event.run == args.run) and (not args.card or event.card == args.card)
end

local function print_since(store, seq, args)
  repeat
    local events = store:read("events", { since = seq, limit = 500 })
    for _, event in ipairs(events) do
      seq = event.seq
      if matches(event, args) then
        show(event, args)
      end
    end
  until #events < 500
  return seq
end

-- The database's own files change with each commit; the kernel tells us, nobody polls.
local function follow(store, dir, seq, args)
  io.stdout:setvbuf("line")
  local stop
  async.suspend(function()
    stop = async.watch(dir .. "/.orket", function()
      seq = print_since(store, seq, args)
    end)
    return stop
  end)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local known = { C = "value", f = "flag", json = "flag", run = "value", card = "value", n = "value" }
  local args, message = options.parse(argv, known, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local dir = args.C or "."
  local store <close>, err = readers.open(dir)
  if not store then
    return report.failure(err)
  end
  local last = store:read("counts", {})[1].events
  local from = math.max(0, last - (tonumber(args.n) or 100))
  from = print_since(store, from, args)
  if args.f then
    follow(store, dir, from, args)
  end
  return 0
end

return M
