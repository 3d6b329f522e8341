-- examples.lua: `orket examples`: what agents propose as examples of good work, and what a person makes of
-- it.

local cjson = require("cjson")
local errors = require("orket.errors")
local examples = require("orket.scripts.examples")
local fs = require("orket.core.fs")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local owner = require("orket.project.owner")
local parked = require("orket.reports.parked")
local cli_report = require("orket.view.cli_report")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket examples [-C DIR] [--json] [--all] [list]
       orket examples [-C DIR] [--json] [--role ROLE] [--trust] accept ID
       orket examples [-C DIR] [--json] [--why TEXT] reject ID
       orket examples [-C DIR] [--json] [--why TEXT] remove ROLE NUMBER

Texts that roles are shown as examples of good work (docs/prompts.md). Agents propose them, a person decides.
  list      what waits for a person, and what roles are shown
  accept    ROLE (default: the one that it was proposed for) is shown exactly this text from now on
  reject    it is not
  remove    the role is shown it no longer
  --all     proposals that were answered, too
  --trust   you answer for a text from a turn that had read what came from outside: it carries no label
  --why     a sentence for the record
exit: 0 done, 1 failed or refused, 2 usage
]]

local ACTS = {
  list = { operands = { "act?" }, known = { all = "flag" } },
  accept = { operands = { "act", "id" }, known = { role = "value", trust = "flag" } },
  reject = { operands = { "act", "id" }, known = { why = "value" } },
  remove = { operands = { "act", "role", "number" }, known = { why = "value" } },
}

-- ---- what there is ----

-- role -> examples, as the file says.
local function shown_in(dir)
  local root <close>, err = errors.check(fs.root(dir))
  local bytes
  if root then
    bytes, err = errors.check(root:read(examples.PATH))
  end
  if not bytes then
    return err.code == "ERR_NOT_FOUND" and {} or nil, err
  end
  local entry
  entry, err = scripts.prepare(examples.PATH, bytes)
  return entry and examples.copy(entry.about), err
end

local function block(value)
  for line in (value .. "\n"):gmatch("(.-)\n") do
    print("  | " .. text.visible(line))
  end
end

local function marks(list)
  return list and #list > 0 and "  [" .. table.concat(list, ", ") .. "]" or ""
end

local function print_proposal(row, dir)
  local body = row.body
  local said = row.status and "  " .. row.status .. " by " .. row.answered_by or ""
  print(text.line(string.format("%d  for %s, by %s as %s on %s (%s)%s%s", row.id, body.example_for,
    row.actor or "?", row.role or "?", row.card, row.card_status or "?", marks(body.labels), said)))
  block(body.proposal)
  print(text.line("  about: " .. body.subject .. (body.evidence and "; because: " .. body.evidence or "")))
  local fault = examples.fault(body.proposal)
  if fault then
    print("  it cannot be shown: " .. fault)
  end
  if not row.status then
    local option = parked.option(dir)
    print("  orket examples" .. option .. " accept " .. row.id .. "    or: orket examples" .. option
      .. " reject " .. row.id .. " --why TEXT")
  end
end

local function print_shown(roles)
  for _, role in ipairs(tables.keys(roles)) do
    print("\n" .. text.clean(role) .. " is shown")
    for i, one in ipairs(roles[role]) do
      print(text.line(string.format("%d  from %s, accepted by %s%s", i, one.card or "?", one.by or "?",
        marks(one.labels))))
      block(one.text)
    end
  end
end

local function list(store, args, dir)
  local rows, roles, err = setmetatable({}, cjson.array_mt), shown_in(dir)
  if not roles then
    return nil, err
  end
  for _, row in ipairs(store:read("examples", {})) do
    rows[#rows + 1] = (args.all or not row.status) and row or nil
  end
  if args.json then
    print(text.json({ proposed = rows, shown = roles }))
    return 0
  end
  local title = args.all and "proposed" or "waiting for a person"
  print(#rows == 0 and "no example waits for a person" or title)
  for _, row in ipairs(rows) do
    print_proposal(row, dir)
  end
  print_shown(roles)
  return 0
end

-- ---- the command ----

local function ask_owner(args)
  local result, err = owner.ask(args.C or ".", {
    act = "example." .. args.act, id = args.id, role = args.role, number = args.number, trust = args.trust,
    why = args.why, who = sys.user(),
  })
  return result and cli_report.answer(args, result) or cli_report.failure(err)
end

local function act_in(argv)
  for _, word in ipairs(argv) do
    if ACTS[word] then
      return word
    end
  end
  return "list"
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local act = act_in(argv)
  local known = { C = "value", json = "flag" }
  for name, kind in pairs(ACTS[act].known) do
    known[name] = kind
  end
  local args, message = options.parse(argv, known, ACTS[act].operands)
  if args and (args.act or "list") ~= act then
    args, message = nil, "unknown act " .. args.act .. ": list, accept, reject or remove"
  end
  if not args or act == "list" then
    return readonly.run(M.usage, list, args, message)
  end
  return ask_owner(args)
end

return M
