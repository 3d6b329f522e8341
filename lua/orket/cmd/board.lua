-- board.lua: `orket board`: the cards as a tree, with status, seat and cost.

local cjson = require("cjson")
local options = require("orket.options")
local readers = require("orket.reader")
local report = require("orket.report")
local style = require("orket.view.style")

local M = {}

M.usage = [[
usage: orket board [-C DIR] [--json]

All cards: rocks, their epics, their issues; what is parked says why.
]]

local function line(card, depth)
  local parked = card.wait_reason and (" [" .. card.wait_reason .. "]") or ""
  local tokens = (card.tokens or 0) > 0 and ("  " .. card.tokens .. " tokens") or ""
  return string.format("%s%s %-16s %s%s  %s%s%s", ("  "):rep(depth), style.mark(card.status), card.id,
    style.status(card.status), parked, card.name or "", card.assignee and ("  @" .. card.assignee) or "", tokens)
end

local function tree(cards)
  local children, known = {}, {}
  for _, card in ipairs(cards) do
    known[card.id] = true
  end
  for _, card in ipairs(cards) do
    local parent = known[card.epic] and card.epic or known[card.parent] and card.parent or ""
    children[parent] = children[parent] or {}
    table.insert(children[parent], card)
  end
  return children
end

local function print_below(children, parent, depth)
  for _, card in ipairs(children[parent] or {}) do
    print(line(card, depth))
    if depth < 3 then
      print_below(children, card.id, depth + 1)
    end
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local store <close>, err = readers.open(args.C or ".")
  if not store then
    return report.failure(err)
  end
  local cards = store:read("board", {})
  if args.json then
    print(cjson.encode(setmetatable(cards, cjson.array_mt)))
  elseif #cards == 0 then
    print("the board is empty; orket run EPIC puts the epic's cards on it")
  else
    print_below(tree(cards), "", 0)
  end
  return 0
end

return M
