-- planning_acts.lua: what a person says to the seats that plan and talk: a request, words of a conversation.
-- What answers is a run of the card that comes of it.

local conversation = require("orket.planning.conversation")
local errors = require("orket.errors")
local planning = require("orket.planning.planning")

local M = {}

local function fault_of(text)
  if not text:find("%S") then
    return errors.new("ERR_USAGE", "the text is empty", "write what is wanted")
  end
  return select(2, conversation.check(text))
end

local function answer(id, err, message)
  return id and { card = id, message = message .. id } or nil, err
end

local function talk(project, request)
  local err = fault_of(request.text)
  if err then
    return nil, err
  end
  local id
  if request.conversation then
    id, err = conversation.say(project, request.conversation, request)
  else
    id, err = conversation.open(project, request)
  end
  return answer(id, err, "said in ")
end

local function plan(project, request)
  local err = fault_of(request.text)
  if err then
    return nil, err
  end
  local id
  id, err = planning.open(project, { text = request.text, team = request.team,
    environment = request.environment })
  return answer(id, err, "planned as ")
end

M.acts = {
  talk = {
    summary = "says `text` in a conversation, or begins one; a run of the card that it answers replies",
    fields = { text = "text", conversation = "text?", role = "text?", team = "text?", environment = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_CONFIG", "ERR_TOO_LARGE", "ERR_UTF8" },
    perform = talk,
  },
  plan = {
    summary = "asks for a plan of `text`; a run of the card that it answers proposes cards",
    fields = { text = "text", team = "text?", environment = "text?" },
    errors = { "ERR_CONFIG", "ERR_TOO_LARGE", "ERR_UTF8" },
    perform = plan,
  },
}

return M
