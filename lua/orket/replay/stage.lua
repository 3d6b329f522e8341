-- stage.lua: where a run is played again: a store that reads the moment and writes nothing. What the engine's
-- code commits to it is compared, event by event, with what the journal has.
--
-- A unit is one piece of work in a task of its own: a turn, a verification, the run's beginning and end. It
-- sleeps (park) where the world answered it when it was recorded: at a commit, and at the model. Whoever
-- drives the stage wakes it when the journal has come to its next event.

local async = require("orket.async")
local cjson = require("cjson")
local diff = require("orket.diff")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local moves = require("orket.moves")
local records = require("orket.replay.record")

local M = {}

local Stage = {}
Stage.__index = Stage

-- ---- units ----

-- The driver goes on once the task that woke it sleeps.
local function tell_driver(self)
  local wake = self.driver
  self.driver = nil
  if wake then
    async.spawn(function()
      async.sleep(0)
      wake()
    end)
  end
end

---Runs fn(...) as a unit until it sleeps or ends.
---@param unit table what is known of it
---@param fn function
---@return table unit
function Stage:play(unit, fn, ...)
  self.current = unit
  async.spawn(function(...)
    fn(...)
    unit.done = true
    tell_driver(self)
  end, ...)
  self:settle(unit)
  return unit
end

---Waits until the unit sleeps or has ended.
---@param unit table
function Stage:settle(unit)
  while not (unit.done or unit.parked) do
    async.suspend(function(wake)
      self.driver = wake
    end)
  end
end

---A unit goes on; answers once it sleeps again or has ended.
---@param unit table
function Stage:wake(unit, ...)
  local parked = unit.parked
  unit.parked = nil
  self.current = unit
  parked.wake(...)
  self:settle(unit)
end

---The running unit sleeps.
---@param why "model"|"prompt"
---@return any ... what it is woken with
function Stage:park(why)
  local unit = self.current
  return async.suspend(function(wake)
    unit.parked = { why = why, wake = wake }
    tell_driver(self)
  end)
end

-- ---- differences ----

---The first difference ends the replay.
---@param event table|nil recorded
---@param what string
---@param detail string|nil
function Stage:diverge(event, what, detail)
  self.diverged = self.diverged or records.divergence(event, what, detail)
end

-- A conversation as it was derived, from its last message back to one that the journal has.
local function derived_conversation(self, convo)
  local messages = {}
  while convo and self.said[convo] do
    table.insert(messages, 1, cjson.decode(self.said[convo].text))
    convo = self.said[convo].parent
  end
  return messages
end

local function recorded_conversation(self, convo)
  local messages = {}
  for i, text in ipairs(self.store:conversation(convo) or {}) do
    messages[i] = cjson.decode(text)
  end
  return messages
end

