-- prompts.lua: the first messages of a turn, by both sides. They are made of the view between the claim and
-- the first reply, and others may have changed it meanwhile: of these moments it is the one that gives what
-- was recorded.

local arms = require("orket.scripts.arms")
local casts = require("orket.history.sim.cast")
local errors = require("orket.errors")
local stage = require("orket.history.replay.stage")
local words = require("orket.history.sim.words")

local M = {}

local Prompts = {}
Prompts.__index = Prompts

local TOUCHES_VIEWS = {
  ["card.created"] = true, ["card.changed"] = true, ["card.moved"] = true, ["card.forked"] = true,
  ["cards.forked"] = true,
  ["comment.added"] = true, ["memory.noted"] = true, ["memory.forgotten"] = true, ["verify.done"] = true,
  ["tree.conflict"] = true, ["tree.merged"] = true,
}

local function node_differs(pair, name)
  local old, new = pair.old.generation.nodes[name], pair.new.generation.nodes[name]
  return (old and old.text) ~= (new and new.text)
end

-- An arm's turn has the words of its own scripts.
local function differ(turn)
  local pair, arm = turn.pair, turn.arm or {}
  return pair.differs.prompts or pair.roles[turn.role]
    or arm.prompts and node_differs(pair, arm.prompts) or arm.speaks and pair.roles[arm.speaks]
end

-- A turn as the engine knows it when it begins.
local function begun(turn)
  return {
    card = turn.card, role = turn.role, seat = turn.seat, review = turn.review, run = turn.run.id,
    number = turn.number, ranked = turn.ranked, arm = turn.arm, conventions = turn.conventions,
    skills = turn.skills,
  }
end

local function prompt_of(actor, turn)
  if not actor.generation.roles[turn.role] then
    return { fails = "there is no role " .. turn.role }
  end
  local generation, err = arms.generation(actor.engine, actor.generation, turn.arm, turn.role)
  local prompt
  if generation then
    turn.generation = generation
    prompt, err = actor.engine:prompt(turn)
  end
  local messages = prompt and prompt.messages
  local convo
  for _, text in ipairs(messages or {}) do
    convo = stage.say(convo, text)
  end
  return messages and { messages = messages, convo = convo } or { fails = errors.line(err) }
end

local function same(a, b)
  return a.convo == b.convo and a.fails == b.fails
end

local function tell(self, one, before, after, exact)
  self.judge:differs(one.event, {
    kind = "prompt", role = one.turn.role, seat = one.turn.seat, exact = exact,
    before = { convo = before.convo, fails = before.fails },
    after = { convo = after.convo, fails = after.fails },
    diff = self.words:differ(one.turn.role, before, after),
  })
end

-- True when the moment is the one that was recorded.
local function try(self, one)
  local cast, turn = casts.of(self.judge, one.turn.run, one.turn.pair), begun(one.turn)
  local after = prompt_of(cast.new, turn)
  if after.convo == one.convo then
    return true
  end
  local before = prompt_of(cast.old, turn)
  if before.convo == one.convo then
    tell(self, one, before, after, true)
    return true
  end
  one.first = one.first or { before = before, after = after }
  return false
end

---A turn was claimed.
---@param turn SimTurn
---@param event table turn.started
function Prompts:expect(turn, event)
  turn.arm, turn.conventions = arms.recorded({ event }), event.body.conventions
  turn.skills = event.body.skills
  local recorded = differ(turn) and self.judge.store:read("prompted", { seq = event.seq })[1]
  if recorded then
    turn.ranked = recorded.ranked
    table.insert(self.open, { turn = turn, event = event, convo = recorded.body.convo, fresh = true })
  end
end

local function is_claim(one, event)
  return event.run == one.turn.run.id and event.turn == one.turn.number and event.kind == "card.moved"
end

---An event comes: what is before it is a moment that a prompt may be of.
---@param event table
function Prompts:before(event)
  for i = #self.open, 1, -1 do
    local one = self.open[i]
    if (one.fresh or self.touched) and not is_claim(one, event) then
      self.judge.past:go_to(event.seq - 1)
      one.fresh = false
      if try(self, one) then
        table.remove(self.open, i)
      end
    end
  end
  self.touched = TOUCHES_VIEWS[event.kind]
end

---The turn was prompted: none of the moments was the one.
---@param turn SimTurn
---@param event table
function Prompts:settle(turn, event)
  for i, one in ipairs(self.open) do
    if one.turn == turn then
      table.remove(self.open, i)
      self.judge:caveat(event, "prompt", "the same scripts write another prompt today")
      if one.first and not same(one.first.before, one.first.after) then
        one.event = event
        tell(self, one, one.first.before, one.first.after, false)
      end
      return
    end
  end
end

---@param judge table
---@return table prompts
function M.new(judge)
  return setmetatable({ judge = judge, words = words.new(), open = {} }, Prompts)
end

return M
