-- show.lua: `orket show CARD`: a card with everything on it, and what happened to it; `orket show RUN`: where
-- a run stands.

local card_record = require("orket.reports.card_record")
local cjson = require("cjson")
local dialogue = require("orket.view.dialogue")
local ending = require("orket.view.ending")
local at_most_once = require("orket.effects.at_most_once")
local outages = require("orket.reports.outages")
local asked = require("orket.cmd.approvals")
local local_time = require("orket.view.format.local_time")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local sentences = require("orket.view.sentences")
local reader = require("orket.project.reader")
local run_record = require("orket.history.run_record")
local style = require("orket.view.format.style")
local test_report = require("orket.verification.test_report")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")
local strings = require("orket.util.strings")

local M = {}

M.usage = [[
usage: orket show [-C DIR] [--json] CARD | RUN

One card: its fields, its comments, what happened to it. Or one run: where it stands, what it cost, and its
checkpoints: after each card that was done or parked the number of the commit, the cost until then, the tree.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON object, with comments and events, or with checkpoints
exit: 0 done, 1 failed, 2 usage
]]

-- Lines stay lines, everything else that could steer a terminal does not.
local function block(value, indent)
  local lines = {}
  for line in (strings.ended(value) .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = indent .. text.clean(line)
  end
  return table.concat(lines, "\n")
end

local function field(name, value)
  if value == nil or value == cjson.null or value == "" or value == 0 then
    return
  elseif type(value) == "table" and next(value) == nil then
    return
  end
  value = type(value) == "table" and cjson.encode(value) or tostring(value)
  wrap.print(string.format("  %-13s %s", name, block(value, (" "):rep(16)):sub(17)))
end

local FIELDS = {
  "type", "epic", "parent", "build", "seat", "assignee", "priority", "wait_reason", "requirements",
  "depends_on", "note", "retry_count", "verification", "credits", "turns", "tokens_in", "tokens_out",
}

-- A case that passes also without the card's files tests nothing of them.
local function print_verdict(id, verdict)
  local summary = test_report.summary(verdict.counts) .. (verdict.ok and "" or ": FAILED")
  local idle = verdict.control and verdict.control.passed or 0
  if idle > 0 then
    summary = summary .. "; " .. idle .. " of them pass also without the card's files"
  end
  wrap.print("")
  field("tests", summary)
  wrap.print("  orket test --recorded " .. text.clean(id))
end

local function print_card(store, card)
  wrap.print(style.mark(card.status) .. " " .. text.clean(card.id) .. "  " .. style.status(card.status)
    .. "  "
    .. text.clean(card.name or ""))
  for key, value in pairs(card.data) do
    card[key] = value
  end
  if type(card.description) == "string" and card.description ~= "" then
    wrap.print("\n" .. block(card.description, "  ") .. "\n")
  end
  for _, name in ipairs(FIELDS) do
    field(name, card[name])
  end
  for i, part in ipairs(card.outside) do
    field(i == 1 and "from outside" or "", part.what .. " (" .. table.concat(part.labels, ", ") .. ")")
  end
  if card.uncertain then
    wrap.print("\n  unknown outcome: " .. text.visible(at_most_once.describe(card.uncertain.operation))
      .. " was interrupted. Check whether it happened, then one of:")
    for _, answer in ipairs({ "happened", "did-not", "again" }) do
      wrap.print("  orket answer " .. text.clean(card.id) .. " " .. answer)
    end
  end
  if card.verdict then
    print_verdict(card.id, card.verdict)
  end
  if card.outage then
    wrap.print("\n  " .. text.line(outages.line(card.outage)))
    if card.outage.cure then
      wrap.print("  fix: " .. text.line(card.outage.cure))
    end
    wrap.print("  it goes on by itself in a run; to ask now: orket retry " .. text.clean(card.id))
  end
  if #card.reports > 0 then
    local last = card.reports[1]
    wrap.print(string.format("\n  policy-violation  %d refused, the last by %s: %s", #card.reports,
      text.clean(last.rule),
      text.line(last.detail or "")))
    wrap.print("  orket reports --card " .. text.clean(card.id))
  end
  if card.approval then
    wrap.print("")
    asked.print_question(store, card.approval)
  end
  if card.last_reply then
    wrap.print("\n  " .. dialogue.quote(card.last_reply))
  end
  for _, comment in ipairs(card.comments) do
    wrap.print("\n  " .. local_time.stamp(comment.at) .. "  " .. text.clean(comment.author))
    wrap.print(block(comment.text, "    "))
  end
  wrap.print("")
  for _, event in ipairs(card.events) do
    local what = sentences.what(event, store)
    if what then
      wrap.print("  " .. local_time.stamp(event.at) .. "  " .. what)
    end
  end
end

-- ---- a run ----

local POINTS = {
  table_view.number("seq"), table_view.time("at", "at", 2), table_view.text("card"),
  { "status", function(p) return p.status .. (p.reason and " [" .. p.reason .. "]" or "") end },
  table_view.number("done"), table_view.number("turns"), table_view.number("in", "tokens_in"),
  table_view.number("out", "tokens_out"), { "tree", function(p) return p.tree:sub(1, 12) end, spare = 1 },
}

local function print_run(run)
  wrap.print(text.clean(run.id) .. "  " .. run.status)
  for _, name in ipairs({ "card", "cards", "turns", "steps", "tokens_in", "tokens_out", "started_at",
    "ended_at", "tree" }) do
    field(name, name == "cards" and ending.summary(run.cards) or run[name])
  end
  if #run.checkpoints > 0 then
    wrap.print("")
    table_view.print(POINTS, run.checkpoints)
  end
end

local function show_run(store, run, json)
  run_record.complete(store, run)
  if json then
    print(text.json(run))
  else
    print_run(run)
  end
  return 0
end

-- ---- the command ----

local function show_card(store, card, json)
  if json then
    print(text.json(card_record.plain(store, card)))
  else
    card_record.complete(store, card)
    print_card(store, card)
  end
  return 0
end

local function show(store, args, dir)
  local card, err = reader.card(store, args.card)
  if card then
    return show_card(store, card, args.json)
  end
  local run = reader.run(store, dir, args.card)
  return run and show_run(store, run, args.json), err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv, { C = "value", json = "flag" }, { "card" }))
end

return M
