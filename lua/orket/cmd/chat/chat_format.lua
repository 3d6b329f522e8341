-- chat_format.lua: a conversation as a person or a program sees it: what was said since, what is asked, why
-- there was no answer.

local cjson = require("cjson")
local conversation = require("orket.planning.conversation")
local plan_format = require("orket.planning.plan_format")
local approval_format = require("orket.governance.approvals.approval_format")
local reader = require("orket.project.reader")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

---@class Chat
---@field args table of the command line
---@field id string|nil nil: nothing was said yet
---@field seen integer the last thing that was said and shown
---@field view table|nil of the run

---A line for a program.
---@param chat Chat
---@param kind string
---@param fields table
function M.print_json(chat, kind, fields)
  fields.kind, fields.id = kind, chat.id
  io.stdout:write(text.json(fields), "\n")
  io.stdout:flush()
end

---The conversation as it stands, with its question in lines.
---@param chat Chat
---@return Conversation|nil
---@return Error|nil
function M.look(chat)
  local store <close>, err = reader.open(chat.args.C or ".")
  if not store then
    return nil, err
  end
  local talk
  talk, err = conversation.find(store, chat.id)
  if not talk then
    return nil, err
  end
  if talk.question then
    talk.lines = talk.operation.op == "plan.make" and plan_format.lines(talk.operation)
      or approval_format.all(store, talk.question)
    talk.line = approval_format.line(talk.question)
  end
  local move = store:read("last_events", { card = talk.card.id, kind = "card.moved", limit = 1 })[1]
  talk.why = move and move.body.why
  return talk
end

---What agents said since the last look. On a terminal the words were shown as they came.
---@param chat Chat
---@param talk Conversation
function M.print_replies(chat, talk)
  for _, one in ipairs(talk.said) do
    if one.seq > chat.seen and one.author:find("^agent:") then
      if chat.args.json then
        M.print_json(chat, "said", { text = one.text })
      elseif chat.view then
        chat.view:answer(one.text)
      else
        print(text.block(one.text))
      end
    end
    chat.seen = math.max(chat.seen, one.seq)
  end
  if chat.view then
    chat.view:close_line()
  end
end

local DESTROYS = { canceled = true, archived = true }

---@param operation table
---@return boolean
function M.is_destructive(operation)
  return operation.op == "board.change" and DESTROYS[operation.status] == true
end

---What waits for a yes.
---@param chat Chat
---@param talk Conversation
function M.question(chat, talk)
  local marks = talk.question.labels
  if chat.args.json then
    M.print_json(chat, "question", {
      question = talk.question.id, asks = talk.operation, destructive = M.is_destructive(talk.operation),
      expires_at = talk.question.expires_at, labels = marks and setmetatable(marks, cjson.array_mt),
    })
    return
  end
  if marks then
    wrap.print("made of what came from outside (" .. table.concat(marks, ", ") .. "):")
  end
  print(talk.operation.op == "plan.make" and "a plan:" or text.cut(talk.line, 80))
  for _, line in ipairs(talk.lines) do
    wrap.print("  " .. line)
  end
end

---Did it stop without an answer?
---@param talk Conversation
---@return boolean
function M.has_stopped(talk)
  local parked = talk.card.status == "blocked" or talk.card.status == "waiting_for_developer"
  return parked and talk.why ~= conversation.SAID
end

---Why there was no answer.
---@param chat Chat
---@param talk Conversation
function M.why(chat, talk)
  if not M.has_stopped(talk) then
    return
  elseif chat.args.json then
    M.print_json(chat, "stopped", { why = talk.why, reason = talk.card.wait_reason })
  else
    local next_step = talk.card.wait_reason == "input" and "; say what it should do instead" or ""
    wrap.print("(" .. text.line((talk.why or talk.card.wait_reason or "it waits") .. next_step) .. ")")
  end
end

---The conversations of a project.
---@param args {C: string?, json: boolean?}
---@return true|nil ok
---@return Error|nil
function M.list(args)
  local store <close>, err = reader.open(args.C or ".")
  if not store then
    return nil, err
  end
  local rows = setmetatable(conversation.list(store), cjson.array_mt)
  if args.json then
    print(text.json(rows))
  end
  for _, row in ipairs(args.json and {} or rows) do
    local asks = row.question and "(asks) " or ""
    print(text.cut(text.line(string.format("%-8s %3d %s%s", row.id, row.said, asks, row.first or "")), 80))
  end
  return true
end

return M
