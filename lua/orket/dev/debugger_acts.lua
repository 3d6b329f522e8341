-- debugger_acts.lua: what a person who is attached asks of a run: breakpoints, a look into a turn that
-- stands, and orders to it. The attachment lasts as long as the connection that asked for it.

local async = require("orket.async")
local cjson = require("cjson")
local debugger = require("orket.dev.debugger")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local ANSWER_MOST = 900 * 1024 -- bytes; a line of the socket holds 1 MiB
local PROMPT_MOST = 384 * 1024 -- bytes of messages that an answer shows
local TEXT_MOST = 128 * 1024 -- bytes of one message, and of a call's arguments

local function add_breakpoint(self, request)
  return self.breakpoints:add(request.wanted)
end

local function list_breakpoints(self)
  local points = setmetatable({}, cjson.array_mt)
  for i, point in ipairs(self.breakpoints.points) do
    points[i] = { id = point.id, kind = point.kind, wanted = point.wanted }
  end
  return points
end

local function clear(self, request)
  return { cleared = self.breakpoints:clear(request.id) }
end

local function list_stopped(self)
  local stops = setmetatable({}, cjson.array_mt)
  for _, stop in pairs(self.stopped) do
    stops[#stops + 1] = debugger.summary(stop)
  end
  table.sort(stops, function(a, b) return a.card < b.card end)
  return stops
end

-- The next turn that stands and was not told of yet; it is waited for.
local function wait(self, request)
  local told = table.remove(self.untold, 1)
  if told and self.stopped[told.card] then
    return told
  elseif told then
    return wait(self, request)
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
    return nil, errors.new("ERR_NOT_FOUND", "no turn stands on the card " .. tostring(request.card),
      "stopped() lists those that do")
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
  return { id = request.id, name = request.name, bytes = #words,
    arguments = words:sub(1, utf8.offset(words, 0, TEXT_MOST) - 1) .. "…" }
end

local function inspect(self, request)
  local stop, err = stop_of(self, request)
  if not stop then
    return nil, err
  end
  local turn, shown = stop.turn, debugger.summary(stop)
  shown.generation, shown.model = turn.generation.id, turn.model.name
  local spent = turn.spent
  shown.tokens_in, shown.tokens_out, shown.refusals = spent.tokens_in, spent.tokens_out, turn.refusals
  shown.call, shown.decision, shown.proposal = call_of(stop.what.request or stop.what.call),
    stop.what.decision, stop.what.proposal
  shown.operation = stop.what.operation
  shown.labels = setmetatable(tables.keys(turn.labels or {}), cjson.array_mt)
  shown.prompt, shown.left_out = messages_of(turn)
  setmetatable(shown.prompt, cjson.array_mt)
  local view = turn.engine:view(turn)
  shown.view = view and view.doc:value()
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
      return nil, errors.new("ERR_USAGE", "there is no call to " .. (name == "skip" and name or "judge again")
        .. " at a " .. stop.kind, "continue(ID) or step(ID)")
    end
    local why = (request.who or "unknown") .. ": " .. (request.why or "not now")
    stop.wake(name, name == "skip" and why or nil)
    return { card = request.card, order = name }
  end
end

local function step(self, request)
  local stop, err = stop_of(self, request)
  if not stop then
    return nil, err
  end
  self.stepping = stop.turn
  stop.wake("go")
  return { card = request.card, order = "step" }
end

-- ---- the acts ----

local function attach(project, request, client)
  if project.debugger then
    return nil, errors.new("ERR_OWNED", "another REPL is attached to this run already",
      "wait until it is closed")
  end
  local attached = debugger.new(project)
  project.debugger = attached
  client.on_close(function()
    project.debugger = project.debugger ~= attached and project.debugger or nil
    attached:release()
  end)
  return { attached = true, who = request.who }
end

-- Of whoever is attached; its answer may be any value.
local function of_attached(summary, fields, answer_to)
  return {
    summary = summary, fields = fields, run = true,
    errors = fields.wanted and { "ERR_NOT_FOUND", "ERR_LIMIT" } or { "ERR_NOT_FOUND" },
    perform = function(project, request)
      if not project.debugger then
        return nil, errors.new("ERR_NOT_FOUND", "no REPL is attached", "orket repl --attach")
      end
      local answer, err = answer_to(project.debugger, request)
      return answer ~= nil and { answer = answer } or nil, err
    end,
  }
end

M.acts = {
  attach = {
    summary = "attaches a debugger to the run, until the connection closes; one at a time",
    fields = {},
    errors = { "ERR_OWNED" }, run = true, perform = attach,
  },
  ["debug.breakpoint"] = of_attached("sets a breakpoint", { wanted = "any?" }, add_breakpoint),
  ["debug.breakpoints"] = of_attached("lists the breakpoints", {}, list_breakpoints),
  ["debug.clear"] = of_attached("removes a breakpoint, or all", { id = "integer?" }, clear),
  ["debug.stopped"] = of_attached("lists the turns that stand", {}, list_stopped),
  ["debug.wait"] = of_attached("waits for the next turn that stops", { seconds = "number?" }, wait),
  ["debug.inspect"] = of_attached("shows a turn that stands: prompt, call, decision, view", { card = "text" },
    inspect),
  ["debug.step"] = of_attached("lets a turn go to its next place", { card = "text" }, step),
  ["debug.continue"] = of_attached("lets a turn go on", { card = "text" }, order("go")),
  ["debug.skip"] = of_attached("refuses the call of a turn that stands", { card = "text", why = "text?" },
    order("skip")),
  ["debug.again"] = of_attached("judges the call of a turn that stands again", { card = "text" },
    order("again")),
}

return M
