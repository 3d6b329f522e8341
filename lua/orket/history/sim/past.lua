-- past.lua: the store of a moment, for the engine's own code: opened when something first asks for it, and
-- moved on with the walk, since a moment costs a projection of all that was before it. Who had a hand in a
-- card, which is all that routes ask for, the walk knows by itself.

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

local function open(self)
  local moment, err = errors.check(store.past(self.path, self.wanted))
  if not moment then
    error(err, 0)
  end
  self.moment, self.at = moment, self.wanted
end

local function go_on(self)
  local _, err = errors.check(self.moment:forward(self.wanted))
  if err then
    error(err, 0)
  end
  self.at = self.wanted
end

local function moment(self)
  if not self.moment then
    open(self)
  elseif self.wanted > self.at then
    go_on(self)
  end
  return self.moment
end

function Past:read(name, params)
  if name == "card_turns" then
    return self.cards:turns_of(params.card)
  end
  return moment(self):read(name, params)
end

function Past:read_doc(name, params)
  return moment(self):read_doc(name, params)
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
  return setmetatable({ path = project.database(dir), cards = known, wanted = 0, at = 0 }, Past)
end

return M
