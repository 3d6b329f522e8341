-- card_acts.lua: what a person may do to a card, under the same rules, with actor = human. One request in,
-- one answer out.

local async = require("orket.async")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local statuses = require("orket.util.statuses")
local unblock = require("orket.governance.budget.unblock")
local moves = require("orket.effects.moves")
local at_most_once = require("orket.effects.at_most_once")
local parked = require("orket.reports.parked")
local rules = require("orket.memory.rules")
local reader = require("orket.project.reader")
local person = require("orket.governance.person")
local person_seat = require("orket.people.person_seat")
local strings = require("orket.util.strings")
local retry_all = require("orket.governance.retry_all")
local unanswered = require("orket.governance.unanswered")

local M = {}

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

local function move(tx, card, to, request)
  return moves.add(tx, card, to, { role = "human", reason = request.reason, why = request.why })
end

-- The person decides that a parked card goes on, the engine returns it to where its parking said: most of
-- these edges are the engine's alone. Somebody looked, so its failures are counted anew.
local function go_back(tx, card, request, why)
  if (card.retry_count or 0) > 0 then
    tx:event("card.changed", card.id, { rev = card.revision, set = { retry_count = 0 } })
    card.revision = card.revision + 1
  end
  return moves.add(tx, card, card.return_to or "in_progress", { role = "system", why = request.why or why })
end

local function text_of(request)
  local text = request.text
  if type(text) ~= "string" or not text:find("%S") then
    return nil, errors.new("ERR_USAGE", "the text is empty", "write what the card's workers should read")
  end
  return text
end

local function comment(tx, card, request)
  local text, err = text_of(request)
  if not text then
    return nil, err
  end
  local marks = request.label
  if marks ~= nil and not labels.is_name(marks) then
    return nil, errors.new("ERR_USAGE", "'" .. tostring(marks) .. "' is no label",
      "small letters, digits, _ and -")
  end
  tx:event("comment.added", card.id, { text = text, labels = marks and { marks } })
  return true
end

-- Each answers true and the sentence that tells the person what happened, or nil, Error.
local act = {}

function act.comment(tx, card, request)
  local ok, err = comment(tx, card, request)
  return ok, ok and "commented on " .. card.id .. ", which is " .. card.status or err
end

-- What carries labels in a tree of this name.
local function marks_of(store, tree, path)
  for _, row in ipairs(store:read("tree_delta", { tree = tree })) do
    if row.path == path then
      return row.labels
    end
  end
end

local function trust_file(tx, card, path, store)
  local own, seed = marks_of(store, card.id, path), marks_of(store, "seed:" .. card.id, path)
  if not own and not seed then
    return nil, errors.new("ERR_NOT_FOUND",
      "no file " .. path .. " of " .. card.id .. " itself carries labels",
      "name the card that wrote it, or the epic for what was merged or was there before")
  end
  tx:event("card.trusted", card.id, { path = path, labels = own, seed = seed })
  local was = table.concat(labels.union(own, seed), ", ")
  return true, path .. " of " .. card.id .. " is trusted; it was " .. was
end

---A person answers for what came from outside: a file, or all that is said on the card.
function act.trust(tx, card, request, store)
  if request.path then
    return trust_file(tx, card, request.path, store)
  end
  tx:event("card.trusted", card.id, {})
  return true, "what is said on " .. card.id .. " is trusted"
end

local PARKED = statuses.PARKED

-- "happened the id is 17" -> "happened", "the id is 17"
local function verdict_of(request, pending)
  local text, err = text_of(request)
  if not text then
    return nil, err
  end
  local word, rest = strings.trimmed(text):match("^(%S+)%s*(.*)$")
  if not at_most_once.ANSWERS[word] then
    return nil, errors.new("ERR_USAGE", "unknown outcome: " .. at_most_once.describe(pending.operation)
      .. " was interrupted",
      "answer happened, did-not or again; the model reads what follows")
  end
  return word, rest ~= "" and rest or nil
end

-- The answer goes into the journal of the turn, which goes on from there.
local function settle(tx, card, request, pending)
  local answer, text = verdict_of(request, pending)
  if not answer then
    return nil, text
  end
  tx:event("operation.answered", card.id, { ask = pending.id, answer = answer, text = text })
  tx:event("comment.added", card.id, {
    text = at_most_once.describe(pending.operation) .. ": " .. answer .. (text and ", " .. text or ""),
  })
  if not PARKED[card.status] then
    return true, card.id .. ": " .. answer
  end
  return go_back(tx, card, request, "answered: " .. answer)
end

