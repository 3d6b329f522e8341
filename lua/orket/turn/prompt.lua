-- prompt.lua: the first words of a turn: the view of its card, as its role and the prompts node put it. Methods of the
-- engine.

local answers = require("orket.turn.answers")
local cjson = require("cjson")
local errors = require("orket.errors")
local labels = require("orket.labels")
local nodes = require("orket.nodes")

local M = {}

local NOTES = 50 -- newest notes that the memory node chooses from

---Everything a prompt needs. The memory node chooses among the notes of the epic, when there are any.
---@param self table engine
---@param turn Turn
---@return Doc|nil
---@return Error|nil
---@return string[]|nil labels of what it holds
function M.view(self, turn)
  local found = self:labels_of(turn.card.id)
  local asked = {
    card = turn.card.id, role = turn.role, seat = turn.seat, review = turn.review and 1 or 0,
    labels = found and cjson.encode(found),
  }
  local view, err = errors.check(self.store:read_doc("view", asked))
  local notes = view and self.store:read("memory", { epic = self.epic.id, limit = NOTES })
  if not view or #notes == 0 then
    return view, err, labels.of_view(found)
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
  return view, err, labels.of_view(found)
end

---The first messages of a turn: the role's prompt of the card's view, as the prompts node puts it.
---@param self table engine
---@param turn Turn
---@return string[]|nil messages as JSON
---@return Error|nil
---@return string[]|nil labels of what they were made of
function M.prompt(self, turn)
  local view, err, marks = self:view(turn)
  if not view then
    return nil, err
  end
  turn.scoped = view:value("/card/params/scope") or false
  local prompt
  prompt, err = errors.check(turn.generation.roles[turn.role].script:call("prompt", { view }))
  if not prompt then
    return nil, err
  end
  local messages
  messages, err = nodes.ask(self:node("prompts", turn.generation), "build", view, prompt)
  if err then
    return nil, err
  end
  messages, err = answers.messages(messages)
  return messages, err, marks
end

return M
