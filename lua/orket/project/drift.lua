-- drift.lua: where the card files and the cards on the board differ. Only what people write into files
-- is compared; what runs change (status, notes, counts) is the board's own.

local cards = require("orket.project.cards")
local cjson = require("cjson")
local config = require("orket.project.config")
local statuses = require("orket.util.statuses")

local M = {}

local OWN = { -- the board's own fields, and those that say where a card stands
  id = true, type = true, status = true, wait_reason = true, note = true, assignee = true, retry_count = true,
  build_id = true, parent_id = true, epic = true, issues = true, epics = true, return_to = true,
  outside = true,
}

local DEFAULTS = { owner_department = "core" }

local OF_ISSUES = { depends_on = true, max_retries = true } -- the board has a column for every card

local FINAL = statuses.FINAL

-- A card made on the board has fewer fields than one of a file, which has the defaults.
local function is_absent(value)
  return value == nil or value == cjson.null or type(value) == "table" and next(value) == nil
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b or is_absent(a) and is_absent(b)
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key, value in pairs(b) do
    if a[key] == nil and not is_absent(value) then
      return false
    end
  end
  return true
end

-- The file's value as the board has it: dependencies carry the build's ids, a verdict is no wish.
local function expected(store, card, key, build)
  local value = card[key]
  if key == "depends_on" and value then
    local ids = {}
    for i, id in ipairs(value) do
      ids[i] = cards.round(store, cards.name(id, build))
    end
    table.sort(ids)
    return setmetatable(ids, cjson.array_mt)
  end
  return value
end

local function fields_of(store, card, row, build)
  local keys, fields = {}, {}
  for _, source in ipairs({ card, row }) do
    for key in pairs(source) do
      keys[key] = not OWN[key] and (card.type == "issue" or not OF_ISSUES[key]) or nil
    end
  end
  if type(row.depends_on) == "table" then
    table.sort(row.depends_on)
  end
  for key in pairs(keys) do
    local wanted, is = expected(store, card, key, build), row[key]
    if not same(wanted, is) and not (is_absent(is) and wanted == DEFAULTS[key]) then
      fields[#fields + 1] = { key = key, file = wanted, board = is }
    end
  end
  table.sort(fields, function(a, b)
    return a.key < b.key
  end)
  return fields
end

local function compare(list, store, card, id, build)
  local state = store:read("card_state", { id = id })[1]
  if not state then
    list.missing[#list.missing + 1] = card
  elseif not FINAL[state.status] then
    local fields = fields_of(store, card, store:read_doc("card_file", { id = id }):value(), build)
    if #fields > 0 then
      list.changed[#list.changed + 1] = {
        card = card, id = id, revision = state.revision, build = build, fields = fields,
      }
    end
  end
end

---Where one card of the files and its card on the board differ; nil: nowhere, or the board has none, or it is
---finished.
---@param store table
---@param card table see config.read
---@return {card: table, id: string, revision: integer, build: integer, fields: table[]}|nil
function M.of(store, card)
  local list, build = { missing = {}, changed = {} }, cards.build(store, card.epic or card.id)
  compare(list, store, card, cards.round(store, cards.name(card.id, build)), build)
  return list.changed[1]
end

-- Issues that agents or people created on the board.
local function find_extra(list, store, epic, known, build)
  for _, row in ipairs(store:read("backlog", { epic = cards.name(epic.id, build) })) do
    if not known[row.id] and not FINAL[row.status] then
      list.extra[#list.extra + 1] = { id = row.id, epic = epic, build = build }
    end
  end
end

---@param store table
---@param project table see config.load
---@return {missing: table[], changed: table[], extra: table[]} drift
---  missing: cards of files that are not on the board; changed: {card, id, revision, build, fields};
---  extra: {id, epic, build} on the board alone
function M.find(store, project)
  local list, builds, known = { missing = {}, changed = {}, extra = {} }, {}, {}
  for _, card in ipairs(config.cards(project)) do
    if card.type == "epic" then
      builds[card.id] = cards.build(store, card.id)
    end
    local build = builds[card.epic or card.id] or 1
    local id = cards.round(store, cards.name(card.id, build))
    known[id] = true
    compare(list, store, card, id, build)
  end
  for _, card in ipairs(config.cards(project)) do
    if card.type == "epic" then
      find_extra(list, store, card, known, builds[card.id])
    end
  end
  return list
end

local function shown(value)
  local text = is_absent(value) and "nothing" or cjson.encode(value)
  return #text > 60 and text:sub(1, 57):gsub("[\128-\255]+$", "") .. "..." or text
end

local NAMED_MAX = 5 -- cards in a sentence

---What a run says of card files that were changed since their cards were made; nil when none was.
---@param drift table
---@param option string " -C DIR" for commands, or ""
---@return string|nil
function M.sentence(drift, option)
  local parts = {}
  for i = 1, math.min(#drift.changed, NAMED_MAX) do
    local keys = {}
    for k, field in ipairs(drift.changed[i].fields) do
      keys[k] = field.key
    end
    parts[i] = drift.changed[i].id .. " (" .. table.concat(keys, ", ") .. ")"
  end
  local more = #drift.changed > NAMED_MAX and " and " .. #drift.changed - NAMED_MAX .. " more" or ""
  return parts[1] and "card files differ from the board, which the run follows: " .. table.concat(parts, ", ")
    .. more
    .. "; orket sync" .. option .. " applies the files" or nil
end

---The drift as warnings of validate.
---@param drift table
---@param origins table see config.read
---@return Problem[]
function M.problems(drift, origins)
  local problems = {}
  local function add(file, line, path, message, fix)
    problems[#problems + 1] = { file = file, line = line, path = path, message = message, fix = fix,
      warning = true }
  end
  for _, one in ipairs(drift.changed) do
    local origin = origins[one.card]
    for _, field in ipairs(one.fields) do
      local path = origin.path .. "/" .. field.key
      add(origin.source.file, origin.source:line(path), path,
        string.format("%s of %s is %s here and %s on the board",
          field.key, one.id, shown(field.file), shown(field.board)),
        "`orket sync` applies the file, `orket export-cards` writes it")
    end
  end
  for _, one in ipairs(drift.extra) do
    add("config/cards/" .. one.id .. ".json", 1, "", "the card " .. one.id
      .. " is on the board and in no file",
      "`orket export-cards` writes it")
  end
  return problems
end

return M
