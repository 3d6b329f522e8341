-- store.lua: the store that the engine's code sees in a replay: it reads the moment, and what is committed to
-- it is compared with the journal (history/replay/stage/tx.lua).

local errors = require("orket.errors")
local hash = require("orket.core.hash")
local tx = require("orket.history.replay.stage.tx")

local M = {}

local Stream = {}
Stream.__index = Stream

Stream.begin = tx.begin

local Store = {}
Store.__index = Store

function Store:read(name, params)
  return self.stage.moment:read(name, params)
end

function Store:read_doc(name, params)
  return self.stage.moment:read_doc(name, params)
end

function Store:message(convo)
  return self.stage.store:message(convo)
end

function Store:conversation(convo)
  return self.stage.store:conversation(convo)
end

-- Bytes that are not what their name says are no bytes of this run.
local function checked(stage, name, bytes, ...)
  if bytes and hash.of(bytes) ~= name then
    stage:diverge(stage.due, "the bytes of the blob " .. name .. " have another hash")
    return nil, errors.new("ERR_STORE_CORRUPT", "a blob is damaged")
  end
  return bytes, ...
end

function Store:blob(name)
  return checked(self.stage, name, self.stage.store:blob(name))
end

function Store:stream(place)
  local stage = self.stage
  return setmetatable({
    stage = stage, turn = place.turn, actor = place.actor, role = place.role,
    line = place.run == stage.run and stage.lines[place.turn] or nil,
  }, Stream)
end

function Store.subscribe()
  return function() end
end

---@param stage table
---@return table store
function M.new(stage)
  return setmetatable({ stage = stage }, Store)
end

return M
