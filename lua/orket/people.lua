-- people.lua: what a person may do to a card, under the same law, with actor = human. One request in,
-- one answer out; the owner of the project performs it, whoever asked.

local async = require("orket.async")
local errors = require("orket.errors")
local moves = require("orket.moves")
local sync = require("orket.sync")

local M = {}

local function card_of(project, id)
  local card = project.store:read("card", { id = id })[1]
  return card, not card and errors.new("ERR_NOT_FOUND", "there is no card " .. tostring(id), "orket board lists the cards")
end

local function begin(project, request)
  return project.store:stream({ run = "board", turn = 0, actor = "human:" .. (request.who or "unknown"), role = "human" }):begin()
end

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

local function move(tx, card, to, request)
  return moves.add(tx, card, to, { role = "human", reason = request.reason, why = request.why })
end

-- The person decides that a parked card goes on, the engine returns it to exactly where it was parked:
-- most of these edges are the engine's alone.
local function go_back(tx, card, request, why)
  return moves.add(tx, card, card.return_to or "in_progress", { role = "system", why = request.why or why })
end

local act = {}

function act.comment(tx, card, request)
  tx:event("comment.added", card.id, { text = request.text })
  return true
end

---A question is answered: the text becomes a comment and the card returns to where it came from.
function act.answer(tx, card, request)
  if card.status ~= "waiting_for_developer" and card.status ~= "blocked" then
    return nil, errors.new("ERR_TRANSITION", card.id .. " is " .. card.status .. " and asked nothing", "use orket comment instead")
  end
  tx:event("comment.added", card.id, { text = request.text })
  return go_back(tx, card, request, "answered")
end

function act.move(tx, card, request)
  return move(tx, card, request.status, request)
end

---A parked card is tried again with a fresh retry count.
function act.retry(tx, card, request)
  if card.status ~= "blocked" and card.status ~= "waiting_for_developer" then
    return nil, errors.new("ERR_TRANSITION", card.id .. " is " .. card.status .. ", only a parked card is retried",
      "orket board shows what is parked")
  end
  tx:event("card.changed", card.id, { rev = card.revision, set = { retry_count = 0 } })
  card.revision = card.revision + 1
  return go_back(tx, card, request, "retried")
end

---Performs one request of a person.
---@param project table opened as owner
---@param request {act: string, card: string, text: string?, status: string?, reason: string?, why: string?, who: string}
---@return table|nil answer {card, status}
---@return Error|nil
function M.perform(project, request)
  if request.act == "sync" then
    return sync.perform(project, function()
      return begin(project, request)
    end)
  end
  local perform = act[request.act]
  if not perform then
    return nil, errors.new("ERR_USAGE", "unknown request " .. tostring(request.act))
  end
  local card, err = card_of(project, request.card)
  if not card then
    return nil, err
  end
  local tx = begin(project, request)
  local ok
  ok, err = perform(tx, card, request)
  if not ok then
    return nil, err
  end
  ok, err = commit(tx)
  return ok and { card = card.id, status = card.status }, err
end

return M
