-- tx.lua: a transaction of a replay: what is put into it is compared with the record, nothing is written.

local async = require("orket.async")
local cjson = require("cjson")
local compare = require("orket.history.replay.stage.compare")
local hash = require("orket.core.hash")
local moves = require("orket.effects.moves")

local M = {}

local Tx = {}
Tx.__index = Tx

-- The run was stopped between the last event of this turn and the next one, with which its agent goes on:
-- what people and the engine do to an open turn is no part of it.
local function is_left_off(stage, line, derived)
  local last, next_one = line[line.tip], line[line.tip + 1]
  local goes_on = last and next_one and derived.actor:find("^agent:") and next_one.kind == derived.kind
    and next_one.actor == derived.actor
  for _, seq in ipairs(goes_on and stage.resumed or {}) do
    if seq > last.seq and seq < next_one.seq then
      return true
    end
  end
  return false
end

local function put(tx, kind, card, body, options)
  local stage, line = tx.stage, tx.line
  if kind == "operation.settled" then
    return tx.count -- it tells of interruptions, and there are others here
  end
  tx.step = options and options.step or tx.step
  local derived = {
    kind = kind, card = card, step = tx.step, actor = tx.stream.actor, role = tx.stream.role,
    body = type(body) == "userdata" and body:encode() or cjson.encode(body),
  }
  tx.count = tx.count + 1
  if not line or stage.diverged then
    return tx.count -- nothing of this run
  elseif tx.stream.turn == 0 then
    compare.of_run(stage, tx, derived)
  elseif not (line.cut or line.beyond) then
    if is_left_off(stage, line, derived) then
      stage:park("commit") -- a reply was recorded alone: what follows read the moment at which it went on
    end
    compare.of_turn(stage, tx, derived)
  end
  return tx.count
end

function Tx:event(kind, card, body, options)
  return put(self, kind, card, body, options)
end

-- As the core answers a move that it refuses: nil, why, code, fix, rule.
local function refused(...)
  return nil, ...
end

function Tx:move(card, fields)
  local verdict = moves.judge({ type = fields.type, status = fields.from }, fields.to, fields.role,
    fields.reason)
  if not verdict.ok then
    return refused(verdict.why, "ERR_TRANSITION", verdict.fix ~= "" and verdict.fix or "-", verdict.rule)
  end
  return put(self, "card.moved", card, fields)
end

function Tx:blob(bytes)
  local name = hash.of(bytes)
  self.stage.written[name] = bytes
  return name
end

function Tx:message(parent, text)
  local convo = self.stage:say(parent, text)
  self.messages[#self.messages + 1] = convo
  return convo
end

-- What was derived and not committed did not happen; what the record has before it breaks off did.
function Tx:abandon()
  local line = self.line
  self.held = {}
  self.stage:unsay(self.messages)
  if line and self.stream.turn ~= 0 then
    for i = line.at + 1, line.cut and line.at or line.tip do
      line[i].derived = nil
    end
    line.at = line.cut and line.tip or line.at
    line.tip, line.cut = line.at, nil
  end
end

-- As in the store: what was put in since is forgotten; of what was compared already nothing is.
function Tx:mark()
  return { count = self.count, held = #self.held }
end

function Tx:rollback(mark)
  self.count = mark.count
  for i = #self.held, mark.held + 1, -1 do
    self.held[i] = nil
  end
end

local function refuse(done, err)
  return done and done(nil, err.message, err.code)
end

local function is_person(actor)
  return actor:find("^human:") ~= nil
end

-- A claim is waited for and then the card is read: that was at once. So is what comes after the last commit,
-- and before and after a person has a say. Otherwise the moment of what follows is the one before its own
-- commit.
local function goes_on_at_once(self, first)
  local line = self.line
  local next_one = line[line.tip + 1]
  if self.stream.turn == 0 or first or compare.is_over(next_one) and not line.beyond then
    return true
  elseif not next_one then
    return false
  end
  local withdrew = self.stream.actor == "system" and next_one.actor ~= "system" -- a question
  return withdrew or is_person(next_one.actor) ~= is_person(self.stream.actor)
    or next_one.kind == "window.compacted" -- the card's words were written anew at once
end

function Tx:commit(done)
  local line, stage = self.line, self.stage
  compare.held(stage, self)
  -- All of a transaction is there or nothing; but a turn that leaves off commits the reply that was paid for
  -- alone.
  if line and line.beyond and line.tip > line.at and line[line.tip].kind ~= "step.reply" then
    stage:diverge(line[line.tip], "what was committed together with it is not in the journal")
  end
  local waits = done and async.waits_with(done)
  if not line or self.count == 0 or not (waits or line.cut) then
    self:keep()
    return done and done(0)
  elseif not waits then
    return refuse(done, line.cut)
  end
  local first, cut = line.at == 0 and not line.taped, line.cut
  if cut then
    self:abandon()
  end
  self:keep()
  stage.current.parked = {
    why = "commit", early = not cut and goes_on_at_once(self, first), wake = function()
      return cut and refuse(done, cut) or not cut and done(0)
    end,
  }
  stage:tell_driver()
end

function Tx:keep()
  local line = self.line
  if line and self.count > 0 and not line.cut then
    line.at, line.step = line.tip, self.step
  end
end

---@param stream {stage: table, line: table?, turn: any, actor: string, role: string?}
---@return table tx
function M.begin(stream)
  return setmetatable({
    stage = stream.stage, stream = stream, line = stream.line, count = 0, messages = {}, held = {},
    step = stream.line and stream.line.step or 0,
  }, Tx)
end

return M
