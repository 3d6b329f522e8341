-- board.lua: `orket board`: the cards as a tree, with status, seat and cost.

local board_rows = require("orket.reports.board_rows")
local bottlenecks = require("orket.cmd.bottlenecks")
local config = require("orket.project.config")
local canary = require("orket.scripts.canary")
local cjson = require("cjson")
local readonly = require("orket.view.readonly")
local notice = require("orket.scripts.permission_delta.notice")
local alerts = require("orket.reports.alerts")
local options = require("orket.options")
local outages = require("orket.reports.outages")
local parked = require("orket.reports.parked")
local remote = require("orket.view.live.remote")
local reader = require("orket.project.reader")
local style = require("orket.view.format.style")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")
local budget_tree = require("orket.governance.budget.budget_tree")
local waits = require("orket.scripts.serving.waits")

local M = {}

M.usage = [[
usage: orket board [-C DIR] [--json] [--all]
       orket board [-C DIR] [--json] -w

All cards: rocks, their epics, their issues; below them what waits for a person, and the command that
answers it; then where work piles up (orket bottlenecks).
  -C DIR    the project (default: found upwards from here)
  --json    the cards as one JSON array
  --all     archived cards too
  -w        the run that is under way, from another terminal, until it ends or ^C: as orket run shows it, but
            for the words of a reply, which are shown when it is whole
exit: 0 done, 1 failed, 2 usage
]]

local DEPTH_MOST = 3
local ID_MOST = 32 -- columns
local NAME_LEAST = 8 -- of a name; what stands behind it gives way

local function children_of(cards)
  local children, known = {}, {}
  for _, card in ipairs(cards) do
    known[card.id] = true
  end
  for _, card in ipairs(cards) do
    local above = known[card.parent] and card.parent or ""
    local parent = known[card.epic] and card.epic or above
    children[parent] = children[parent] or {}
    table.insert(children[parent], card)
  end
  return children
end

-- The cards in the order of the tree, with their depth.
local function flatten(children, parent, depth, rows)
  for _, card in ipairs(children[parent] or {}) do
    rows[#rows + 1] = { card = card, depth = depth }
    if depth < DEPTH_MOST then
      flatten(children, card.id, depth + 1, rows)
    end
  end
  return rows
end

local function status_of(card)
  return card.wait_reason and card.status .. " [" .. card.wait_reason .. "]" or card.status
end

local function widths(rows)
  local id, status = 0, 0
  for _, row in ipairs(rows) do
    id = math.max(id, 2 * row.depth + text.width(text.clean(row.card.id)))
    status = math.max(status, #status_of(row.card))
  end
  return math.min(id, ID_MOST), status
end

-- How far the children of an epic or a rock are: "2 of 5 done, 1 canceled".
local function progress(children, card)
  local below, count = children[card.id] or {}, { done = 0, canceled = 0 }
  for _, child in ipairs(below) do
    count[child.status] = (count[child.status] or 0) + 1
  end
  local canceled = count.canceled > 0 and ", " .. count.canceled .. " canceled" or ""
  return #below > 0 and string.format("  (%d of %d done%s)", count.done, #below, canceled) or ""
end

local function details(children, card)
  local tokens = (card.tokens_in or 0) + (card.tokens_out or 0)
  local seat = card.assignee and "  @" .. text.clean(card.assignee) or ""
  local from = card.forked_from and "  forked from " .. text.clean(card.forked_from) or ""
  local refused = card.reports and "  " .. card.reports .. " refused" or ""
  return progress(children, card) .. from .. seat .. refused
    .. (tokens > 0 and "  " .. tokens .. " tokens" or "")
end

-- On a terminal a name gives way, so that a card stays one line.
local function line(row, children, id_width, status_width, columns)
  local card, indent = row.card, ("  "):rep(row.depth)
  local id = text.fit(text.clean(card.id), math.max(1, id_width - #indent))
  local tail, name = details(children, card), text.clean(card.name or "")
  if columns then
    local room = columns - id_width - status_width - 6
    tail = room - text.width(tail) < NAME_LEAST and progress(children, card) or tail
    name = text.cut(name, room - text.width(tail))
    tail = text.cut(tail, room - text.width(name))
  end
  return indent .. style.mark(card.status) .. " " .. id .. "  "
    .. style.status(card.status, text.fit(status_of(card), status_width)) .. "  " .. name .. tail
end

local function print_cards(cards)
  local children = children_of(cards)
  local rows = flatten(children, "", 0, {})
  local id_width, status_width = widths(rows)
  local columns = sys.is_tty(1) and sys.window(1) or nil
  for _, row in ipairs(rows) do
    print(line(row, children, id_width, status_width, columns))
  end
end

-- Cards that wait for a model, once for the model.
local function print_outages(store, dir)
  for _, one in ipairs(outages.list(store)) do
    wrap.print("\n" .. text.line(outages.line(one)))
    for _, below in ipairs(outages.below(one, parked.option(dir))) do
      wrap.print("  " .. text.line(below))
    end
  end
end

local function print_parked(cards, dir)
  for i, card in ipairs(parked.folded(cards, dir)) do
    wrap.print((i == 1 and "\n" or "") .. text.line(parked.line(card)))
    if card.first then
      wrap.print("  " .. text.line(card.first))
    end
    wrap.print("  " .. text.line(card.command))
  end
end

-- Who waits for a person was listed before.
local function print_bottlenecks(found)
  local more = {}
  for _, one in ipairs(found) do
    more[#more + 1] = one.rule ~= "bottleneck.person" and one or nil
  end
  if #more > 0 then
    wrap.print("")
    bottlenecks.print(more)
  end
end

local function print_notice(said)
  if said then
    wrap.print("\n" .. text.line(said))
  end
end

local function print_alerts(list)
  for i, one in ipairs(list) do
    wrap.print((i == 1 and "\n" or "") .. text.line(one.text))
  end
end

local function print_stopped(store, args, dir)
  print_alerts(alerts.stopped(store, reader.runs(store, dir), parked.option(args.C)))
end

local function print_budgets(store, dir)
  local budgets = config.budgets(dir) or {}
  print_alerts(alerts.caps(budget_tree.rows(store, budgets, {}), budgets.currency))
end

local function show(store, args, dir)
  if args.w then
    return remote.show(store, dir, args)
  end
  local cards = board_rows.list(store, args.all)
  if args.json then
    print(text.json(setmetatable(cards, cjson.array_mt)))
  elseif #cards == 0 then
    wrap.print("the board is empty; orket run EPIC or orket sync puts the cards of the files on it")
  else
    print_cards(cards)
    print_stopped(store, args, dir)
    print_outages(store, args.C)
    print_parked(parked.persons(parked.list(store, nil, args.C)), args.C)
    print_bottlenecks(bottlenecks.of(store, dir).found)
    print_notice(canary.line(store))
    print_budgets(store, dir)
    print_alerts({ alerts.examples(store, parked.option(args.C)) })
  end
  local waiting = not args.json and waits.of(store, dir)
  print_notice(waiting and notice.sentence(waiting.generation, waiting.delta, args.C) or nil)
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv,
    { C = "value", json = "flag", all = "flag", w = "flag" }, {}))
end

return M
