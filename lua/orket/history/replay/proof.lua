-- proof.lua: is a recorded run what was signed? What follows from itself may still not be what happened: a
-- reply, a verdict, a person's answer is input. The head that is signed when a run ends is over all of it.

local diff = require("orket.util.diff")
local errors = require("orket.errors")
local records = require("orket.history.replay.record")

local M = {}

local function signed_at(store, run, seq)
  for _, head in ipairs(store:read("heads", { run = run })) do
    if head.seq == seq then
      return head.hash
    end
  end
end

-- The end that was signed with a commit; a fork's beginning, when that is meant.
local function end_at(record, seq)
  local found = (record.streams[0] or {})[1]
  for _, event in ipairs(record.streams[0] or {}) do
    if event.seq == seq or event.seq < seq and event.kind == "run.ended" then
      found = event.kind ~= "card.moved" and event or found
    end
  end
  return found
end

---@param store Store
---@param record table
---@return true|nil ok  also for a run that never ended: nothing of it is signed
---@return Error|nil err  ERR_REPLAY at the end that is not what was signed
function M.check(store, record)
  local ok, err = errors.check(store:proved(record.run))
  local seq = not ok and math.tointeger(tonumber(err.message:match("%(commit (%d+)%)")))
  if not seq then
    return ok, err
  end
  local signed, now = signed_at(store, record.run, seq) or "nothing", records.hash(record.streams, seq)
  local fault = records.divergence(end_at(record, seq), "the run is not what was signed: " .. err.message,
    signed ~= now and "- signed, + now\n" .. diff.values({ hash = signed }, { hash = now }) or nil)
  fault.fix = "the journal was changed: a backup, or a bundle of orket export, has what it was"
  return nil, fault
end

---True when a signature covers the run to its last event.
---@param store Store
---@param record table
---@return boolean
function M.is_signed(store, record)
  local heads = store:read("heads", { run = record.run })
  return #heads > 0 and heads[#heads].hash == records.hash(record.streams)
end

return M
