-- transcript.lua: `orket transcript CARD|TURN`: what was said in the turns of a card, or in one turn.

local dialogue = require("orket.view.dialogue")
local errors = require("orket.errors")
local follow = require("orket.history.follow")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local turn_record = require("orket.history.turn_record")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket transcript [-C DIR] [-f] [--full] [--all] [--markdown | --json] CARD | RUN/TURN

What was said and done in the turns of a card, in the run that worked on it last, or in one turn: prompt,
replies, thoughts, calls, results, refusals.
  -C DIR      the project (default: found upwards from here)
  -f          go on as the turns do, until the turn ends or until interrupted; a reply is shown when it is
              whole
  --full      long prompts, arguments and results as a whole
  --all       the turns of all runs
  --markdown  as Markdown
  --json      one JSON line per entry, with everything
exit: 0 done, 1 failed, 2 usage
]]

local function printed(entry, args)
  if args.json then
    return text.json(entry) .. "\n"
  elseif args.markdown then
    return dialogue.markdown(entry, args) .. "\n"
  end
  local columns = sys.is_tty(1) and sys.window(1) or nil
  return dialogue.text(entry, { columns = columns, full = args.full })
end

-- Prints what came since; answers how many entries, or nil when the output is closed.
local function print_turn(store, row, seen, args)
  local key = row.run .. "/" .. row.turn
  local entries, n = turn_record.entries(store, row, seen[key])
  seen[key] = n
  for _, entry in ipairs(entries) do
    if not io.write(printed(entry, args)) then
      return nil
    end
    seen.ended = entry.kind == "end"
  end
  return io.stdout:flush() and #entries
end

local function print_turns(store, rows, seen, args)
  local total = 0
  for _, row in ipairs(rows) do
    local count = print_turn(store, row, seen, args)
    if not count then
      return nil
    end
    total = total + count
  end
  return total
end

-- The turns to look at: the one that was named, or those of the card from the first one on.
local function turns_now(store, rows, args)
  if args.is_turn then
    return rows
  end
  local now, first = {}, rows[1] and rows[1].seq or 0
  for _, row in ipairs(store:read("turns", { card = args.id })) do
    now[#now + 1] = row.seq >= first and row or nil
  end
  return now
end

local function go_on(store, dir, rows, seen, args)
  return follow.changes(dir, function()
    local count = not (args.is_turn and seen.ended)
      and print_turns(store, turns_now(store, rows, args), seen, args) or nil
    return count and count > 0
  end)
end

local function show(store, args, dir)
  local rows, err = turn_record.turns(store, dir, args.id, args.all)
  if rows and #rows == 0 and not args.f then
    err = errors.new("ERR_NOT_FOUND", "no model has been asked about " .. args.id,
      "name an issue or a plan that was worked on, or RUN/TURN; orket history lists runs and turns")
  end
  if err then
    return nil, err
  end
  local seen = {}
  args.is_turn = rows[1] and args.id == rows[1].run .. "/" .. rows[1].turn
  if print_turns(store, rows, seen, args) and args.f then
    err = go_on(store, dir, rows, seen, args)
  end
  return not err and 0 or nil, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local known = { C = "value", f = "flag", full = "flag", all = "flag", markdown = "flag", json = "flag" }
  local args, message = options.parse(argv, known, { "id" })
  if args and args.markdown and args.json then
    args, message = nil, "--markdown and --json exclude each other"
  end
  return readonly.run(M.usage, show, args, message)
end

return M
