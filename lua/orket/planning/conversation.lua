-- conversation.lua: a conversation is a card of the type plan, CHAT-N-talk, in an epic of its own. What a
-- person says is a comment on it; a turn answers, and then it waits for the person's word. So it is a run
-- like any other, kept in the journal.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")
local planning = require("orket.planning.planning")
local seats = require("orket.scheduler.seats")

local M = {}

M.ROLE = "operations_lead"
M.SAID_MAX = 20000 -- bytes

M.SAID = require("orket.turn.talk").SAID -- why a conversation is parked when it was answered

local NAME = "A conversation"

local function stream(project, who)
  return project.store:stream({ run = "board", turn = 0, actor = "human:" .. (who or "unknown"),
    role = "human" }):begin()
end

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

---@param text any
---@return boolean|nil ok
---@return Error|nil
function M.check(text)
  if #text > M.SAID_MAX then
    return nil, errors.new("ERR_TOO_LARGE", "more than " .. M.SAID_MAX .. " bytes at once",
      "say it in parts, or give a file to orket plan")
  elseif not utf8.len(text) or text:find("\0", 1, true) then
    return nil, errors.new("ERR_UTF8", "this is not UTF-8 text", "say it in UTF-8")
  end
  return true
end

-- The role has to be able to look, and is one that does work.
local function check_role(project, role)
  local entry = project.generation.roles[role]
  if not entry or not tables.has(entry.about.tools, "look_at_board")
    or not seats.worker({ roles = { role } }) then
    return nil, errors.new("ERR_CONFIG", "the role " .. role .. " cannot talk about the board",
      "name one with --role that lists look_at_board, as " .. M.ROLE .. " does")
  end
  return true
end

---A new conversation with its first words.
---@param project table opened as owner, scripts loaded, with its board stream
---@param asked {text: string, who: string?, role: string?, team: string?, environment: string?}
---@return string|nil id
---@return Error|nil
function M.open(project, asked)
  local role = asked.role or M.ROLE
  local ok, err = check_role(project, role)
  local where
  if ok then
    where, err = planning.where(project, asked)
  end
  if not where then
    return nil, err
  end
  local tx, id, params = stream(project, asked.who), planning.free_id(project.store, "CHAT"),
    planning.params(project, where)
  params.talk = role
  tx:event("card.created", id, {
    id = id, type = "epic", status = "ready", name = NAME, team = where.team, environment = where.environment,
    params = { planning = { talk = role } },
  })
  tx:event("card.created", id .. "-talk", {
    id = id .. "-talk", type = "plan", status = "ready", name = NAME, parent_id = id, epic = id,
    params = { planning = params }, seat = seats.speaker(project.config.teams[where.team], role),
  })
  tx:event("comment.added", id .. "-talk", { text = asked.text })
  ok, err = commit(tx)
  return ok and id, err
end

---@class Conversation
---@field id string
---@field card table
---@field question table|nil that waits for yes or no
---@field operation table|nil what it is about
---@field said {seq: integer, author: string, text: string}[]

---@param store table
---@param id string
---@return Conversation|nil
---@return Error|nil
function M.find(store, id)
  local card = store:read("card", { id = id .. "-talk" })[1]
  if not card or card.type ~= "plan" then
    return nil, errors.new("ERR_NOT_FOUND", "there is no conversation '" .. id .. "'",
      "orket chat --list shows them")
  end
  local question = store:read("approvals", { card = card.id, status = "pending" })[1]
  return {
    id = id, card = card, question = question,
    operation = question and planning.asked(store, question) or nil,
    said = setmetatable(store:read("comments", { card = card.id }), cjson.array_mt),
  }
end

---All conversations, oldest first.
---@param store table
---@return {id: string, status: string, said: integer, first: string?, question: boolean,
---  updated_at: string}[]
function M.list(store)
  local rows = {}
  for _, id in ipairs(planning.ids(store, "CHAT")) do
    local talk = M.find(store, id)
    rows[#rows + 1] = { id = id, status = talk.card.status, said = #talk.said, first = talk.said[1]
      and talk.said[1].text, question = talk.question ~= nil, why = M.stopped_by(store, talk),
      stopped = planning.is_stopped(store, talk.card), updated_at = talk.card.updated_at }
  end
  return rows
end

local PARKED = statuses.PARKED

---Why it stopped without an answer; nil when it did not.
---@param store table
---@param talk Conversation
---@return string|nil
function M.stopped_by(store, talk)
  local move = store:read("last_events", { card = talk.card.id, kind = "card.moved", limit = 1 })[1]
  local why = move and move.body.why
  return PARKED[talk.card.status] and not talk.question and why ~= M.SAID and why or nil
end

-- A turn that was stopped in the middle is over: it knows nothing of what is said now.
local function stop_turn(tx, card)
  return moves.add(tx, card, "waiting_for_developer", { role = "human", reason = "input", why = "stopped" })
end

---A person says something; the next turn answers.
---@param project table opened as owner
---@param id string
---@param said {text: string, who: string?}
---@return string|nil id
---@return Error|nil
function M.say(project, id, said)
  local talk, err = M.find(project.store, id)
  if not talk then
    return nil, err
  elseif talk.question then
    return nil, errors.new("ERR_TRANSITION", id .. " waits for a yes or no", "answer " .. talk.question.id
      .. " first")
  end
  local tx, card = stream(project, said.who), project.store:read("card_state", { id = talk.card.id })[1]
  tx:event("comment.added", card.id, { text = said.text })
  local ok = true
  if card.status == "in_progress" then
    ok, err = stop_turn(tx, card)
  end
  if ok and PARKED[card.status] then
    ok, err = moves.add(tx, card, "in_progress", { role = "system", why = "the person spoke" })
  end
  if ok then
    ok, err = commit(tx)
  end
  return ok and id, err
end

return M
