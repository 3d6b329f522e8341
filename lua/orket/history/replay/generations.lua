-- generations.lua: the scripts of a recorded run, built from the texts of its journal, or others in their
-- place.

local cjson = require("cjson")
local errors = require("orket.errors")
local scripts = require("orket.scripts.scripts")

local M = {}

local Generations = {}
Generations.__index = Generations

local function texts_of(store, id)
  local row = store:read("generation", { id = id })[1]
  local texts = {}
  for path, blob in pairs(row and row.files or {}) do
    texts[path] = store:blob(blob)
  end
  return texts
end

-- The texts as they were recorded, under the id that they have to have.
local function recorded(self, id)
  local texts = texts_of(self.store, id)
  local generation, problems = scripts.build(texts, self.rules)
  if not generation or #problems > 0 or generation.id ~= id then
    return nil, "the scripts of the generation " .. id .. " are not what was recorded"
  end
  return generation, texts
end

-- Other texts in their place keep the id: what counts is the first event that they change.
local function replaced(self, id, texts)
  for path, text in pairs(self.others) do
    self.changed[path] = texts[path] ~= text or nil
    texts[path] = text
  end
  local generation, problems = scripts.build(texts, self.rules)
  if #problems > 0 then
    return nil, problems[1].path .. ": " .. errors.line(problems[1].err)
  end
  generation.id = id
  return generation
end

---@param id string
---@return table|nil generation
---@return string|nil why
function Generations:of(id)
  local known = self.known[id]
  if known then
    return known
  end
  local generation, texts = recorded(self, id)
  if not generation then
    return nil, texts
  end
  if self.others then
    generation, texts = replaced(self, id, texts)
  end
  self.known[id] = generation
  return generation, not generation and texts or nil
end

---From here on the gates have these organization rules and limits.
---@param rules GateOptions
function Generations:under(rules)
  local name = cjson.encode({
    rules.rules or cjson.null, rules.limits or cjson.null, rules.types or cjson.null, rules.commands
      or cjson.null,
  })
  self.by_rules[name] = self.by_rules[name] or {}
  self.rules, self.known = rules, self.by_rules[name]
end

---@param store Store
---@param others table<string, string>|nil texts by path that take the place of recorded ones
---@return table generations  changed: paths of others that are not what was recorded
function M.new(store, others)
  return setmetatable({ store = store, others = others, by_rules = {}, changed = {} }, Generations)
end

return M
