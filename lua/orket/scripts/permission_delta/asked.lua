-- asked.lua: the samples that two sets of policies are asked about: calls of every tool by the roles that have it, in
-- its statuses, with and without labels, of cards that say what the policies look for; and the calls of the journal.
-- What no policy speaks of is not varied. Pure.

local cjson = require("cjson")
local tables = require("orket.util.tables")
local samples = require("orket.scripts.permission_delta.samples")

local M = {}

local STATUSES = { "in_progress", "code_review" }
local LABELS = 6 -- sets of them
local CARDS = 2000
local LABEL = "^[%w:_-]+$"

-- Fields of a card, or of its turn, that a policy may look at.
local TEXTS = { "id", "name", "description", "seat", "note", "assignee", "epic", "parent_id", "build", "build_id", "owner_department", "type",
  "run" }
local NUMBERS = { "priority", "retry_count", "max_retries", "revision", "turn" }

---A card as policies see it.
---@param sample {status: string, card: table?}
---@return table
function M.card(sample)
  local card = {
    id = "SAMPLE", type = "issue", name = "a sample", description = "", status = sample.status, priority = 2.0, seat = "sample",
    labels = setmetatable({}, cjson.array_mt), depends_on = setmetatable({}, cjson.array_mt), params = {}, retry_count = 0,
    max_retries = 3, revision = 1, note = cjson.null,
  }
  for key, value in pairs(sample.card or {}) do
    card[key] = value
  end
  return card
end

local function speaks_of(self, word, names)
  return samples.speaks_of(self.vocabulary.words, word, names)
end

local function labels_of(self)
  local all = { {} }
  if self.vocabulary.words.labels then
    all[2] = { untrusted = true }
    for _, word in ipairs(tables.keys(self.vocabulary.words)) do
      if #all < LABELS and word:find(LABEL) and #word <= 32 then
        all[#all + 1] = { [word] = true }
      end
    end
  end
  return all
end

local function add_values(cards, words, fields, values)
  for _, field in ipairs(fields) do
    for _, value in ipairs(samples.speaks_of(words, field) and values or {}) do
      cards[#cards + 1] = { [field] = value }
    end
  end
end

---What cards may say that somebody looks for: each differs in one field from the one of `card`.
---@param vocabulary table see words.of
---@return table[] fields of cards
function M.cards(vocabulary)
  local cards, words = {}, vocabulary.words
  add_values(cards, words, TEXTS, vocabulary.literals)
  add_values(cards, words, NUMBERS, vocabulary.numbers)
  for _, word in ipairs(samples.speaks_of(words, "labels") and vocabulary.literals or {}) do
    cards[#cards + 1] = { labels = setmetatable({ word }, cjson.array_mt) }
  end
  return cards
end

local function cards_of(self)
  local cards = M.cards(self.vocabulary)
  self.is_cut = self.is_cut or #cards > CARDS
  return table.move(cards, 1, math.min(#cards, CARDS), 1, {})
end

-- The pairs of a role and a tool of it; of each tool one, when the policies do not ask who calls.
local function pairs_of(self)
  local found, seen, names = {}, {}, tables.keys(self.generation.roles)
  local all = speaks_of(self, "role", names)
  for _, role in ipairs(names) do
    for _, tool in ipairs(self.generation.roles[role].about.tools) do
      if self.generation.tools[tool] and (all or not seen[tool]) then
        seen[tool] = true
        found[#found + 1] = { role = role, tool = tool }
      end
    end
  end
  return found
end

local function statuses_of(self, tool)
  local statuses = self.generation.tools[tool].about.statuses or STATUSES
  return speaks_of(self, "status", statuses) and statuses or { statuses[1] }
end

local function calls_of(self, tool)
  local calls, is_cut = samples.calls(self.generation.tools[tool].about.schema, self.vocabulary)
  self.is_cut = self.is_cut or is_cut
  return calls
end

-- One call after the other with all labels; the first of them with all cards.
local function each_call(self, pair, status, visit)
  for i, call in ipairs(self.calls[pair.tool]) do
    for j, labels in ipairs(self.labels) do
      for k = 0, i == 1 and j == 1 and #self.cards or 0 do
        local sample = {
          role = pair.role, status = status, tool = pair.tool, arguments = call.arguments, labels = labels, card = self.cards[k],
        }
        if not visit(sample) then
          return false
        end
      end
    end
  end
  return true
end

local function each_class(self, visit)
  for _, pair in ipairs(pairs_of(self)) do
    for _, status in ipairs(statuses_of(self, pair.tool)) do
      if not each_call(self, pair, status, visit) then
        return false
      end
    end
  end
  return true
end

local function each_recorded(recorded, visit)
  for _, call in ipairs(recorded) do
    for _, status in ipairs(type(call.arguments) == "table" and STATUSES or {}) do
      if not visit({ role = call.role, status = status, tool = call.tool, arguments = call.arguments, labels = {} }) then
        return false
      end
    end
  end
  return true
end

---@param generation table
---@param vocabulary table see words.of
---@param recorded table[] calls of the journal
---@param visit fun(sample: {role: string, status: string, tool: string, arguments: table, labels: table, card: table?}): boolean
---  false: no more
---@return boolean is_whole  everything was looked at
function M.each(generation, vocabulary, recorded, visit)
  local self = { generation = generation, vocabulary = vocabulary, calls = {}, is_cut = vocabulary.is_cut }
  for name in pairs(generation.tools) do
    self.calls[name] = calls_of(self, name)
  end
  self.labels, self.cards = labels_of(self), cards_of(self)
  return each_class(self, visit) and each_recorded(recorded, visit) and not self.is_cut
end

return M
