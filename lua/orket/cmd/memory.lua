-- memory.lua: `orket memory`: what is remembered, looked for, added and forgotten by a person, and where it
-- came from.

local cjson = require("cjson")
local errors = require("orket.errors")
local local_time = require("orket.view.format.local_time")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local meaning = require("orket.memory.meaning")
local origin = require("orket.memory.origin")
local searches = require("orket.memory.search")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [=[
usage: orket memory [-C DIR] [--json] [-n COUNT] [--all] [--epic EPIC] [--role ROLE] [--card CARD]
                    search [TEXT]
       orket memory [-C DIR] [--json] [--epic EPIC] [--role ROLE] [--card CARD] [--label NAME] [--days N]
                    add TEXT
       orket memory [-C DIR] [--json] [--epic EPIC] [--role ROLE] [--card CARD] [--label NAME] [--days N]
                    --lines FILE add
       orket memory [-C DIR] [--json] [--why WHY] forget ID
       orket memory [-C DIR] [--json] why ID [TEXT]

What later turns are reminded of (docs/memory.md).
  search    the rows that fit TEXT, the best first; without TEXT the newest
  add       remembers TEXT: for all, or for the EPIC, the ROLE (of the EPIC, or of all), or the CARD
  forget    takes a row out; the journal keeps it
  why       where a row came from, and which place it has for TEXT
  -C DIR    the project (default: found upwards from here)
  --json    search: one JSON array; else one object
  -n COUNT  at most so many (default: 100)
  --all     forgotten and expired rows too
  --label   TEXT was written elsewhere: it carries this label, such as untrusted
  --lines   a file with a text in each line, or - for the standard input: all of them
  --days    how long it is remembered (default: until it is forgotten)
  --why     a sentence for the record
exit: 0 done, 1 failed or refused, 2 usage
]=]

local KNOWN = { C = "value", json = "flag" }
local PLACE = { epic = "value", role = "value", card = "value" }

local ACTS = {
  search = { operands = { "act", "text?" }, known = { PLACE, { n = "value", all = "flag" } } },
  add = { operands = { "act", "text...?" },
    known = { PLACE, { label = "value", days = "value", lines = "value" } } },
  forget = { operands = { "act", "id" }, known = { { why = "value" } } },
  why = { operands = { "act", "id", "text?" }, known = {} },
}

-- ---- what is remembered ----

local function place_of(row)
  local of_epic = row.scope == "role" and row.epic and " of " .. row.epic or ""
  local whose = row.reader and row.reader .. of_epic or row.epic
  return row.scope .. (whose and " " .. whose or "")
end

local function line_of(row)
  local labels = row.labels and "  [" .. table.concat(row.labels, ", ") .. "]" or ""
  return string.format("%d  %s%s%s  %s", row.id, place_of(row), labels,
    row.status ~= "kept" and "  (" .. row.status .. ")" or "", row.text)
end

-- Those that fit the text; an embedder that does not answer is told beside, and in the journal.
local function fitting(store, dir, args, most)
  local rows, err = meaning.rows(store, dir, args, args.text, most)
  if err then
    io.stderr:write("orket: looked for words alone: ", text.line(errors.line(err)), "\n")
  end
  return rows
end

local function search(store, args, dir)
  local rows = args.text and fitting(store, dir, args, args.n) or searches.newest(store, args, args.n)
  if args.json then
    print(text.json(setmetatable(rows, cjson.array_mt)))
  elseif #rows == 0 then
    print(args.text and "nothing that is remembered fits" or "nothing is remembered")
  end
  for _, row in ipairs(args.json and {} or rows) do
    print(text.cut(text.line(line_of(row)), 200))
  end
  return 0
end

-- ---- where it came from ----

local function print_origin(row)
  print(text.line(line_of(row)))
  print(text.line(string.format("  said by %s%s%s in %s/%s, event %d, %s", row.actor,
    row.role and " as " .. row.role or "", row.card and " on " .. row.card or "", row.run, row.turn, row.seq,
    local_time.stamp(row.at))))
  if row.rule then
    print(text.line("  noted by rule: " .. row.rule))
  end
  if row.id ~= row.seq then
    print("  said first in event " .. row.id)
  end
  if row.expires_at then
    print("  until " .. row.expires_at)
  end
  if row.forgot then
    print(text.line(string.format("  forgotten by %s in event %d, %s%s", row.forgot.actor, row.forgotten,
      row.forgot.at, row.forgot.why and ": " .. row.forgot.why or "")))
  end
