-- compare.lua: what the engine's code derives, against the next event of its record.

local difference = require("orket.history.replay.stage.difference")
local hash = require("orket.core.hash")
local record = require("orket.history.replay.record")
local strings = require("orket.util.strings")

local M = {}

local function equal(recorded, derived)
  for _, field in ipairs(difference.FIELDS) do
    if recorded[field] ~= derived[field] then
      return false
    end
  end
  return recorded.body == derived.body
end

-- What came from outside and broke a turn off: then what it would have done next is not in the journal.
local OUTSIDE = { limit = true, system = true, model = true }

---What a turn is to be told when its record says that it was broken off here; nil when it does not.
---@param event table|nil
---@return Error|nil
function M.broken_off(event)
  local body = event and (event.kind == "turn.failed" or event.kind == "turn.ended") and record.body(event)
  if not body then
    return nil
  elseif event.kind == "turn.ended" then
    return body.outcome == "abandoned" and { code = "ERR_STALE", class = "system", message = body.why,
      ends_turn = true } or nil
  end
  local message = body.why:sub(#body.code + 3) -- as errors.line wrote it
  local is_outside = OUTSIDE[body.class] or body.permanent
  return is_outside and { code = body.code, class = body.class, message = message, permanent = body.permanent,
    ends_turn = true } or nil
end

---The turn's journal ends without its end: the process did, or another one gave the turn up.
---@param recorded Recorded|nil
---@return boolean
function M.is_over(recorded)
  return recorded == nil or recorded.kind == "turn.abandoned"
end

local function is_ended(line)
  local last = line[#line]
  return last and (last.kind == "turn.ended" or last.kind == "turn.abandoned") and true or false
end

-- The bytes that an event names have to be in the journal, and to be these.
local function has_bytes(stage, recorded, kind, name, bytes)
  local stored = stage.store[kind](stage.store, name)
  if stored == bytes or stored and not bytes and hash.of(stored) == name then
    return true
  end
  local state = stored and "not what its name says" or "missing"
  stage:diverge(recorded, string.format("the %s %s is %s", kind, name, state),
    stored and bytes and difference.of_bytes(stored, bytes))
end

-- The messages that were said since the last event that named a conversation.
local function check_said(stage, recorded, convo)
  local said = stage.said[convo]
  while said and not said.checked and has_bytes(stage, recorded, "message", convo, said.text) do
    said.checked = true
    convo = said.parent
    said = stage.said[convo]
  end
end

local function check_bytes(stage, recorded)
  local body = record.body(recorded)
  if body.convo then
    check_said(stage, recorded, body.convo)
  elseif body.blob then
    has_bytes(stage, recorded, "blob", body.blob, stage.written[body.blob])
  end
  for _, change in ipairs(recorded.kind == "tree.merged" and body.changes or {}) do
    if change.blob then
      has_bytes(stage, recorded, "blob", change.blob, stage.written[change.blob])
    end
  end
end

-- An intent is once more in the journal after each interruption.
local function skip_repeated(line, derived)
  local next_one, before = line[line.tip + 1], line[line.tip]
  while next_one and next_one.kind == "call.allowed" and not equal(next_one, derived) and before
    and equal(next_one, before) do
    next_one.derived = true
    line.tip = line.tip + 1
    next_one = line[line.tip + 1]
  end
end

-- Against the next one of its turn's record.
local function against_next(stage, line, derived)
  skip_repeated(line, derived)
  local recorded = line[line.tip + 1]
  if recorded and equal(recorded, derived) then
    recorded.derived = true
    line.tip = line.tip + 1
    check_bytes(stage, recorded)
  elseif M.is_over(recorded) and not (recorded == nil and is_ended(line)) then
    line.beyond = true
  elseif derived.kind ~= recorded.kind and M.broken_off(recorded) then
    line.cut = M.broken_off(recorded)
  elseif recorded then
    stage:diverge(recorded, "the replay derives something else", difference.explain(stage, recorded, derived))
  else
    stage:diverge(line[#line], "the replay derives more after it: " .. derived.kind .. " "
      .. strings.cut(derived.body, 1000))
  end
end

-- An operation that reaches beyond the tree has transactions of its own (effects/at_most_once.lua): what its
-- call did before comes after it in the stream. Nor is there anything of what a call did before it asked a
-- person: it does it again.
local ALONE = { ["operation.intended"] = true, ["approval.settled"] = true, ["approval.asked"] = true }

---An event of a turn; what comes after it in the stream is held back.
---@param stage table
---@param tx table
---@param derived table
function M.of_turn(stage, tx, derived)
  local recorded = tx.line[tx.line.tip + 1]
  local passed_by = recorded and ALONE[recorded.kind] and derived.kind ~= recorded.kind
  if #tx.held > 0 or passed_by then
    tx.held[#tx.held + 1] = derived
  else
    against_next(stage, tx.line, derived)
  end
end

---What was held back until its transaction is committed.
---@param stage table
---@param tx table
function M.held(stage, tx)
  for _, derived in ipairs(tx.held) do
    if not (stage.diverged or tx.line.cut or tx.line.beyond) then
      against_next(stage, tx.line, derived)
    end
  end
  tx.held = {}
end

---An event of the run itself. Its stream has many writers: a transaction is found by the card of its first
---event.
---@param stage table
---@param tx table
---@param derived table
function M.of_run(stage, tx, derived)
  local line = tx.line
  if not tx.next then
    for i = 1, #line do
      if not line[i].derived and line[i].card == derived.card then
        tx.next = i
        break
      end
    end
  end
  local recorded = line[tx.next or 0]
  if recorded and equal(recorded, derived) then
    recorded.derived = true
    tx.next = tx.next + 1
  elseif recorded then
    stage:diverge(recorded, "the replay derives something else", difference.explain(stage, recorded, derived))
  else
    stage:diverge(stage.due, "the replay derives " .. derived.kind .. " of " .. (derived.card or "the run")
      .. " " .. strings.cut(derived.body, 1000))
  end
end

return M
