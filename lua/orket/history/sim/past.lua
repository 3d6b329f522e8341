-- past.lua: the store of a moment, for the engine's own code: opened when something first asks for it, and moved
-- on with the walk, since a moment costs a projection of all that was before it. Who had a hand in a card, which is
-- all that routes ask for, the walk knows by itself.

local cjson = require("cjson")
local errors = require("orket.errors")
local project = require("orket.project.project")
local store = require("orket.core.store")

local M = {}

local Past = {}
Past.__index = Past

---The board is as it was after this commit from here on.
---@param seq integer not before the last one
function Past:go_to(seq)
  self.wanted = math.max(seq, self.wanted)
end

-- What prompts are made of: it has neither trees nor costs in it, which are most of a moment.
local SPARSE = { card = true, labels = true, lineage = true, memory = true, memory_any = true, memory_words = true, view = true }

local function open(self, sparse)
  self:close()
  local moment, err = errors.check(store.past(self.path, self.wanted, { sparse = sparse }))
  if not moment then
    error(err, 0)
  end
  self.moment, self.sparse, self.at, self.docs, self.card = moment, sparse, self.wanted, {}, nil
end

local function go_on(self)
  local _, err = errors.check(self.moment:forward(self.wanted))
  if err then
    error(err, 0)
  end
  self.at, self.docs, self.card = self.wanted, {}, nil
end

-- A sparse moment knows of the cards that it was told to look at.
local function look(self, card)
  if self.card ~= card then
    local _, err = errors.check(self.moment:look(card))
    if err then
      error(err, 0)
    end
    self.card = card
  end
end

-- The moment, of which this is asked: a whole one from the first question on that needs it.
local function moment(self, name, params)
  if not self.moment or self.sparse and not SPARSE[name] then
    open(self, SPARSE[name] or false)
  elseif self.wanted > self.at then
    go_on(self)
  end
  local card = params.card or params.id
  if card and self.sparse then
    look(self, card)
  end
  return self.moment
end

function Past:read(name, params)
  if name == "card_turns" then
    return self.cards:turns_of(params.card)
  end
  return moment(self, name, params):read(name, params)
end

-- Both sides ask for the same ones, which nobody changes.
function Past:read_doc(name, params)
  local now, key = moment(self, name, params), name .. cjson.encode(params)
  if self.docs[key] then
    return self.docs[key]
  end
  local doc, message, code, fix = now:read_doc(name, params)
  self.docs[key] = doc
  return doc, message, code, fix
end

function Past.stream()
  return {} -- nobody writes
end

function Past:close()
  if self.moment then
    self.moment:close()
    self.moment = nil
  end
end

Past.__close = Past.close

---@param dir string of the project
---@param known table the cards as the walk knows them
---@return table past
function M.new(dir, known)
  return setmetatable({ path = project.database(dir), cards = known, wanted = 0, at = 0, docs = {} }, Past)
end

return M
