-- plan_acts.lua: what a person says about plans and in conversations: each answers the card whose run goes on
-- with it.

local approvals = require("orket.governance.approvals.approvals")
local approvers = require("orket.people.approvers")
local card_acts = require("orket.governance.card_acts")
local conversation = require("orket.planning.conversation")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local objection = require("orket.planning.objection")
local person = require("orket.governance.person")
local planning = require("orket.planning.planning")

local M = {}

local TRIED_AGAIN = { resource = true, system = true, dependency = true } -- no person has to say anything

local function answered(id, err)
  return id and { card = id } or nil, err
end

-- ---- plans ----

-- All labels that a request carries: its own, and those that the organization gives files of its name.
local function labels_of(project, request)
  local marks = request.label and { request.label } or nil
  if not request.file then
    return marks
  end
  return labels.union(marks, labels.of_seed(project.config)((request.file:gsub("^%./", ""))))
end

local function open_plan(project, request)
  if request.label and not labels.is_name(request.label) then
    return nil, errors.new("ERR_USAGE", "'" .. request.label .. "' is not a label",
      "small letters, digits, _ and -")
  end
  return answered(planning.open(project, { text = request.text, team = request.team,
    environment = request.environment, labels = labels_of(project, request) }))
end

local function waits_for_no_yes(plan)
  local status = plan.rock and "accepted" or "open"
  if not plan.rock and plan.card.status == "canceled" then
    status = "dropped"
  end
  return errors.new("ERR_TRANSITION", plan.id .. " waits for no yes: it is " .. status,
    "orket plan --show " .. plan.id)
end

local function settle(project, question, request)
  local answer, err = approvals.timely_answer(question, request)
  err = err or answer.who and approvers.check_alone(project, answer.who, question) or nil
  if err then
    return nil, err
  end
  return approvals.answer(project.store, question, answer)
end

local function answer_plan(project, request)
  local plan, err = planning.find(project.store, request.card)
  if not plan then
    return nil, err
  elseif not plan.question then
    return nil, waits_for_no_yes(plan)
  end
  local against = request.answer == "approved" and objection.of(project, project.store, plan.proposal,
    planning.about(plan))
  if against then
    return nil, objection.error(against)
  end
  local ok
  ok, err = settle(project, plan.question, request)
  return answered(ok and plan.id, err)
end

-- It waits for nothing that a person would have to say, or its model came to nothing.
local function is_tried_again(project, plan)
  local card = plan.card
  return card.status == "blocked" and TRIED_AGAIN[card.wait_reason]
    or planning.fault(project.store, plan) ~= nil
end

-- What it waited for is tried again; a question of its own is answered first.
local function go_on(project, request)
  local plan, err = planning.find(project.store, request.card)
  local ok = plan
  if plan and is_tried_again(project, plan) then
    ok, err = card_acts.acts.retry.perform(project, { act = "retry", card = plan.card.id, who = request.who })
  end
  return answered(ok and plan.id, err)
end

-- ---- conversations ----

local function say(project, request)
  if request.card then
    return answered(conversation.say(project, request.card, request))
  end
  return answered(conversation.open(project, request))
end

local function answer_question(project, request)
  local row, err = approvals.find(project.store, request.question)
  local ok
  if row then
    ok, err = settle(project, row, request)
  end
  return answered(ok and request.card, err)
end

-- ---- the acts ----

-- Two that begin at the same time would take the same id.
local function repeated(perform)
  return function(project, request)
    if not request.text:find("%S") then
      return nil, errors.new("ERR_USAGE", "there is no text", "say what is wanted")
    end
    return person.until_current(perform, project, request)
  end
end

M.acts = {
  ["plan.open"] = {
    summary = "makes a plan's card of a request; its run makes the plan",
    fields = { text = "text", team = "text?", environment = "text?", label = "text?", file = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_CONFIG" }, perform = repeated(open_plan),
  },
  ["plan.answer"] = {
    summary = "says yes (`approved`) to a plan that waits, or what should be otherwise (`denied`, `why`)",
    fields = { card = "text", answer = "text", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_PLAN" }, beside = true, perform = answer_plan,
  },
  ["plan.go_on"] = {
    summary = "tries again what a plan waits for, where no person has to say anything",
    fields = { card = "text" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, perform = go_on,
  },
  ["talk.say"] = {
    summary = "says something in the conversation `card`, or begins one; its run answers",
    fields = { card = "text?", text = "text", role = "text?", team = "text?", environment = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_CONFIG" }, perform = repeated(say),
  },
  ["talk.answer"] = {
    summary = "answers a question of the conversation `card`: `approved` or `denied`, with `why`",
    fields = { card = "text", question = "text", answer = "text", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_STALE" }, beside = true, perform = answer_question,
  },
  ["talk.go_on"] = {
    summary = "answers the conversation `card`, whose reply was cut off",
    fields = { card = "text" },
    errors = { "ERR_NOT_FOUND" }, beside = true, perform = function(project, request)
      local talk, err = conversation.find(project.store, request.card)
      return answered(talk and talk.id, err)
    end,
  },
}

return M
