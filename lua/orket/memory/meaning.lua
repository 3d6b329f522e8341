-- memory/meaning.lua: what a person searches for by its meaning: the owner of the project asks the embedder.

local config = require("orket.project.config")
local memory = require("orket.memory.memory")
local owner = require("orket.project.owner")
local recall = require("orket.memory.recall")
local searches = require("orket.memory.search")
local sys = require("orket.core.sys")

local M = {}

local function has_embedder(dir)
  local loaded = config.load(dir)
  local rules = loaded and loaded.organization.process_rules
  return rules and rules.memory and rules.memory.embedder ~= nil
end

local function ask(dir, place, text)
  local result, err = owner.ask(dir, {
    act = "recall", text = text, epic = place.epic, role = place.role, card = place.card, who = sys.user(),
  })
  local problem = err and (err.code and err or err[1])
  return result and recall.near(result), problem or result and result.error
end

---The rows that fit a text, the best first, with `rank`; by meaning also `words` and `near`.
---@param store Store
---@param dir string of the project
---@param place table
---@param text string
---@param most integer|nil
---@return table[] rows
---@return Error|nil why the words were looked for alone
function M.rows(store, dir, place, text, most)
  most = most or 100
  if not has_embedder(dir) or memory.is_empty(store) then
    return searches.by_words(store, place, text, most)
  end
  local near, err = ask(dir, place, text)
  if not near then
    return searches.by_words(store, place, text, most), err
  end
  local rows, found = searches.ranked(store, place, text, near)
  return table.move(rows, 1, math.min(found, most), 1, {})
end

return M
