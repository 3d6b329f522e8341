-- debugger.lua: a person looks into a run that is under way: turns stop at breakpoints, are looked into, and go on.
--
-- It lives in the process that owns the project, as long as somebody is attached (lua/orket/repl/attached.lua is the
-- other end). A turn asks it at four places, before it acts:
--
--   role        its first prompt is made          tool        the model asked for a call
--   rule        the call is judged                transition  the turn will move its card
--
-- While a turn stands, its deadline stands; what it waits for is an order of the person: go on, step, skip the
-- call, judge it again. A skip is a refusal in the journal, in the person's name: it can only narrow. When whoever is
-- attached goes, in whatever way, every turn goes on.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local glob = require("orket.core.glob")

local M = {}

local Debugger = {}
Debugger.__index = Debugger

local KINDS = { "tool", "rule", "transition", "role" } -- a role beside another one narrows that
local POINTS_MOST = 100
local ANSWER_MOST = 900 * 1024 -- bytes; a line of the socket holds 1 MiB
local PROMPT_MOST = 384 * 1024 -- bytes of messages that an answer shows

-- ---- breakpoints ----

local function kind_of(wanted)
  for _, kind in ipairs(KINDS) do
    if wanted[kind] then
      return kind
    end
  end
end

local function fault_of(wanted)
  for key, value in pairs(wanted) do
    if not (key == "card" or kind_of({ [key] = true })) then
      return "a breakpoint has no " .. tostring(key)
    elseif type(value) ~= "string" or glob.match(value, "x") == nil then
      return key .. " has to be a name, in which * stands for anything"
    end
  end
  return not kind_of(wanted) and "a breakpoint is on a tool, a rule, a role or a transition" or nil
end

---Adds a breakpoint: {tool = NAME} or {rule = ID} or {role = NAME} or {transition = STATUS}; * stands for anything.
---`card`, and `role` beside another one, narrow it.
---@param wanted table<string, string>
---@return table|nil point with its id
---@return Error|nil
function Debugger:add(wanted)
  local fault = fault_of(wanted)
  if fault then
    return nil, errors.new("ERR_USAGE", fault, 'breakpoint{tool="write_file"}, {rule="gate.*"}, {role="coder"}, {transition="done"}')
  elseif #self.points >= POINTS_MOST then
    return nil, errors.new("ERR_LIMIT", "there are " .. POINTS_MOST .. " breakpoints", "clear(ID) removes one")
  end
  self.last = self.last + 1
  local point = { id = self.last, kind = kind_of(wanted), wanted = wanted }
  self.points[#self.points + 1] = point
  return { id = point.id, kind = point.kind, wanted = wanted }
end

---Removes one breakpoint, or all of them.
---@param id integer|nil
---@return integer how many went
function Debugger:clear(id)
  local before = #self.points
  for i = before, 1, -1 do
    if not id or self.points[i].id == id then
      table.remove(self.points, i)
    end
  end
  return before - #self.points
end

local function matches(text, value)
  return not text or type(value) == "string" and glob.match(text, value) == true
end

local function point_at(self, turn, kind, what)
  for _, point in ipairs(self.points) do
    local wanted = point.wanted
    if point.kind == kind and matches(wanted[kind], what.name) and matches(wanted.card, turn.card.id)
      and matches(wanted.role, turn.role) then
      return point
    end
  end
end

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

---A turn asks whether it may go on; without a breakpoint there it may at once.
---@param turn Turn
---@param kind "role"|"tool"|"rule"|"transition"
---@param what {name: string, request: table?, decision: table?}
---@return "skip"|"again"|nil order
---@return Error|nil err  the turn was canceled
---@return string|nil why of a skip
function Debugger:at(turn, kind, what)
  local point = point_at(self, turn, kind, what)
  if not point and self.stepping ~= turn then
    return nil
  end
  local stop = { turn = turn, kind = kind, what = what, point = point }
  self.stepping = self.stepping ~= turn and self.stepping or nil
  self.stopped[turn.card.id] = stop
  local order, second = async.unhurried(async.suspend, function(wake)
    stop.wake = wake
    tell(self, summary(stop))
  end)
  self.stopped[turn.card.id] = nil
  if order == nil then
    return nil, second
  end
  return order ~= "go" and order or nil, nil, second
end

-- ---- what a person asks ----

local act = {}

function act.breakpoint(self, request)
  return self:add(request.wanted or {})
end

function act.breakpoints(self)
  local list = setmetatable({}, cjson.array_mt)
  for i, point in ipairs(self.points) do
    list[i] = { id = point.id, kind = point.kind, wanted = point.wanted }
  end
  return list
end

function act.clear(self, request)
  return { cleared = self:clear(request.id) }
end

function act.stopped(self)
  local list = setmetatable({}, cjson.array_mt)
  for _, stop in pairs(self.stopped) do
    list[#list + 1] = summary(stop)
  end
  table.sort(list, function(a, b) return a.card < b.card end)
  return list
end

-- The next turn that stands and was not told of yet; it is waited for.
function act.wait(self, request)
  local told = table.remove(self.untold, 1)
  if told and self.stopped[told.card] then
    return told
  elseif told then
    return act.wait(self, request)
  end
  local seconds = type(request.seconds) == "number" and math.max(0, math.min(request.seconds, 3600)) or 60
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

-- The newest messages that fit; how many were left out.
local function messages_of(turn)
  local list, bytes = {}, 0
  for i = #turn.messages, 1, -1 do
    bytes = bytes + #turn.messages[i]
    if bytes > PROMPT_MOST then
      return list, i
    end
    table.insert(list, 1, cjson.decode(turn.messages[i]))
  end
  return list, 0
end

function act.inspect(self, request)
  local stop, err = stop_of(self, request)
  if not stop then
    return nil, err
  end
  local turn, shown = stop.turn, summary(stop)
  shown.generation, shown.model = turn.generation.id, turn.model.name
  shown.tokens_in, shown.tokens_out, shown.refusals = turn.tokens_in, turn.tokens_out, turn.refusals
  shown.call, shown.decision, shown.proposal = stop.what.request, stop.what.decision, stop.what.proposal
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
      return nil, errors.new("ERR_USAGE", "there is no call to " .. name .. " at a " .. stop.kind, "continue(ID) or step(ID)")
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
  self.points, self.stepping = {}, nil
  for _, stop in pairs(self.stopped) do
    stop.wake("go")
  end
  tell(self, cjson.null)
end

---@return table
function M.new()
  return setmetatable({ points = {}, stopped = {}, untold = {}, waiters = {}, last = 0 }, Debugger)
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
    return nil, errors.new("ERR_OWNED", "somebody is attached to this run already", "wait until they are gone")
  end
  local debugger = M.new()
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
    return nil, errors.new("ERR_NOT_FOUND", "nobody is attached", "orket repl --attach")
  elseif type(asked) ~= "table" then
    return nil, errors.new("ERR_JSON", "not a request")
  end
  asked.who = tostring(request.who or "somebody")
  local answer, err = project.debugger:answer(asked)
  return answer ~= nil and { answer = answer } or nil, err
end

return M