local function text_lines(bytes)
  local lines = {}
  for line in ((utf8.len(bytes) and bytes or "(not text)") .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function contents(self, recorded, derived)
  if recorded.convo and derived.convo and recorded.convo ~= derived.convo then
    return diff.values(recorded_conversation(self, recorded.convo), derived_conversation(self, derived.convo))
  elseif recorded.blob and derived.blob and recorded.blob ~= derived.blob and self.written[derived.blob] then
    return diff.unified(text_lines(self.store:blob(recorded.blob) or ""), text_lines(self.written[derived.blob]))
  end
  return ""
end

local FIELDS = { "kind", "card", "step", "actor", "role" }

local function whole(event, body)
  local fields = { body = body }
  for _, field in ipairs(FIELDS) do
    fields[field] = event[field]
  end
  return fields
end

local function explain(self, recorded, derived)
  local was, is = records.body(recorded), cjson.decode(derived.body)
  local more = contents(self, was, is)
  return "- recorded, + derived\n" .. diff.values(whole(recorded, was), whole(derived, is)) .. (more ~= "" and "\n" .. more or "")
end

local function equal(recorded, derived)
  for _, field in ipairs(FIELDS) do
    if recorded[field] ~= derived[field] then
      return false
    end
  end
  return recorded.body == derived.body
end

-- ---- events derived ----

-- What came from outside and broke a turn off: then what it would have done next is not in the journal.
local OUTSIDE = { limit = true, system = true, model = true }

---What a turn is to be told when its record says that it was broken off here; nil when it does not.
---@param event table|nil
---@return Error|nil
function M.broken_off(event)
  local body = event and (event.kind == "turn.failed" or event.kind == "turn.ended") and records.body(event)
  if not body then
    return nil
  elseif event.kind == "turn.ended" then
    return body.outcome == "abandoned" and { code = "ERR_STALE", class = "system", message = body.why } or nil
  end
  local message = body.why:sub(#body.code + 3) -- as errors.line wrote it
  return OUTSIDE[body.class] and { code = body.code, class = body.class, message = message } or nil
end

-- The turn's journal ends without its end: the process did, or another one gave the turn up.
local function is_over(recorded)
  return recorded == nil or recorded.kind == "turn.abandoned"
end

local function is_ended(line)
  local last = line[#line]
  return last and (last.kind == "turn.ended" or last.kind == "turn.abandoned") and true or false
end

-- The bytes that an event names have to be in the journal, and to be these.
local function has_bytes(self, recorded, kind, name, bytes)
  local stored = self.store[kind](self.store, name)
  if stored == bytes or stored and not bytes and hash.of(stored) == name then
    return true
  end
  self:diverge(recorded, string.format("the %s %s is %s", kind, name, stored and "not what its name says" or "missing"),
    stored and bytes and diff.unified(text_lines(stored), text_lines(bytes)))
end

-- The messages that were said since the last event that named a conversation.
local function check_said(self, recorded, convo)
  local said = self.said[convo]
  while said and not said.checked and has_bytes(self, recorded, "message", convo, said.text) do
    said.checked = true
    convo = said.parent
    said = self.said[convo]
  end
end

local function check_bytes(self, recorded)
  local body = records.body(recorded)
  if body.convo then
    check_said(self, recorded, body.convo)
  elseif body.blob then
    has_bytes(self, recorded, "blob", body.blob, self.written[body.blob])
  end
  for _, change in ipairs(recorded.kind == "tree.merged" and body.changes or {}) do
    if change.blob then
      has_bytes(self, recorded, "blob", change.blob, self.written[change.blob])
    end
  end
end

-- An intent is once more in the journal after each interruption.
local function skip_repeated(line, derived)
  local next_one, before = line[line.tip + 1], line[line.tip]
  while next_one and next_one.kind == "call.allowed" and not equal(next_one, derived) and before and equal(next_one, before) do
    next_one.derived = true
    line.tip = line.tip + 1
    next_one = line[line.tip + 1]
  end
end

-- An event of a turn against the next one of its record.
local function compare_turn(self, line, derived)
  skip_repeated(line, derived)
  local recorded = line[line.tip + 1]
  if recorded and equal(recorded, derived) then
    recorded.derived = true
    line.tip = line.tip + 1
    check_bytes(self, recorded)
  elseif is_over(recorded) and not (recorded == nil and is_ended(line)) then
    line.beyond = true
  elseif derived.kind ~= recorded.kind and M.broken_off(recorded) then
    line.cut = M.broken_off(recorded)
  elseif recorded then
    self:diverge(recorded, "the replay derives something else", explain(self, recorded, derived))
  else
    self:diverge(line[#line], "the replay derives more after it: " .. derived.kind .. " " .. derived.body:sub(1, 1000))
  end
end

-- An operation that reaches beyond the tree has transactions of its own (turn/once.lua): what its call did before
-- comes after it in the stream.
-- Nor is there anything of what a call did before it asked a person: it does it again.
local ALONE = { ["operation.intended"] = true, ["approval.settled"] = true, ["approval.asked"] = true }

local function compare_later(self, tx, derived)
  local recorded = tx.line[tx.line.tip + 1]
  local passed_by = recorded and ALONE[recorded.kind] and derived.kind ~= recorded.kind
  if #tx.held > 0 or passed_by then
    tx.held[#tx.held + 1] = derived
  else
    compare_turn(self, tx.line, derived)
  end
end

local function compare_held(self, tx)
  for _, derived in ipairs(tx.held) do
    if not (self.diverged or tx.line.cut or tx.line.beyond) then
      compare_turn(self, tx.line, derived)
    end
  end
  tx.held = {}
end

-- The run's own stream has many writers: a transaction is found by the card of its first event.
local function compare_shared(self, tx, derived)
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
    self:diverge(recorded, "the replay derives something else", explain(self, recorded, derived))
  else
    self:diverge(self.due, "the replay derives " .. derived.kind .. " of " .. (derived.card or "the run") .. " " .. derived.body:sub(1, 1000))
  end
end

local Tx = {}
Tx.__index = Tx

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
    compare_shared(stage, tx, derived)
  elseif not (line.cut or line.beyond) then
    compare_later(stage, tx, derived)
  end
  return tx.count
end

function Tx:event(kind, card, body, options)
  return put(self, kind, card, body, options)
end

function Tx:move(card, fields)
  local verdict = moves.judge({ type = fields.type, status = fields.from }, fields.to, fields.role, fields.reason)
  if not verdict.ok then
    return nil, verdict.why, "ERR_TRANSITION", verdict.fix ~= "" and verdict.fix or "-", verdict.rule
  end
  return put(self, "card.moved", card, fields)
end

function Tx:blob(bytes)
  local name = hash.of(bytes)
  self.stage.written[name] = bytes
  return name
end

function Tx:message(parent, text)
  local convo = M.say(parent, text)
  self.stage.said[convo] = self.stage.said[convo] or { parent = parent, text = text }
  self.messages[#self.messages + 1] = convo
  return convo
end

-- What was derived and not committed did not happen.
function Tx:abandon()
  local line = self.line
  self.held = {}
  for _, convo in ipairs(self.messages) do
    local said = self.stage.said[convo]
    self.stage.said[convo] = said and said.checked and said or nil
  end
  if line and self.stream.turn ~= 0 then
    for i = line.at + 1, line.tip do
      line[i].derived = nil
    end
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

-- A claim is waited for and then the card is read: that was at once. So is what comes after the last commit, and
-- before and after a person has a say. Otherwise the moment of what follows is the one before its own commit.
local function goes_on_at_once(self, first)
  local line = self.line
  local next_one = line[line.tip + 1]
  return self.stream.turn == 0 or first or is_over(next_one) and not line.beyond
    or next_one and is_person(next_one.actor) ~= is_person(self.stream.actor)
    or next_one and self.stream.actor == "system" and next_one.actor ~= "system" -- it withdrew a question
end

function Tx:commit(done)
  local line, stage = self.line, self.stage
  compare_held(stage, self)
  if line and line.beyond and line.tip > line.at then -- all of a transaction is there or nothing
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
  tell_driver(stage)
end

function Tx:keep()
  local line = self.line
  if line and self.count > 0 and not line.cut then
    line.at, line.step = line.tip, self.step
  end
end

local Stream = {}
Stream.__index = Stream

function Stream:begin()
  return setmetatable({
    stage = self.stage, stream = self, line = self.line, count = 0, messages = {}, held = {}, step = self.line and self.line.step or 0,
  }, Tx)
end

---The name of a conversation with one more message.
---@param parent string|nil
---@param text string
---@return string convo
function M.say(parent, text)
  return hash.parts({ parent and records.raw(parent) or "", text })
end

-- ---- the store that the engine's code sees ----

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

-- ---- the stage ----

---The journal has come to this commit.
---@param seq integer
---@return true|nil ok
---@return Error|nil
function Stage:go_to(seq)
  if seq <= self.seq then
    return true
  end
  local ok, err = errors.check(self.moment:forward(seq))
  self.seq = seq
  return ok, err
end

---A turn is derived anew from what it had come to before a commit.
---@param turn integer
---@param seq integer
---@return boolean any  it had come to something
function Stage:rewind(turn, seq)
  local line = self.lines[turn] or {}
  line.at, line.step, line.cut, line.beyond = 0, 0, nil, nil
  for i, event in ipairs(line) do
    if event.seq < seq then
      line.at, line.step = i, event.step
    else
      event.derived = nil
    end
  end
  line.tip = line.at
  return line.at > 0
end

---An event of a turn's stream that nothing derives.
---@param event Recorded
function Stage:pass(event)
  local line = self.lines[event.turn]
  line.tip, line.at = event.n, event.n
end

---@param options {store: Store, moment: Store, seq: integer, run: string, streams: table<any, table[]>}
---@return table stage
function M.new(options)
  local self = setmetatable({
    store = options.store, moment = options.moment, seq = options.seq, run = options.run, lines = options.streams,
    said = {}, written = {},
  }, Stage)
  for _, line in pairs(self.lines) do
    line.at, line.tip, line.step = 0, 0, 0
  end
  self.facade = setmetatable({ stage = self }, Store)
  return self
end

return M