---A question is answered: the text becomes a comment and the card returns to where it came from.
function act.answer(tx, card, request, _, pending, project)
  if pending then
    return settle(tx, card, request, pending)
  end
  if card.status ~= "waiting_for_developer" and card.status ~= "blocked" then
    return nil, errors.new("ERR_TRANSITION", card.id .. " is " .. card.status .. " and asked nothing",
      "use orket comment instead")
  end
  local ok, err = comment(tx, card, request)
  if not ok then
    return nil, err
  end
  rules.answer(project, tx, card, request.text)
  return go_back(tx, card, request, "answered")
end

function act.move(tx, card, request, store)
  local ok, err = move(tx, card, request.status, request)
  if ok and card.status == "canceled" then
    return moves.cancel_below(tx, card, store)
  elseif err and err.code == "ERR_TRANSITION" then
    err = errors.new(err.code, card.id .. " stays " .. card.status .. ": " .. err.message, err.fix)
  end
  return ok, err
end

---A parked card is tried again with a fresh retry count; one that waited for a cap goes on with its turn.
function act.retry(tx, card, request, _, capped)
  if card.status ~= "blocked" and card.status ~= "waiting_for_developer" then
    return nil, errors.new("ERR_TRANSITION", card.id .. " is " .. card.status
      .. ", only a parked card is retried",
      "orket board shows what is parked")
  end
  if capped then
    return unblock.add(tx, card, request.why or "retried")
  end
  return go_back(tx, card, request, "retried")
end

-- Who answers a question that was seen, and names it, does not answer the next one.
local function has_changed(project, card, request)
  local now = request.event ~= nil and parked.move(project.store, card.id)
  return now and now.seq ~= request.event and errors.new("ERR_TRANSITION",
    card.id .. " has changed meanwhile: what you saw is not what it waits for now",
    "orket inbox shows what it waits for")
end

-- Who saw another state of the card does not move this one: nil, or why.
local function stale(card, request)
  if request.revision == nil or request.revision == card.revision then
    return nil
  end
  local err = errors.new("ERR_STALE", ("%s is at revision %d, %s; you saw revision %d"):format(card.id,
    card.revision, card.status, request.revision), "look at it again, then decide")
  err.more = { revision = card.revision, sent = request.revision }
  return err
end

local function act_once(project, request)
  local card, err = reader.card(project.store, request.card)
  err = err or has_changed(project, card, request) or stale(card, request)
    or person_seat.objection(project, card, request)
  if err then
    return nil, err
  end
  err = unanswered.objection(project.store, card, request.act, request.status)
  if err then
    return nil, err
  end
  local pending = unanswered.outcome(project.store, card)
  if request.act == "retry" then
    pending = project.store:read("capped", { card = card.id })[1]
  end
  local goes_on = request.act == "answer" or request.act == "retry"
  local tx = person.begin(project, request.who, goes_on and pending or nil)
  local ok, said = act[request.act](tx, card, request, project.store, pending, project)
  if not ok then
    return nil, said
  end
  ok, err = commit(tx)
  return ok and { card = card.id, status = card.status,
    message = type(said) == "string" and said or card.id .. " is now " .. card.status }, err
end

local function perform(project, request)
  return person.until_current(act_once, project, request)
end

-- ---- the acts ----

local SEEN = "integer?" -- of the move that parked the card when the person saw it (see parked.move)
local CODES = { "ERR_NOT_FOUND", "ERR_TRANSITION" }

M.acts = {
  comment = {
    summary = "adds a comment to a card; `label` marks one that was written elsewhere",
    fields = { card = "text", text = "text?", label = "text?", event = SEEN },
    errors = CODES, plain = true, perform = perform,
  },
  answer = {
    summary = "answers a parked card's question, or says what became of an interrupted operation",
    fields = { card = "text", text = "text?", event = SEEN },
    errors = CODES, plain = true, perform = perform,
  },
  move = {
    summary = "moves a card as far as the state machine lets a person, if it is still of this `revision`",
    fields = { card = "text", status = "text", reason = "text?", why = "text?", event = SEEN,
      revision = "integer?" },
    errors = CODES, plain = true, perform = perform,
  },
  retry = {
    summary = "tries a parked card again with a fresh count of retries",
    fields = { card = "text", why = "text?", event = SEEN },
    errors = CODES, plain = true, perform = perform,
  },
  ["retry.all"] = {
    summary = "tries each parked card again that a retry is right for, or those that wait for `reason`",
    fields = { reason = "text?" },
    errors = {}, plain = true,
    perform = function(project, request)
      return retry_all.perform(project, request, function(one)
        return perform(project, one)
      end)
    end,
  },
  trust = {
    summary = "removes the labels of a card's file `path`, or of all that is said on the card",
    fields = { card = "text", path = "text?", event = SEEN },
    errors = CODES, perform = perform,
  },
}

return M
