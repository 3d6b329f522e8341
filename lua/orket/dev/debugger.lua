-- debugger.lua: a person looks into a run that is under way: turns stop at breakpoints, are looked into, and go on.
--
-- It lives in the process that owns the project, as long as somebody is attached (lua/orket/dev/repl/attached.lua is the
-- other end). A turn asks it at four places, before it acts:
--
--   role        its first prompt is made
--   tool        the model asked for a call
--   rule        the call is judged, or something that it asks for is refused
--   transition  the turn will move its card
--
-- While a turn stands, its deadline stands, and no time is counted; what it waits for is an order of the person: go on,
-- step, skip the call, judge it again. A skip is a refusal in the journal, in the person's name: it can only narrow.
-- When whoever is attached goes, in whatever way, every turn goes on.

local async = require("orket.async")
local breakpoints = require("orket.dev.breakpoints")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local sys = require("orket.core.sys")

local M = {}

local Debugger = {}
Debugger.__index = Debugger

local ANSWER_MOST = 900 * 1024 -- bytes; a line of the socket holds 1 MiB
local PROMPT_MOST = 384 * 1024 -- bytes of messages that an answer shows
local TEXT_MOST = 128 * 1024 -- bytes of one message, and of a call's arguments

-- ---- a turn that stands ----

