-- provider_turns.lua: a conversation in OpenAI's form as what was said by whom, for providers that write it
-- otherwise. Pure.
--
-- What one speaker says in a row is one turn, for these APIs take turns strictly: the results of parallel
-- calls stand in one turn, with what a user says behind them. Arguments stay the bytes that the model wrote.

local cjson = require("cjson")
local conversation_memory = require("orket.llm.request.conversation_memory")

local M = {}

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

-- What is no object is told as what it was: these APIs take nothing else.
local function arguments_of(call)
  local text = call["function"].arguments
  if type(cjson.decode(text)) == "table" and text:find("^%s*{") then
    return text
  end
  return cjson.encode({ malformed = text })
end

-- An id is to be of these characters, and no second call's: other models give `call_0` in every reply.
local function fresh_id(ids, wanted)
  local id, n = wanted:gsub("[^%w_-]", "_"), 1
  local base = id
  while ids[id] do
    n = n + 1
    id = base .. "_" .. n
  end
  ids[id] = true
  return id
end

local function calls_of(message, state)
  local calls = {}
  state.open = {}
  for i, call in ipairs(message.tool_calls or {}) do
    calls[i] = {
      id = fresh_id(state.ids, call.id), name = call["function"].name, arguments = arguments_of(call),
      given = call.id,
    }
    state.open[call.id] = calls[i]
  end
  return calls
end

