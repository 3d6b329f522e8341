-- show.lua: `orket show CARD`: a card with everything on it, and what happened to it.

local cjson = require("cjson")
local options = require("orket.options")
local plain = require("orket.view.plain")
local readers = require("orket.reader")
local report = require("orket.report")
local style = require("orket.view.style")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket show [-C DIR] [--json] CARD

One card: its fields, its comments, what happened to it.
  -C DIR    the project (default: the current directory)
  --json    one JSON object, with comments and events
exit: 0 done, 1 failed, 2 usage
]]

-- Lines stay lines, everything else that could steer a terminal does not.
local function block(value, indent)
  local lines = {}
  for line in (value:gsub("%s+$", "") .. "\n"):gmatch("(.-)\n") do
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
  print(string.format("  %-13s %s", name, block(value, (" "):rep(16)):sub(17)))
end

local FIELDS = {
  "type", "epic", "parent", "build", "seat", "assignee", "priority", "wait_reason", "requirements", "depends_on",
  "note", "retry_count", "verification", "credits", "turns", "tokens_in", "tokens_out",
}

local function print_card(card, comments, events)
  print(style.mark(card.status) .. " " .. text.clean(card.id) .. "  " .. style.status(card.status) .. "  "
    .. text.clean(card.name or ""))
  for key, value in pairs(card.data) do
    card[key] = value
  end
  if type(card.description) == "string" and card.description ~= "" then
    print("\n" .. block(card.description, "  ") .. "\n")
  end
  for _, name in ipairs(FIELDS) do
    field(name, card[name])
  end
  for _, comment in ipairs(comments) do
    print("\n  " .. comment.at:sub(1, 19) .. "  " .. text.clean(comment.author))
    print(block(comment.text, "    "))
  end
  print("")
  for _, event in ipairs(events) do
    local what = plain.what(event)
    if what then
      print("  " .. event.at:sub(1, 19) .. "  " .. what)
    end
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "card" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local store <close>, err = readers.open(args.C or ".")
  if not store then
    return report.failure(err)
  end
  local card
  card, err = readers.card(store, args.card)
  if not card then
    return report.failure(err)
  end
  local comments = store:read("comments", { card = card.id })
  local events = store:read("card_events", { card = card.id })
  if args.json then
    card.comments, card.events = setmetatable(comments, cjson.array_mt), setmetatable(events, cjson.array_mt)
    print(text.json(card))
  else
    print_card(card, comments, events)
  end
  return 0
end

return M
