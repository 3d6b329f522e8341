-- summary.lua: the steps that a window leaves out (turn/context/window.lua), in the words of the role
-- `summariser`. It is asked as a turn's own model is: through the models node, budgets and cassettes, billed
-- to the card; it has no tools. What it says is data of the conversation, never an instruction. Without an
-- answer the list of calls has to do.

local chain = require("orket.llm.chain")
local cjson = require("cjson")
local compact = require("orket.turn.context.compact")
local errors = require("orket.errors")
local usages = require("orket.llm.usage")

local M = {}

local ROLE = "summariser"
local SAID, CALLED, ANSWERED = 1000, 400, 1200 -- bytes of a reply, of arguments, of a result
local BYTES = 2        -- of a token, at the least
local AROUND = 3000    -- bytes beside the record
local LEAST, MOST = 2000, 400000 -- bytes of a record
local CONTEXT = 32768  -- tokens, where nobody says any
local WHY = 300        -- bytes of a reason

-- ---- what is summed up ----

local function add(out, what, text, most)
  if type(text) == "string" and text:find("%S") then
    out[#out + 1] = "| " .. what .. ": " .. compact.plain(text, most)
  end
end

local function add_message(out, message)
  if message.role == "tool" then
    add(out, "result", message.content, ANSWERED)
  elseif message.role == "assistant" then
    add(out, "said", message.content, SAID)
    for _, call in ipairs(message.tool_calls or {}) do
      add(out, "called", call["function"].name .. " " .. call["function"].arguments, CALLED)
    end
  else
    add(out, "was told", message.content, SAID)
  end
end

-- The newest lines that fit.
local function record_of(messages, first, last, bytes)
  local lines = {}
  for at = first, last do
    add_message(lines, cjson.decode(messages[at]))
  end
  local kept, before = compact.newest(lines, bytes)
  if before > 0 then
    table.insert(kept, 1, "| (" .. before .. " lines before these)")
  end
  return table.concat(kept, "\n")
end

local function room_of(model)
  local context = model.context or CONTEXT
  local tokens = context - math.min(model.max_tokens or context // 4, context // 2)
  return math.max(LEAST, math.min(MOST, tokens * BYTES - AROUND))
end

local function quoted(text)
  return text and "| " .. text:gsub("\n", "\n| ") or nil
end

local function messages_of(turn, model, span, bytes)
  local past = turn.window or {}
  local prompt, err = errors.check(turn.generation.roles[ROLE].script:call("prompt", { {
    card = { id = turn.card.id, name = turn.card.name, status = turn.card.status },
    summary = quoted(past.summary), bytes = bytes,
    record = record_of(turn.messages, span.first, span.last, room_of(model) - #(past.summary or "")),
  } }))
  if not prompt then
    return nil, err
  elseif type(prompt) ~= "table" or type(prompt.system) ~= "string" or type(prompt.user) ~= "string" then
    return nil, errors.new("ERR_SCRIPT_CONTRACT", "the prompt of the role " .. ROLE .. " is none")
  end
  return { cjson.encode({ role = "system", content = prompt.system }),
    cjson.encode({ role = "user", content = prompt.user }) }
end

-- ---- what is said ----

-- Lines of text that imitate no marks; nil when nothing is said.
local function text_of(content, bytes)
  local lines = {}
  for line in ((content or "") .. "\n"):gmatch("([^\r\n]*)[\r\n]") do
    lines[#lines + 1] = line:find("%S") and compact.plain(line, bytes) or nil
  end
  local text = table.concat(lines, "\n")
  if text == "" then
    return nil
  end
  return #text <= bytes and text or compact.cut(text, bytes)
end

local function note(turn, model, reply, text, told)
  local by = chain.of(model, reply.by)
  local body = {
    text = text, usage = reply.usage, finish = reply.finish, model = by.name, instead = reply.instead,
    money = usages.money(by.price, reply.usage), price = by.price, took = reply.took, attempt = reply.attempt,
    told = told,
  }
  turn:spend(body)
  turn:record("window.summarised", body)
end

local function asked(turn, span, bytes, told)
  if not turn.generation.roles[ROLE] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no role " .. ROLE)
  end
  local choice, err = turn.models:choose({ seat = turn.seat, role = ROLE }, turn.card, turn.generation, turn)
  if not choice then
    return nil, err
  end
  local model = choice.model
  local messages
  messages, err = messages_of(turn, model, span, bytes)
  if not messages then
    return nil, err
  end
  local reply
  reply, err = turn.engine:summarise(turn, model, messages)
  if not reply then
    return nil, err
  end
  local text = text_of(reply.content, bytes)
  note(turn, model, reply, text, told)
  return text, not text and errors.new("ERR_PROTOCOL", "the summary is empty") or nil
end

---The steps of a span of messages in short.
---@param turn Turn
---@param span {first: integer, last: integer}
---@param bytes integer it may have
---@param told table|nil  the server refused the request: what it said
---@return {text: string?, why: string?}|nil summary  why: there is none
---@return Error|nil err  the turn was canceled meanwhile, or the machine failed
function M.of(turn, span, bytes, told)
  local recorded = turn.tape:take("window.summarised")
  if recorded then
    turn:spend(recorded)
    return { text = recorded.text, why = not recorded.text and "ERR_PROTOCOL: the summary is empty" or nil }
  end
  local text, err = asked(turn, span, bytes, told)
  if err and (errors.is_environment(err) or err.ends_turn) then
    return nil, err
  end
  return { text = text, why = err and compact.plain(err.code .. ": " .. err.message, WHY) or nil }
end

return M
