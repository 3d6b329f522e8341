-- store.lua: the store that the engine's code sees in a replay: it reads the moment, and what is committed to
-- it is compared with the journal (history/replay/stage/tx.lua).

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
function Store:blob(name)
  local bytes, message, code = self.stage.store:blob(name)
  if bytes and hash.of(bytes) ~= name then
    self.stage:diverge(self.stage.due, "the bytes of the blob " .. name .. " have another hash")
    return nil, "a blob is damaged", "ERR_STORE_CORRUPT"
  end
  return bytes, message, code
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
