-- sim_turns.lua: what a simulation finds in the turns that a walk comes through: a verdict, a route, a
-- prompt, a transition that the changed scripts would have answered otherwise than those that served.

local cjson = require("cjson")
local sim_calls = require("orket.history.sim.sim_calls")
local errors = require("orket.errors")
local sim_outcomes = require("orket.history.sim.sim_outcomes")
local prompts = require("orket.history.sim.prompts")
local routes = require("orket.history.sim.routes")
local sys = require("orket.core.sys")

local M = {}

local Judge = {}
Judge.__index = Judge

-- seconds that policies of a side may waste on overrunning; from then on they count as failing
local PATIENCE = 1
local CAVEATS_MOST = 100 -- kept in full; the others are counted

---@class SimDifference
---@field event string RUN/TURN.N
---@field seq integer
---@field kind "call"|"route"|"prompt"|"transition"
---@field card string
---@field role string
---@field before table
---@field after table

---@param event table
---@return string
function M.place(event)
  return string.format("%s/%s.%d", event.run, event.turn, event.n)
end

-- ---- findings ----

---Something of this kind was judged.
---@param kind string
function Judge:count(kind)
  self.judged[kind] = self.judged[kind] + 1
end

---Something came out otherwise.
---@param event table
---@param found table {kind, role, before, after, …}
function Judge:differs(event, found)
  found.event, found.seq, found.run, found.turn, found.n = M.place(event), event.seq, event.run, event.turn,
    event.n
  found.card = event.card
  self.differences[#self.differences + 1] = found
end

---What was recorded is not what comes out today with the very scripts that served then.
---@param event table
---@param kind string
---@param what string
function Judge:caveat(event, kind, what)
  self.caveat_count = self.caveat_count + 1
  if #self.caveats < CAVEATS_MOST then
    self.caveats[#self.caveats + 1] = { event = M.place(event), seq = event.seq, kind = kind,
      card = event.card, what = what }
  end
end

---A generation that cannot be judged: a changed script would not serve, or what was recorded is gone.
---@param event table
---@param err Error
function Judge:unjudged(event, err)
  if not err.lost then
    error(err, 0)
  end
  self:caveat(event, "turn", "not judged: " .. errors.line(err))
end

---@param event table
---@param what string
function Judge:lost(event, what)
  self:caveat(event, "call", what)
end

-- ---- calls ----

local ALLOWED = { decision = "allow", rule = "gate.allow" }

-- A turn as either side judges its calls.
local function open(self, turn, side)
  local bench = self.benches[turn.pair[side]] or sim_calls.bench(turn.pair[side], self.past)
  self.benches[turn.pair[side]] = bench
  local mine = sim_calls.turn(bench, {
    role = turn.role, card = turn.card, seat = turn.seat, run = turn.run.id, turn = turn.number,
    labels = turn.labels, scope = turn.scope,
  })
  mine.bench = bench
  turn.sides[side] = mine
  return mine
end

local function give_up(self, bench, side, verdict)
  bench.broken = verdict
  self.remarks[#self.remarks + 1] = string.format(
    "the %s policy overran again and again and was not asked any more: %s", side, verdict.why)
end

-- One side's verdict. A policy that overruns each time is not waited for again and again.
local function verdict_of(self, turn, side, request)
  local mine = turn.sides[side] or open(self, turn, side)
  local bench, began = mine.bench, sys.monotonic()
  mine.card, mine.tool_calls = turn.card, turn.made + turn.at - 1
  if bench.broken and not mine.broken then
    mine.broken, mine.policy = true, function()
      return bench.broken
    end
  end
  local verdict = sim_calls.verdict(mine, request)
  if verdict.rule == "policy.failed" and not bench.broken then
    bench.wasted = (bench.wasted or 0) + sys.monotonic() - began
    if bench.wasted > PATIENCE then
      give_up(self, bench, side, verdict)
    end
  end
  return verdict
end

-- What was said to the call at first: where a person was asked, what they answered is not the scripts'.
local function recorded_of(event)
  if event.kind == "approval.asked" then
    return { decision = "ask", rule = event.body.rule or "", why = event.body.why }
  end
  return event.kind == "call.allowed" and ALLOWED or event.body
end

local function shown(verdict)
  return {
    decision = verdict.decision, rule = verdict.rule, why = verdict.why ~= "" and verdict.why or nil,
    where = verdict.where,
  }
end

---A call of a reply, and what was said to it.
---@param turn SimTurn
---@param event table call.allowed, call.refused, or approval.asked
---@param request {id: string, name: string, arguments: string}
function Judge:called(turn, event, request)
  self:count("calls")
  local recorded = recorded_of(event)
  local after = verdict_of(self, turn, "new", request)
  if sim_calls.same(after, recorded) then
    return
  end
  local before = verdict_of(self, turn, "old", request)
  local exact = sim_calls.same(before, recorded)
  if sim_calls.same(before, after) or not exact and sim_calls.came_first(recorded, after) then
    return
  elseif not exact then
    self:caveat(event, "call", string.format("recorded is %s (%s), the same scripts say %s (%s) today",
      recorded.decision, recorded.rule, before.decision, before.rule))
  end
  self:differs(event, {
    kind = "call", role = turn.role, seat = turn.seat, tool = request.name, call = request.id, exact = exact,
    before = shown(before), after = shown(after),
  })
end

-- ---- routes, prompts, outcomes ----

---A turn was claimed: somebody had been chosen for the card.
---@param run table
---@param event table turn.started
function Judge:routed(run, event)
  local pair = self.sides:of(event.body.generation, run.config)
  if pair then
    run.pair = pair
    routes.judge(self, run, pair, event, event.body)
  end
end

---The engine parked a card by itself: perhaps since nobody could be chosen.
---@param run table
---@param event table card.moved
function Judge:parked(run, event)
  local why = event.body.why
  if event.body.reason == "resource" and run.pair and type(why) == "string" and why:find("^ERR_") then
    routes.judge(self, run, run.pair, event, { fails = why })
  end
end

---@param turn SimTurn
---@param event table turn.prompted
function Judge:prompted(turn, event)
  self:count("prompts")
  self.prompts:settle(turn, event)
end

local function copy(card)
  local new = {}
  for key, value in pairs(card) do
    new[key] = value
  end
  return new
end

---A turn writes to its card: what it was before is what the turn's outcome was judged by.
---@param turn SimTurn
---@param event table card.moved or card.changed
function Judge:moving(turn, event)
  turn.was = turn.was or copy(turn.card)
  turn.moved = event.kind == "card.moved" and { event = event, card = turn.was } or turn.moved
end

Judge.ended, Judge.failed = sim_outcomes.ended, sim_outcomes.failed

---@param options {store: Store, past: table, sides: table}
---@return table judge
function M.new(options)
  local self = setmetatable({
    store = options.store, past = options.past, sides = options.sides, benches = {},
    differences = setmetatable({}, cjson.array_mt),
    caveats = setmetatable({}, cjson.array_mt), caveat_count = 0, remarks = setmetatable({}, cjson.array_mt),
    judged = { calls = 0, routes = 0, prompts = 0, transitions = 0 },
  }, Judge)
  self.prompts = prompts.new(self)
  return self
end

return M
