-- why.lua: `orket why EVENT`: the chain that led to an event, or to a card's last move; `orket why --run
-- RUN`: is every effect of a run accounted for.

local cjson = require("cjson")
local dialogue = require("orket.view.dialogue")
local readonly = require("orket.view.readonly")
local event_ref = require("orket.history.event_ref")
local options = require("orket.options")
local reader = require("orket.project.reader")
local reasons = require("orket.reports.reasons")
local text = require("orket.view.format.text")
local turn_record = require("orket.history.turn_record")

local M = {}

M.usage = [[
usage: orket why [-C DIR] [--json] EVENT | CARD | --run RUN

What an event follows from: the prompt, the reply, the call as it was understood, the rule that let it
through, a person's approval, the effect. EVENT is a number of orket log, or RUN/TURN.N; of a CARD it is its
last move. With --run: every effect of a run must have such a chain, and those that have none are listed.
  -C DIR    the project (default: found upwards from here)
  --json    {"event","chain":[{"link",…}],"complete","missing"}; with --run {"run","effects","incomplete":[…]}
exit: 0 the chain is complete, 1 a link is missing or it failed, 2 usage
]]

local FIELDS = { "hash", "role", "seat", "generation", "model", "step", "tool", "arguments", "dialect",
  "decision", "rule",
  "where", "operation", "answer", "outcome", "by", "kind", "card", "ok", "tests", "path", "from", "to",
  "blob", "permit", "why" }
local SHORT = { hash = true, operation = true, blob = true, permit = true }
local WIDTH = 160

-- What a prompt and a reply are known by in the journal is for programs; a person is shown the command that
-- prints them.
local SAID = { prompt = true, reply = true }

local function said(link)
  local parts = {}
  for _, name in ipairs(FIELDS) do
    local value = link[name]
    if value ~= nil and value ~= cjson.null and not (name == "hash" and SAID[link.link]) then
      value = SHORT[name] and tostring(value):sub(1, 12) or tostring(value)
      parts[#parts + 1] = name .. "=" .. value
    end
  end
  return text.cut(text.line(table.concat(parts, "  ")), WIDTH)
end

local function print_chain(store, reason)
  for _, link in ipairs(reason.chain) do
    print(string.format("  %-9s %7d  %s", link.link, link.event, said(link)))
    local reply = link.link == "reply" and store:read("event", { seq = link.event })[1]
    if reply and reply.kind == "step.reply" then
      print((" "):rep(21) .. text.cut(dialogue.gist(turn_record.reply_head(store, reply.body)), WIDTH))
    end
  end
  local event = reason.event
  if event.turn and event.run ~= "board" and event.turn ~= 0 then
    print("  what was said: orket transcript " .. text.line(event.run .. "/" .. event.turn))
  end
  if not reason.complete then
    print("  missing: " .. table.concat(reason.missing, ", "))
  end
end

local function of_event(store, args)
  local event, err = event_ref.meant(store, args.event)
  if not event then
    return nil, err
  end
  local reason = reasons.why(store, event)
  if args.json then
    print(text.json(reason))
  else
    print_chain(store, reason)
  end
  return reason.complete and 0 or 1
end

local function of_run(store, args, dir)
  local run, err = reader.run(store, dir, args.run)
  err = err or event_ref.dropped(store, args.run)
  if not run or err then
    return nil, err
  end
  local incomplete, effects = reasons.incomplete(store, args.run)
  if args.json then
    print(text.json({ run = args.run, effects = effects,
      incomplete = setmetatable(incomplete, cjson.array_mt) }))
    return #incomplete == 0 and 0 or 1
  end
  for _, reason in ipairs(incomplete) do
    print(reason.event.seq .. " " .. reason.event.kind)
    print_chain(store, reason)
  end
  print(string.format("%d effects, %d without a complete chain", effects, #incomplete))
  return #incomplete == 0 and 0 or 1
end

local function show(store, args, dir)
  if args.run then
    return of_run(store, args, dir)
  end
  return of_event(store, args)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", run = "value" }, { "event?" })
  if args and not (args.run or args.event) then
    args, message = nil, "missing EVENT"
  end
  return readonly.run(M.usage, show, args, message)
end

return M
