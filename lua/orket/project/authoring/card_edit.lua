-- card_edit.lua: one card in the card files: where it stands, what is said there, and the file's text with
-- other values in it; every other byte stays. Pure.

local card_export = require("orket.project.card_export")
local cjson = require("cjson")
local config = require("orket.project.config")
local rewrite = require("orket.project.config.rewrite")
local tables = require("orket.util.tables")

local M = {}

local FOLDER = { epic = "epics", rock = "rocks" } -- of config/; every other card has a file in cards/

local OTHER_WORD = { name = "summary", issues = "stories" }

---@class CardPlace
---@field card table as the loader has it
---@field file string
---@field at string JSON pointer of the card in the file, "" = all of it
---@field text string of the file
---@field value table what is said there of the card
---@field is_unwritten boolean|nil agents made it, and no file has it so far: this is what one would say

---The file of a card that has one to itself.
---@param kind string type of the card
---@param id string
---@return string path
function M.file(kind, id)
  return ("config/%s/%s.json"):format(FOLDER[kind] or "cards", id)
end

---Where a card stands in the files.
---@param project table see config.read
---@param origins table see config.read
---@param id string
---@return CardPlace|nil
function M.find(project, origins, id)
  for _, card in ipairs(config.cards(project)) do
    if card.id == id then
      local origin = origins[card]
      local text = origin.source.text
      return { card = card, file = origin.source.file, at = origin.path, text = text,
        value = card_export.at(cjson.decode(text), origin.path) }
    end
  end
end

---What is said of the card, without the cards that stand in its file.
---@param place CardPlace
---@return table
function M.definition(place)
  local value = tables.all_given(place.value)
  value.id, value.type = place.card.id, place.card.type
  for _, key in ipairs({ "issues", "stories", "cards" }) do
    value[key] = nil
  end
  return value
end

local function set(place, text, key, value)
  if value ~= cjson.null then
    return rewrite.set(text, place.at, key, card_export.within(value, "  "))
  end
  return place.value[key] ~= nil and rewrite.remove(text, place.at .. "/" .. key) or text
end

---The file's text with other values of the card.
---@param place CardPlace
---@param values table<string, any> null: without it
---@return string text
function M.changed(place, values)
  local text = place.text
  for _, key in ipairs(tables.keys(values)) do
    local other = OTHER_WORD[key]
    text = set(place, text, key, values[key])
    text = other and values[key] ~= cjson.null and set(place, text, other, cjson.null) or text
  end
  return text
end

-- Behind it in the list issues are named by their places: they keep their names.
local function with_names(place, text, ids)
  local list, index = place.at:match("^(/.*)/(%d+)$")
  local issues = card_export.at(cjson.decode(text), list)
  for i = index + 2, #issues do
    if issues[i].id == nil then
      text = rewrite.set(text, list .. "/" .. i - 1, "id", cjson.encode(ids[i]))
    end
  end
  return text
end

---The file's text without the card; false: the file is gone.
---@param place CardPlace
---@param siblings {id: string}[] the issues of its epic, in the order of the file
---@return string|false text
function M.removed(place, siblings)
  if place.at == "" then
    return false
  end
  local ids = {}
  for i, sibling in ipairs(siblings) do
    ids[i] = sibling.id
  end
  return rewrite.remove(with_names(place, place.text, ids), place.at)
end

return M
