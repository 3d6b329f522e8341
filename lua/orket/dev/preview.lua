-- preview.lua: what would be sent to a model for a card, by the engine's own code, on the board as it is.
-- Nothing is asked, nothing is written: the claim with which a turn begins is put over the view of its card
-- instead.

local arms = require("orket.scripts.arms")
local calibration = require("orket.llm.calibration")
local cjson = require("cjson")
local doc = require("orket.core.doc")
local engines = require("orket.scheduler.engine")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local models = require("orket.llm.models")
local prompt = require("orket.turn.context.prompt")
local reader = require("orket.project.reader")
local seats = require("orket.scheduler.seats")
local text_calls = require("orket.llm.text.text_calls")
local tools = require("orket.effects.tools")
local usage = require("orket.llm.usage")

local M = {}

local GUARD = "integrity_guard"

-- ---- the turn that comes next ----

-- The status that its view has, and what has to happen before; final cards have no turn, they are shown as
-- work.
local BEFORE = {
  ready_for_testing = { "code_review", "it is verified first" },
  blocked = { nil, "it waits, and goes on when it is answered or retried" },
  waiting_for_developer = { nil, "it waits, and goes on when it is answered or retried" },
  done = { "in_progress", "it is done: nothing is sent" },
  canceled = { "in_progress", "it is canceled: nothing is sent" },
  archived = { "in_progress", "it is archived: nothing is sent" },
}

local function card_of(store, id)
  local card, err = reader.card(store, id)
  if not card then
    return nil, err
  elseif card.type ~= "issue" and card.type ~= "plan" or not card.epic then
    return nil, errors.new("ERR_USAGE", id .. " is no issue: only those have turns",
      "name one of its issues; orket board lists them")
  end
  local before = BEFORE[card.status]
  local status = before and (before[1] or card.return_to) or card.status
  card.claimed = status == "ready"
  card.status = (card.claimed or status == "ready_for_testing" and not before) and "in_progress" or status
  return card, before and before[2]
end

-- The seat that has the role a person named: the card's own, else the first one.
local function seat_with(team, card, role)
  local own = card.seat and team.seats[card.seat]
  if own and tables.has(own.roles, role) then
    return { seat = card.seat, role = role, review = role == GUARD }
  end
  for _, name in ipairs(tables.keys(team.seats)) do
    if tables.has(team.seats[name].roles, role) then
      return { seat = name, role = role, review = role == GUARD }
    end
  end
  return nil, errors.new("ERR_NOT_FOUND", "no seat of the team has the role '" .. role .. "'",
    "orket validate shows what is configured")
end

-- ---- what it would be told ----

-- The view as it is after the claim.
local function claimed(view, turn)
  local value = view:value()
  local card = value.card
  if turn.card.claimed then
    card.revision, card.assignee = card.revision + 1, turn.seat
  end
  card.status, card.wait_reason = turn.card.status, cjson.null
  return errors.check(doc.new(value))
end

local function engine_of(project, epic)
  local engine = engines.new(project, epic, "preview")
  engine.view = function(self, turn)
    local view, err = prompt.view(self, turn)
    if not view then
      return nil, err
    end
    local shown
    shown, err = claimed(view.doc, turn)
    return shown and { doc = shown, marks = view.marks }, err
  end
  return engine
end

-- What the model reads: one without calls of its own has the tools in its words.
local function as_read(model, messages, offer)
  if model.calls and model.calls ~= "native" then
    return text_calls.conversation(model, messages, offer, {}), "[]"
  end
  return messages, offer
end

local function decoded(texts)
  local values = setmetatable({}, cjson.array_mt)
  for i, text in ipairs(texts) do
    values[i] = cjson.decode(text)
  end
  return values
end

local function request_of(self, generation)
  local seat = self.seat
  if not generation.roles[seat.role] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no role " .. seat.role .. " in the generation "
      .. generation.id)
  end
  local choice, err = self.models:choose(seat, self.card, generation)
  local arm, armed = arms.of(self.engine, self.card.id, seat.role), nil
  if choice then
    armed, err = arms.generation(self.engine, generation, arm, seat.role)
  end
  if not armed then
    return nil, err
  end
  local model = choice.model
  local turn = { card = self.card, seat = seat.seat, role = seat.role, review = seat.review,
    generation = armed,
    conventions = self.engine:conventions(), skills = self.engine:skills() }
  local words, why = self.engine:prompt(turn)
  if not words then
    return nil, why
  end
  local messages = words.messages
  local offered = tools.offer(armed, seat.role, self.card.type)
  local known, bytes = calibration.of(self.engine.store, model.name),
    usage.asked({ messages = messages, tools = offered })
  local made = calibration.made_of(messages, offered ~= "[]" and #offered or 0)
  local texts, offer = as_read(model, messages, offered)
  return {
    bytes = bytes, tokens = calibration.tokens(known, made), calibrated = known.replies,
    generation = generation.id, arm = arm and arm.name, model = model.name, calls = model.calls,
    labels = words.marks, messages = decoded(texts), tools = cjson.decode(offer),
  }
end

-- ---- for a card ----

---@class Preview
---@field card string
---@field seat string
---@field role string
---@field review boolean
---@field note string|nil what has to happen before anything is sent
---@field generation string
---@field arm string|nil where prompts are compared
---@field model string
---@field calls string|nil of its profile
---@field labels string[]|nil of what the prompt is made of
---@field messages table[] as the model would read them
---@field tools table[] as they would be offered
---@field bytes integer of both, as Orket has them
---@field tokens integer what the model will probably count
---@field calibrated integer replies of the model that this is taken from

---What the next turn of a card would send first.
---@param project table opened, its scripts loaded
---@param id string of the card
---@param options {role: string?, others: table[]?}  others: more generations, each is asked as well
---@return Preview|nil
---@return Preview[]|Error others
function M.of(project, id, options)
  local card, note = card_of(project.store, id)
  if not card then
    return nil, note
  end
  local epic = project.store:read("card", { id = card.epic })[1]
  local team = seats.team(project.config, epic)
  if not team then
    return nil, errors.new("ERR_CONFIG", "there is no team " .. tostring(epic.data.team),
      "orket validate says what is wrong")
  end
  local self = { card = card, engine = engine_of(project, epic) }
  local err
  self.models = models.new(self.engine, team)
  if options.role then
    self.seat, err = seat_with(team, card, options.role)
  else
    self.seat, err = seats.choose(self.engine, team, card, project.generation)
  end
  local previews = {}
  local generations = self.seat and { project.generation, table.unpack(options.others or {}) } or {}
  for i, generation in ipairs(generations) do
    previews[i], err = request_of(self, generation)
    if not previews[i] then
      return nil, err
    end
    previews[i].card, previews[i].note = id, note
    previews[i].seat, previews[i].role, previews[i].review = self.seat.seat, self.seat.role, self.seat.review
  end
  return previews[1], previews[1] and table.move(previews, 2, #previews, 1, {}) or err
end

return M
