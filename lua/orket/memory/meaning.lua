-- memory/meaning.lua: what a person searches for by its meaning: the owner of the project asks the embedder.

local config = require("orket.project.config")
local memory = require("orket.memory.memory")
local owner = require("orket.project.owner")
local recall = require("orket.memory.recall")
local searches = require("orket.memory.search")
local sys = require("orket.core.sys")

local M = {}

local ONE = 10000 -- nearness of what is the same

local function has_embedder(dir)
  local loaded = config.load(dir)
  local rules = loaded and loaded.organization.process_rules
  return rules and rules.memory and rules.memory.embedder ~= nil
end

local function ask(dir, place, text, perform)
  local request = { act = "recall", text = text, epic = place.epic, role = place.role, card = place.card,
    who = sys.user() }
  local result, err
  if perform then
    result, err = perform(request)
  else
    result, err = owner.ask(dir, request)
  end
  local problem = err and (err.code and err or err[1])
  return result and recall.near(result), problem or result and result.error
end

-- The cosine as people read it.
local function readable(rows)
  for _, row in ipairs(rows) do
    row.near = row.near and row.near / ONE
  end
  return rows
end

---The rows that fit a text, the best first, with `rank`; by meaning also `words` and `near`, a cosine.
---@param store Store
---@param dir string of the project
---@param place table
---@param text string
---@param most integer|nil
---@param perform (fun(request: Request): table|nil, Error|Error[]|nil)|nil of the owner itself; nil: it is
---  asked
---@return table[] rows
---@return Error|nil why the words were looked for alone
function M.rows(store, dir, place, text, most, perform)
  most = most or 100
  if not has_embedder(dir) or memory.is_empty(store) then
    return searches.by_words(store, place, text, most)
  end
  local near, err = ask(dir, place, text, perform)
  if not near then
    return searches.by_words(store, place, text, most), err
  end
  local rows, found = searches.ranked(store, place, text, near)
  return readable(table.move(rows, 1, math.min(found, most), 1, {}))
end

return M