end

local function print_places(args, row)
  if args.text then
    local words = row.words and ", " .. row.words .. " by its words" or ", none by its words"
    local near = row.near and string.format(", nearness %.4f", row.near) or ""
    print(row.rank and string.format("  place %d for this text%s%s", row.rank, words, near)
      or "  not found by this text")
  end
end

local function why(store, args, dir)
  local row, err = origin.of(store, args.id)
  if not row then
    return nil, err
  end
  origin.place(row, args.text and fitting(store, dir, args, origin.PLACES) or {})
  if args.json then
    print(text.json(row))
  else
    print_origin(row)
    print_places(args, row)
  end
  return 0
end

-- ---- a person's acts ----

local REQUEST = { add = "remember", forget = "forget" }

local function ask_owner(args)
  local result, err = owner.ask(args.C or ".", {
    act = REQUEST[args.act], text = args.text, id = args.id, epic = args.epic, role = args.role,
    card = args.card, label = args.label, days = args.days, why = args.why, who = sys.user(),
  })
  return result and cli_report.answer(args, result) or cli_report.failure(err)
end

-- ---- a file of texts ----

local CHUNK, CHUNK_BYTES = 500, 256 * 1024 -- texts of one commit

local function chunk_of(next_line)
  local texts, bytes = setmetatable({}, cjson.array_mt), 0
  repeat
    local line = next_line()
    if line and line:find("%S") then
      texts[#texts + 1], bytes = line, bytes + #line
    end
  until not line or #texts == CHUNK or bytes >= CHUNK_BYTES
  return texts
end

local function ask_lines(args, texts)
  return owner.ask(args.C or ".", {
    act = "remember.lines", text = cjson.encode(texts), epic = args.epic, role = args.role, card = args.card,
    label = args.label, days = args.days, who = sys.user(),
  })
end

local function add_all(args, next_line)
  local count = 0
  while true do
    local texts = chunk_of(next_line)
    if #texts == 0 then
      return cli_report.answer(args, { count = count, message = "remembered " .. count .. " texts" })
    end
    for _, one in ipairs(texts) do
      if not utf8.len(one) then
        return cli_report.failure(errors.new("ERR_UTF8", "a line is not UTF-8; " .. count
          .. " texts are remembered", "fix the file"))
      end
    end
    local result, err = ask_lines(args, texts)
    if not result then
      if err.code then
        err.message = err.message .. "; " .. count .. " texts before it are remembered"
      end
      return cli_report.failure(err)
    end
    count = count + result.count
  end
end

local function add_lines(args)
  local file, message = io.stdin, nil
  if args.lines ~= "-" then
    file, message = io.open(args.lines, "rb")
  end
  if not file then
    return options.refuse(M.usage, message)
  end
  local code = add_all(args, file:lines())
  if file ~= io.stdin then
    file:close()
  end
  return code
end

-- ---- arguments ----

local function act_in(argv)
  for _, word in ipairs(argv) do
    if ACTS[word] then
      return word
    end
  end
end

local function parse(argv)
  local known, act = {}, act_in(argv)
  for name, kind in pairs(KNOWN) do
    known[name] = kind
  end
  for _, some in ipairs(act and ACTS[act].known or {}) do
    for name, kind in pairs(some) do
      known[name] = kind
    end
  end
  local args, message = options.parse(argv, known, act and ACTS[act].operands or { "act" })
  if args and not (act and args.act == act) then
    return nil, "unknown act " .. tostring(args.act) .. ": search, add, forget or why"
  end
  return args, message
end

local function checked(args)
  if args.act == "add" and not args.text == not args.lines then
    return nil, "TEXT or --lines FILE: one of them"
  end
  for name, value in pairs(args) do
    if type(value) == "string" and name ~= "C" and not utf8.len(value) then
      return nil, name:upper() .. " is not UTF-8"
    end
  end
  return args
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if args then
    args, message = checked(args)
  end
  if args and args.act == "search" then
    args, message = options.counted(args)
  end
  if not args then
    return options.refuse(M.usage, message)
  elseif args.lines then
    return add_lines(args)
  elseif REQUEST[args.act] then
    return ask_owner(args)
  end
  return readonly.run(M.usage, args.act == "why" and why or search, args)
end

return M
