-- planning_routes.lua: plans and conversations: which there are, what was said and proposed, to ask for one,
-- to say something. What is proposed is answered as every approval is.

local api_schemas = require("orket.service.api.api_schemas")
local async = require("orket.async")
local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local conversation = require("orket.planning.conversation")
local errors = require("orket.errors")
local fork = require("orket.history.fork")
local once = require("orket.service.api.once")
local planning = require("orket.planning.planning")
local plan_record = require("orket.planning.plan_record")

local M = { tag = "planning" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, WHOLE, FLAG = { type = "string" }, { type = "integer" }, { type = "boolean" }

local ANSWER = 60 -- seconds that the original's way of talking waits

-- ---- looked at ----

local function plans(service)
  local items = setmetatable({}, cjson.array_mt)
  for i, plan in ipairs(plan_record.list(service.store, service.dir)) do
    items[i] = plan_record.row(plan)
  end
  return { items = items }
end

local function plan(service, request)
  local found, err = plan_record.find(service.store, request.params.id, service.dir)
  return found and plan_record.plain(found), err
end

local function conversations(service)
  return { items = setmetatable(conversation.list(service.store), cjson.array_mt) }
end

local function shown(service, id)
  local talk, err = conversation.find(service.store, id)
  if not talk then
    return nil, err
  end
  local question = talk.question
  if question then
    question.operation = content.whole(service.store, question.operation)
  end
  return { id = id, card = talk.card.id, status = talk.card.status, said = talk.said, question = question,
    stopped = planning.is_stopped(service.store, talk.card), run = planning.run(service.store, talk.card),
    why = conversation.stopped_by(service.store, talk) }
end

local function one_conversation(service, request)
  return shown(service, request.params.id)
end

-- ---- asked for ----

-- A card that goes on by itself has its run already, or gets it.
local function begin(service, id, who)
  local started, err = service:start({ card = id, by = who })
  if started or err.code == "ERR_OWNED" then
    return { card = id, run = started and started.run, events = started and started.events }
  end
  return nil, err
end

local function fault_of(text)
  if not text:find("%S") then
    return errors.new("ERR_USAGE", "the text is empty", "write what is wanted")
  end
  return select(2, conversation.check(text))
end

local function performed(service, request, fields)
  local fault = fault_of(fields.text) or fork.objection(service.project)
  if fault then
    return nil, fault
  end
  return once.perform(service, request, function()
    local done, err = service:act(fields, request.who)
    if not done then
      return nil, err
    end
    return begin(service, done.card, request.who)
  end)
end

local function ask_plan(service, request)
  local body = request.body
  return performed(service, request, { act = "plan.open", text = body.text, team = body.team,
    environment = body.environment, label = body.label })
end

local function said(request, id)
  local body = request.body
  return { act = "talk.say", text = body.text, card = id, role = body.role, team = body.team,
    environment = body.environment }
end

local function open(service, request)
  return performed(service, request, said(request))
end

local function say(service, request)
  return performed(service, request, said(request, request.params.id))
end

-- ---- said and answered at once ----

local WAITS = { blocked = true, waiting_for_developer = true, done = true, canceled = true }

local function is_answer(event)
  return event.kind == "approval.asked" or event.kind == "card.moved" and WAITS[event.body.to]
end

-- Says it, and waits until the conversation waits for the person again.
local function say_and_wait(service, request, fields)
  local settled, woken = {}, nil
  local _ <close> = setmetatable({}, { __close = service.events:subscribe(function(event)
    if event.card and is_answer(event) then
      settled[event.card] = true
      if woken then
        woken(true)
      end
    end
  end) })
  local begun, err = performed(service, request, fields)
  if begun then
    async.within(ANSWER, function()
      while not settled[begun.card .. "-talk"] and not async.canceled() do
        async.suspend(function(wake)
          woken = wake
        end)
      end
    end)
  end
  return begun, err
end

-- What was said by agents after the person's last words.
local function last_words(talk)
  local words = {}
  for _, one in ipairs(talk.said) do
    if one.author:find("^human:") then
      words = {}
    else
      words[#words + 1] = one.text
    end
  end
  return table.concat(words, "\n\n")
end

local function chat_driver(service, request)
  local body = request.body
  local begun, err = say_and_wait(service, request, { act = "talk.say", text = body.message,
    card = body.conversation })
  local talk
  if begun then
    talk, err = shown(service, begun.card)
  end
  if not talk then
    return nil, err
  end
  local response = last_words(talk)
  if response == "" and not talk.question then
    return nil, errors.new("ERR_TIMEOUT", "no answer came within " .. ANSWER .. " seconds: "
      .. (talk.why or talk.status), "GET /v1/conversations/" .. talk.id .. " has it later")
  end
  return { response = response, conversation = talk.id, question = talk.question and talk.question.id }
end

local WORDS = { type = "string", minLength = 1, maxLength = conversation.SAID_MAX }

local LABEL = { type = "string", description = "the text was written elsewhere: untrusted, for one" }
local BEGUN = object({ card = TEXT }, { run = TEXT, events = TEXT })
local ACT = { "ERR_CONFIG", "ERR_USAGE" }

local function body(fields, required)
  return { type = "object", required = { required }, additionalProperties = false, properties = fields }
end

M.routes = {
  {
    name = "plans", method = "GET", path = "/v1/plans", permission = "read", handle = plans,
    by_journal = true, past = true, summary = "plans, oldest first, and what became of each",
    answer = object({ items = list(object({ id = TEXT, status = TEXT, name = TEXT, updated_at = TEXT },
      { rock = TEXT })) }),
  },
  {
    name = "plan", method = "GET", path = "/v1/plans/{id}", permission = "read", handle = plan, past = true,
    summary = "a plan: the request, what is proposed, the question that waits, or why none came of it",
    errors = { "ERR_NOT_FOUND" }, answer = object({ id = TEXT, status = { enum = { "accepted", "failed",
      "dropped", "waiting", "parked", "open" } }, card = TEXT, name = TEXT }, { run = TEXT, request = TEXT,
      rock = TEXT, plan = { type = "object" }, assumptions = list(TEXT), labels = list(TEXT),
      question = object({ id = TEXT, hash = TEXT, expires_at = TEXT }) }),
  },
  {
    name = "ask_plan", method = "POST", path = "/v1/plans", permission = "act", status = 202,
    handle = ask_plan,
    summary = "asks for a plan, and begins the run that proposes it; Idempotency-Key: once", errors = ACT,
    body = body({ text = WORDS, team = TEXT, environment = TEXT, label = LABEL }, "text"), answer = BEGUN,
  },
  {
    name = "conversations", method = "GET", path = "/v1/conversations", permission = "read",
    by_journal = true, past = true, summary = "conversations, oldest first", handle = conversations,
    answer = object({ items = list(object({ id = TEXT, status = TEXT, said = WHOLE, question = FLAG,
      stopped = FLAG, updated_at = TEXT }, { first = TEXT, why = TEXT })) }),
  },
  {
    name = "conversation", method = "GET", path = "/v1/conversations/{id}", permission = "read",
    summary = "what was said in it, and what it asks", handle = one_conversation, by_journal = true,
    past = true, errors = { "ERR_NOT_FOUND" }, answer = object({ id = TEXT, card = TEXT, status = TEXT,
      stopped = FLAG, said = list(ref("Comment")) }, { run = TEXT, question = ref("Approval"), why = TEXT }),
  },
  {
    name = "open_conversation", method = "POST", path = "/v1/conversations", permission = "act", status = 202,
    summary = "begins a conversation with a seat of the team; Idempotency-Key: once", handle = open,
    errors = ACT, body = body({ text = WORDS, role = TEXT, team = TEXT,
      environment = TEXT }, "text"), answer = BEGUN,
  },
  {
    name = "say", method = "POST", path = "/v1/conversations/{id}", permission = "act", status = 202,
    summary = "says something in it; the seat answers in a run; Idempotency-Key: once", handle = say,
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, body = body({ text = WORDS }, "text"), answer = BEGUN,
  },
  {
    name = "chat_driver", method = "POST", path = "/v1/system/chat-driver", permission = "act",
    summary = "the same, and waits for the answer, a minute at most; without `conversation` a new one",
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_TIMEOUT" }, handle = chat_driver,
    body = body({ message = WORDS, conversation = TEXT }, "message"),
    answer = object({ response = TEXT, conversation = TEXT }, { question = TEXT }),
  },
}

return M
