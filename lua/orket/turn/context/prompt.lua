-- prompt.lua: the first words of a turn: the view of its card, as its role and the prompts node put it.
-- Methods of the engine.

local answers = require("orket.turn.answers")
local cjson = require("cjson")
local conventions = require("orket.turn.context.conventions")
local skills = require("orket.turn.context.skills")
local tables = require("orket.util.tables")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local examples = require("orket.scripts.examples")
local memory = require("orket.memory.memory")
local nodes = require("orket.scripts.nodes")
local ranking = require("orket.memory.ranking")
local recall = require("orket.memory.recall")

local M = {}

-- What the card says of itself: the notes that fit are looked for by it.
local function words_of(view)
  local texts = {}
  for _, field in ipairs({ "name", "description", "note" }) do
    local text = view:value("/card/" .. field)
    texts[#texts + 1] = type(text) == "string" and text or nil
  end
  return table.concat(texts, "\n")
end

local function place_of(self, turn)
  return { epic = self.epic.id, card = turn.card.id, role = turn.role, run = turn.run, turn = turn.number }
end

-- What is remembered for this turn, the best ones first; by meaning as well where that was told.
local function notes_for(self, turn, view)
  local place, text = place_of(self, turn), words_of(view)
  local near = turn.ranked and recall.near(turn.ranked)
  if not near then
    return memory.candidates(self.store, place, text)
  end
  return memory.shortest((ranking.order(memory.near(self.store, place, text, near), near)))
end

-- What is near is asked before anything is looked at for good: meanwhile others go on. None remembered costs
-- one question.
local function remembered(self, turn, view, asked)
  if memory.is_empty(self.store) then
    return view, {}
  end
  if self.recalls and not turn.ranked then
    local ok, err = recall.of_turn(self, turn, place_of(self, turn), words_of(view))
    if ok then
      view, err = errors.check(self.store:read_doc("view", asked))
    end
    if err then
      return nil, err
    end
  end
  return view, notes_for(self, turn, view)
end

---Everything a prompt needs. The memory node chooses among the notes that are for this turn, when there are
---any.
---@param self table engine
---@param turn Turn
---@return {doc: Doc, marks: string[]?}|nil view  marks: labels of what it holds
---@return Error|nil
function M.view(self, turn)
  local found = self:labels_of(turn.card.id)
  local asked = {
    card = turn.card.id, role = turn.role, seat = turn.seat, review = turn.review and 1 or 0,
    labels = found and cjson.encode(found),
  }
  local view, err = errors.check(self.store:read_doc("view", asked))
  local notes
  if view then
    view, notes = remembered(self, turn, view, asked)
  end
  if not view then
    return nil, err or notes
  elseif #notes == 0 then
    return { doc = view, marks = labels.of_view(found) }
  end
  local chosen
  chosen, err = errors.check(self:node("memory", turn.generation).script:call("select", { view, notes }))
  if not chosen then
    return nil, err
  end
  chosen = type(chosen) == "table" and chosen or {}
  if found then
    found.memory = labels.of_notes(chosen, notes)
    asked.labels = cjson.encode(found)
  end
  asked.memory = cjson.encode(setmetatable(chosen, cjson.array_mt))
  view, err = errors.check(self.store:read_doc("view", asked))
  return view and { doc = view, marks = labels.of_view(found) }, err
end

-- What people have accepted as examples of good work comes after the role's own words, with the labels that
-- it carries.
local function add_examples(turn, prompt, marks)
  local shown = turn.generation.nodes.examples and examples.of(turn.generation, turn.role)
  if not shown then
    return marks
  end
  prompt.system = (prompt.system or "") .. shown.text
  return labels.union(marks, shown.labels)
end

-- How the epic's repository wants to be worked on, where it says so.
local function add_conventions(self, turn, prompt, marks)
  if not turn.conventions then
    return marks
  end
  local text, err = conventions.text(self.store, turn.conventions)
  if not text then
    return nil, err
  end
  prompt.system = (prompt.system or "") .. text
  return labels.union(marks, turn.conventions.labels)
end

-- The skills of the epic's repository, for a role that can read them.
local function add_skills(self, turn, prompt, marks)
  local about = turn.generation.roles[turn.role].about
  if not turn.skills or not tables.has(about.tools or {}, "read_file") then
    return marks
  end
  local text, err = skills.text(self.store, turn.skills)
  if not text then
    return nil, err
  end
  prompt.system = (prompt.system or "") .. text
  return labels.union(marks, text ~= "" and skills.labels(turn.skills) or nil)
end

---The first messages of a turn: the role's prompt of the card's view, as the prompts node puts it.
---@param self table engine
---@param turn Turn
---@return {messages: string[], marks: string[]?, scope: string[]?}|nil prompt  messages as JSON, labels of
---  what they were made of, paths that the card may write
---@return Error|nil
function M.prompt(self, turn)
  local seen, err = self:view(turn)
  if not seen then
    return nil, err
  end
  local view, marks = seen.doc, seen.marks
  local role = turn.generation.roles[turn.role]
  local prompt
  -- an arm has the words of another one
  prompt, err = errors.check((role.speaks or role).script:call("prompt", { view }))
  if prompt then
    prompt, err = answers.prompt(prompt, turn.role)
  end
  if not prompt then
    return nil, err
  end
  marks = add_examples(turn, prompt, marks)
  marks, err = add_conventions(self, turn, prompt, marks)
  if not err then
    marks, err = add_skills(self, turn, prompt, marks)
  end
  if err then
    return nil, err
  end
  local messages
  messages, err = nodes.ask(self:node("prompts", turn.generation), "build", view, prompt)
  if err then
    return nil, err
  end
  messages, err = answers.messages(messages)
  return messages and { messages = messages, marks = marks, scope = view:value("/card/params/scope") }, err
end

return M
