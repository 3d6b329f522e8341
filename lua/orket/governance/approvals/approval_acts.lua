-- approval_acts.lua: a person's yes or no to what an agent asks for.

local approvals = require("orket.governance.approvals.approvals")
local approvers = require("orket.people.approvers")
local async = require("orket.async")
local errors = require("orket.errors")
local person = require("orket.governance.person")
local rules = require("orket.memory.rules")

local M = {}

local SAID = { approve = "approved", deny = "denied" }

-- What is recorded; a yes that comes too late is none, and nobody's.
local function answer_of(request, is_late)
  if is_late then
    return { answer = "expired" }
  end
  return { answer = SAID[request.act], why = request.why, who = request.who or "unknown" }
end

-- One yes of several: the question goes on waiting.
local function give(project, row, request, more)
  local tx = person.begin(project, request.who)
  tx:event("approval.given", row.card, { ask = row.id, hash = row.hash, why = request.why })
  local ok, err = errors.check(async.await(tx.commit, tx))
  local others = more == 1 and "another person has" or more .. " others have"
  return ok and { id = row.id, card = row.card, status = "pending", message = "your yes to " .. row.id
    .. " is noted; " .. others .. " to say yes as well" }, err
end

-- The answer counts by then: that its reason could not be remembered undoes nothing; the reply names it.
local function remember(project, row, request)
  local ok, err = true, nil
  if request.why then
    ok, err = rules.decision(project, row, SAID[request.act], request.why, function()
      return person.begin(project, request.who)
    end)
  end
  return not ok and "; its reason is not remembered: " .. errors.line(err) or nil
end

local function say(project, request)
  local row, err = approvals.find(project.store, request.card)
  local more
  if row then
    more, err = approvers.check(project, request.who or "unknown", row)
  end
  if not more then
    return nil, err
  end
  local is_late = approvals.is_late(row) and request.act == "approve"
  if more > 0 and request.act == "approve" and not is_late then
    return give(project, row, request, more)
  end
  local ok
  ok, err = approvals.answer(project.store, row, answer_of(request, is_late))
  if ok and is_late then
    return nil, errors.new("ERR_TRANSITION", "the question " .. row.id .. " expired at " .. row.expires_at,
      "its card goes on without it, and may ask again")
  end
  if not ok then
    return nil, err
  end
  return { id = row.id, card = row.card, status = SAID[request.act],
    message = SAID[request.act] .. " " .. row.id .. ": " .. row.card .. " goes on"
      .. (remember(project, row, request) or "") }
end

local function perform(project, request)
  return person.until_current(say, project, request)
end

local FIELDS = { card = "text", why = "text?", event = "integer?" }
local CODES = { "ERR_NOT_FOUND", "ERR_TRANSITION" }

M.acts = {
  approve = {
    summary = "says yes to exactly what an agent asks for, once; `card` is the question's id, or its card's",
    fields = FIELDS, errors = CODES, perform = perform,
  },
  deny = {
    summary = "says no to what an agent asks for; it reads `why`",
    fields = FIELDS, errors = CODES, perform = perform,
  },
}

return M