local function tell(self, stop)
  local waiters = self.waiters
  if next(waiters) == nil then
    self.untold[#self.untold + 1] = stop
  end
  self.waiters = {}
  for wake in pairs(waiters) do
    wake(stop)
  end
end

local function summary(stop)
  local turn = stop.turn
  return {
    card = turn.card.id, run = turn.run, turn = turn.number, step = turn.step, role = turn.role, seat = turn.seat,
    at = stop.kind, what = stop.what.name, breakpoint = stop.point and stop.point.id,
  }
end

-- Waits for an order. The time of a person is none of the turn's (governance/budget/meter.lua).
local function stand(self, stop)
  local began, turn = sys.monotonic(), stop.turn
  local order, second = async.unhurried(async.suspend, function(wake)
    stop.wake = wake
    tell(self, summary(stop))
  end)
  turn.since = turn.since and turn.since + sys.monotonic() - began
  return order, second
end

---A turn asks whether it may go on; without a breakpoint there it may at once.
---@param turn Turn
---@param kind "role"|"tool"|"rule"|"transition"
---@param what {name: string, request: table?, decision: table?, call: table?, operation: table?}  request: a call that may
---  be skipped or judged again
---@return "skip"|"again"|nil order
---@return Error|nil err  the turn was canceled
---@return string|nil why of a skip
function Debugger:at(turn, kind, what)
  local point = self.breakpoints:at(turn, kind, what.name)
  if not point and self.stepping ~= turn then
    return nil
  end
  local stop = { turn = turn, kind = kind, what = what, point = point }
  self.stepping = self.stepping ~= turn and self.stepping or nil
  self.stopped[turn.card.id] = stop
  local order, second = stand(self, stop)
  self.stopped[turn.card.id] = nil
  if order == nil then
    return nil, second
  end
  return order ~= "go" and order or nil, nil, second
end

-- ---- what a person asks ----

local act = {}

function act.breakpoint(self, request)
  return self.breakpoints:add(request.wanted)
end

function act.breakpoints(self)
  local points = setmetatable({}, cjson.array_mt)
  for i, point in ipairs(self.breakpoints.points) do
    points[i] = { id = point.id, kind = point.kind, wanted = point.wanted }
  end
  return points
end

function act.clear(self, request)
  if request.id ~= nil and math.type(request.id) ~= "integer" then
    return nil, errors.new("ERR_USAGE", "a breakpoint is cleared by its number", "breakpoints() lists them; clear() clears all")
  end
  return { cleared = self.breakpoints:clear(request.id) }
end

function act.stopped(self)
  local stops = setmetatable({}, cjson.array_mt)
  for _, stop in pairs(self.stopped) do
    stops[#stops + 1] = summary(stop)
  end
  table.sort(stops, function(a, b) return a.card < b.card end)
  return stops
end

-- The next turn that stands and was not told of yet; it is waited for.
function act.wait(self, request)
  if request.seconds ~= nil and type(request.seconds) ~= "number" then
    return nil, errors.new("ERR_USAGE", "wait takes a number of seconds", "wait(10)")
  end
  local told = table.remove(self.untold, 1)
  if told and self.stopped[told.card] then
    return told
  elseif told then
    return act.wait(self, request)
  end
  local seconds = math.max(0, math.min(request.seconds or 60, 3600))
  local mine
  local stop = async.within(seconds, async.suspend, function(wake)
    mine = wake
    self.waiters[wake] = true
  end)
  self.waiters[mine] = nil
  return stop or cjson.null
end

local function stop_of(self, request)
  local stop = self.stopped[request.card]
  if not stop then
    return nil, errors.new("ERR_NOT_FOUND", "no turn stands on the card " .. tostring(request.card), "stopped() lists those that do")
  end
  return stop
end

-- A message that is longer than what is shown of one keeps its role and its size.
local function message_of(text)
  local message = cjson.decode(text)
  return #text <= TEXT_MOST and message or { role = message.role, bytes = #text }
end

-- The newest messages that fit; how many were left out.
local function messages_of(turn)
  local shown, bytes = {}, 0
  for i = #turn.messages, 1, -1 do
    bytes = bytes + math.min(#turn.messages[i], TEXT_MOST)
    if bytes > PROMPT_MOST then
      return shown, i
    end
    table.insert(shown, 1, message_of(turn.messages[i]))
  end
  return shown, 0
end

-- The call as the model made it; of one that is too long the beginning.
local function call_of(request)
  local words = request and request.arguments
  if type(words) ~= "string" or #words <= TEXT_MOST then
    return request
  end
  return { id = request.id, name = request.name, bytes = #words, arguments = words:sub(1, utf8.offset(words, 0, TEXT_MOST) - 1) .. "…" }
end

function act.inspect(self, request)
  local stop, err = stop_of(self, request)
  if not stop then
    return nil, err
  end
  local turn, shown = stop.turn, summary(stop)
  shown.generation, shown.model = turn.generation.id, turn.model.name
  shown.tokens_in, shown.tokens_out, shown.refusals = turn.tokens_in, turn.tokens_out, turn.refusals
  shown.call, shown.decision, shown.proposal = call_of(stop.what.request or stop.what.call), stop.what.decision, stop.what.proposal
  shown.operation = stop.what.operation
  shown.labels = setmetatable(tables.keys(turn.labels or {}), cjson.array_mt)
  shown.prompt, shown.left_out = messages_of(turn)
  setmetatable(shown.prompt, cjson.array_mt)
  local view = turn.engine:view(turn)
  shown.view = view and view:value()
  if #cjson.encode(shown) > ANSWER_MOST then
    shown.view, shown.too_large = nil, "the view; orket repl --run " .. turn.run .. " has it"
  end
  return shown
end

local function order(name)
  return function(self, request)
    local stop, err = stop_of(self, request)
    if not stop then
      return nil, err
    elseif name ~= "go" and not stop.what.request then
      return nil, errors.new("ERR_USAGE", "there is no call to " .. (name == "skip" and name or "judge again") .. " at a " .. stop.kind, "continue(ID) or step(ID)")
    end
    if request.why ~= nil and type(request.why) ~= "string" then
      return nil, errors.new("ERR_USAGE", "why is a text", 'skip("' .. request.card .. '", "because …")')
    end
    stop.wake(name, name == "skip" and (request.who .. ": " .. (request.why or "not now")) or nil)
    return { card = request.card, order = name }
  end
end

act["continue"] = order("go")
act.skip = order("skip")
act.again = order("again")

function act.step(self, request)
  local stop, err = stop_of(self, request)
  if not stop then
    return nil, err
  end
  self.stepping = stop.turn
  stop.wake("go")
  return { card = request.card, order = "step" }
end

---Answers one request of whoever is attached.
---@param request {word: string, card: string?, wanted: table?, id: integer?, why: string?, seconds: number?, who: string}
---@return any|nil answer
---@return Error|nil
function Debugger:answer(request)
  local answer = act[request.word]
  if not answer then
    return nil, errors.new("ERR_USAGE", "a run has no word " .. tostring(request.word))
  end
  return answer(self, request)
end

---Everything goes on.
function Debugger:release()
  self.breakpoints:clear()
  self.stepping = nil
  for _, stop in pairs(self.stopped) do
    stop.wake("go")
  end
  tell(self, cjson.null)
end

---@param project table
---@return table
function M.new(project)
  return setmetatable({ breakpoints = breakpoints.new(project), stopped = {}, untold = {}, waiters = {} }, Debugger)
end

-- ---- at the owner's door ----

---Whoever asks is attached as long as the connection lasts.
---@param project table
---@param request {who: string?}
---@param client LineClient
---@return table|nil answer
---@return Error|nil
function M.attach(project, request, client)
  if project.debugger then
    return nil, errors.new("ERR_OWNED", "another REPL is attached to this run already", "wait until it is closed")
  end
  local debugger = M.new(project)
  project.debugger = debugger
  client.on_close(function()
    project.debugger = project.debugger ~= debugger and project.debugger or nil
    debugger:release()
  end)
  return { attached = true, who = request.who }
end

---Asks what is attached.
---@param project table
---@param request {text: string, who: string?}  text: see Debugger.answer, JSON
---@return {answer: any}|nil
---@return Error|nil
function M.ask(project, request)
  local asked = cjson.decode(request.text or "")
  if not project.debugger then
    return nil, errors.new("ERR_NOT_FOUND", "no REPL is attached", "orket repl --attach")
  elseif type(asked) ~= "table" then
    return nil, errors.new("ERR_JSON", "not a request")
  end
  asked.who = tostring(request.who or "unknown")
  local answer, err = project.debugger:answer(asked)
  return answer ~= nil and { answer = answer } or nil, err
end

return M
