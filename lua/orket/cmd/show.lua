-- show.lua: `orket show CARD`: a card with everything on it, and what happened to it.

local cjson = require("cjson")
local errors = require("orket.errors")
local options = require("orket.options")
local plain = require("orket.view.plain")
local readers = require("orket.reader")
local report = require("orket.report")
local style = require("orket.view.style")

local M = {}

M.usage = "usage: orket show [-C DIR] [--json] CARD\n"

local function field(name, value)
  if value ~= nil and value ~= cjson.null and value ~= "" then
    print(string.format("  %-13s %s", name, type(value) == "table" and cjson.encode(value) or tostring(value)))
  end
end

local FIELDS = {
  "type", "epic", "seat", "assignee", "priority", "wait_reason", "requirements", "depends_on", "note", "retry_count",
  "verification", "credits",
}

local function print_card(card, comments, events)
  print(style.mark(card.status) .. " " .. card.id .. "  " .. style.status(card.status) .. "  " .. (card.name or ""))
  for key, value in pairs(card.data) do
    card[key] = value
  end
  if card.description then
    print("\n  " .. card.description:gsub("\n", "\n  ") .. "\n")
  end
  for _, name in ipairs(FIELDS) do
    field(name, card[name])
  end
  for _, comment in ipairs(comments) do
    print(string.format("\n  %s %s\n    %s", comment.at:sub(1, 19), comment.author, comment.text:gsub("\n", "\n    ")))
  end
  print("")
  for _, event in ipairs(events) do
    local line = plain.sentence(event)
    if line then
      print("  " .. event.at:sub(1, 19) .. "  " .. line:gsub("^%S+%s+", ""))
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
  local card = store:read("card", { id = args.card })[1]
  if not card then
    return report.failure(errors.new("ERR_NOT_FOUND", "there is no card " .. args.card, "orket board lists the cards"))
  end
  local comments = store:read("comments", { card = card.id })
  local events = store:read("card_events", { card = card.id })
  if args.json then
    card.comments, card.events = setmetatable(comments, cjson.array_mt), setmetatable(events, cjson.array_mt)
    print(cjson.encode(card))
  else
    print_card(card, comments, events)
  end
  return 0
end

return M