local function turn_of(state, who)
  local last = state.turns[#state.turns]
  if not last or last.who ~= who then
    last = { who = who, parts = {} }
    state.turns[#state.turns + 1] = last
  end
  last.text = nil
  return last.parts
end

local function add(state, who, part)
  local parts = turn_of(state, who)
  parts[#parts + 1] = part
end

local function say(state, who, text)
  if text:find("%S") then
    add(state, who, { kind = "text", text = text })
  end
end

-- These APIs refuse a call without a result, whatever became of it: of a window nothing may be left but the
-- call.
local function settle(state)
  for _, call in ipairs(state.calls) do
    if not call.answered then
      add(state, "user", { kind = "result", call = call, text = "(no result)" })
    end
  end
  state.calls = {}
end

-- Results come before what else a user says.
local function sorted(parts)
  local first, rest = {}, {}
  for _, part in ipairs(parts) do
    local into = part.kind == "result" and first or rest
    into[#into + 1] = part
  end
  return table.move(rest, 1, #rest, #first + 1, first)
end

local BY_ROLE = {}

function BY_ROLE.user(state, message)
  settle(state)
  say(state, "user", text_of(message))
end

function BY_ROLE.tool(state, message)
  local call = state.open[message.tool_call_id]
  if call and not call.answered then
    call.answered = true
    add(state, "user", { kind = "result", call = call, text = text_of(message), attached = message.attached })
    state.turns[#state.turns].has_files = message.attached ~= nil or state.turns[#state.turns].has_files
  else -- its call is no longer in the window
    say(state, "user", text_of(message))
  end
end

-- The parts of what its model said and signed, none without a text that a model reads.
local IN_ORDER = {}

function IN_ORDER.text(state, part, left)
  local text = left.text:sub(1, left.cut and part.text or nil)
  left.text = left.text:sub(#text + 1)
  if part.signature then
    add(state, "model", { kind = "text", text = text, signature = part.signature })
  else
    say(state, "model", text)
  end
end

function IN_ORDER.reasoning(state, part)
  if part.signature then -- the text may be empty: it is not always shown
    add(state, "model", { kind = "thought", text = part.reasoning, signature = part.signature })
  end
end

function IN_ORDER.redacted(state, part)
  add(state, "model", { kind = "redacted", data = part.redacted })
end

function IN_ORDER.call(state, part)
  local call = state.open[part.call]
  if call and not call.said then
    call.said, call.signature = true, part.signature
    add(state, "model", { kind = "call", call = call })
  end
end

-- Where each text ends can be told of the text alone that was said.
local function is_uncut(said, text)
  local bytes = 0
  for _, part in ipairs(said) do
    bytes = bytes + (part.text or 0)
  end
  return bytes == #text
end

local function again(state, said, left)
  left.cut = is_uncut(said, left.text)
  for _, part in ipairs(said) do
    for kind, put in pairs(IN_ORDER) do
      if part[kind] then
        put(state, part, left)
      end
    end
  end
end

function BY_ROLE.assistant(state, message)
  settle(state)
  local apart, left = message.apart or {}, { text = text_of(message) }
  state.calls = calls_of(message, state)
  if apart.by == state.author then
    again(state, apart.said or {}, left)
  end
  say(state, "model", left.text)
  for _, call in ipairs(state.calls) do
    if not call.said then
      add(state, "model", { kind = "call", call = call })
    end
  end
end

---Who signs what a model says. Only that model is shown it: not even another model of the same vendor can
---read it.
---@param model table its profile
---@return string
function M.author(model)
  return (model.shape or "openai") .. " " .. model.model
end

---The message of a reply in which something is signed, with its author.
---@param message string JSON text, as core/model/reply/reply.h makes it
---@param model table its profile
---@return string
function M.signed(message, model)
  local _, to = message:find('{"apart":{', 1, true)
  return message:sub(1, to) .. '"by":' .. cjson.encode(M.author(model)) .. "," .. message:sub(to + 1)
end

---The message of a reply whose thoughts go back to its author, though nothing in it is signed.
---@param message string JSON text, without anything apart
---@param reasoning string
---@param model table its profile
---@return string
function M.thinking(message, reasoning, model)
  return '{"apart":{"by":' .. cjson.encode(M.author(model)) .. ',"said":[{"reasoning":'
    .. cjson.encode(reasoning) .. "}]}," .. message:sub(2)
end

---The thoughts of a message, for its author.
---@param apart {said: table[]}
---@return string|nil
function M.thought(apart)
  local texts = {}
  for _, part in ipairs(apart.said) do
    texts[#texts + 1] = part.reasoning
  end
  return texts[1] and table.concat(texts) or nil
end

---@class ProviderPart
---@field kind "text"|"thought"|"redacted"|"call"|"result"
---@field text string?
---@field data string? of thoughts that cannot be read
---@field signature string?
---@field call {id: string, given: string, name: string, arguments: string, signature: string?,
---  said: boolean?, answered: boolean?}?

---@class ProviderTurn
---@field who "user"|"model"
---@field parts ProviderPart[]|nil  nil: it has its text and nothing is added to it
---@field text string? as a provider writes it

-- A system text that its model has stands apart.
local function take(state, text, model)
  local message = cjson.decode(text)
  state.read[#state.read + 1] = text
  if #state.read == 1 and message.role == "system" and model.system ~= "user" then
    state.system = text_of(message)
  else
    (BY_ROLE[message.role] or BY_ROLE.user)(state, message)
  end
end

local function has_open(state)
  for _, call in ipairs(state.calls) do
    if not call.answered then
      return true
    end
  end
  return false
end

-- What was read of the conversation before, where it goes on from there.
local function state_of(messages, model, memory)
  local author = M.author(model)
  local name = "turns " .. author .. " " .. (model.system or "")
  local known = memory[name]
  if not known or not conversation_memory.goes_on(known.read, messages) then
    known = { turns = {}, ids = {}, open = {}, calls = {}, read = {}, author = author }
  end
  memory[name] = known
  return known, name
end

---@param messages string[] JSON texts
---@param model table the profile of who reads them; with `system = "user"` there is no system text: the user
---  says it
---@param memory table|nil of the conversation (llm/request/conversation_memory.lua)
---@return ProviderTurn[] turns
---@return string|nil system
function M.read(messages, model, memory)
  memory = memory or {}
  local state, name = state_of(messages, model, memory)
  for i = #state.read + 1, #messages do
    take(state, messages[i], model)
  end
  if has_open(state) then
    memory[name] = nil -- a result may still come, and is told otherwise then
  end
  settle(state)
  for _, turn in ipairs(state.turns) do
    turn.parts = turn.who == "user" and not turn.text and sorted(turn.parts) or turn.parts
  end
  return state.turns, state.system ~= "" and state.system or nil
end

---The turns as a provider writes them, each once.
---@param turns ProviderTurn[]
---@param write fun(turn: ProviderTurn, model: table): string|nil  nil: nothing of it is sent
---@param model table the profile of who reads them
---@return string a JSON array
function M.written(turns, write, model)
  local texts = {}
  for i, turn in ipairs(turns) do
    local text = turn.text or write(turn, model)
    turn.text = not turn.has_files and text or nil -- files would be much to keep
    turn.parts = (i == #turns or not turn.text) and turn.parts or nil
    texts[#texts + 1] = text
  end
  return "[" .. table.concat(texts, ",") .. "]"
end

return M
