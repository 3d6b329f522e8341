-- turns.lua: a conversation in OpenAI's form as what was said by whom, for providers that write it otherwise. Pure.
--
-- What one speaker says in a row is one turn, for these APIs take turns strictly: the results of parallel calls stand
-- in one turn, with what a user says behind them. Arguments stay the bytes that the model wrote.

local cjson = require("cjson")

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
  local calls, signatures = {}, message.apart and message.apart.calls or {}
  state.open = {}
  for i, call in ipairs(message.tool_calls or {}) do
    calls[i] = {
      id = fresh_id(state.ids, call.id), name = call["function"].name, arguments = arguments_of(call),
      signature = signatures[call.id], given = call.id,
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

-- These APIs refuse a call without a result, whatever became of it: of a window nothing may be left but the call.
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
    add(state, "user", { kind = "result", call = call, text = text_of(message) })
  else -- its call is no longer in the window
    say(state, "user", text_of(message))
  end
end

function BY_ROLE.assistant(state, message)
  settle(state)
  local apart = message.apart or {}
  if apart.signature then -- the text may be empty: it is not always shown
    add(state, "model", { kind = "thought", text = apart.reasoning, signature = apart.signature })
  end
  say(state, "model", text_of(message))
  state.calls = calls_of(message, state)
  for _, call in ipairs(state.calls) do
    add(state, "model", { kind = "call", call = call })
  end
end

---@class ProviderPart
---@field kind "text"|"thought"|"call"|"result"
---@field text string?
---@field signature string?
---@field call {id: string, given: string, name: string, arguments: string, signature: string?, answered: boolean?}?

---@param messages string[] JSON texts
---@param as_user boolean|nil  the model has no system text: it is said by the user
---@return {who: "user"|"model", parts: ProviderPart[]}[] turns
---@return string|nil system
function M.read(messages, as_user)
  local state = { turns = {}, ids = {}, open = {}, calls = {} }
  local system
  for i, text in ipairs(messages) do
    local message = cjson.decode(text)
    if i == 1 and message.role == "system" and not as_user then
      system = text_of(message)
    else
      (BY_ROLE[message.role] or BY_ROLE.user)(state, message)
    end
  end
  settle(state)
  for _, turn in ipairs(state.turns) do
    turn.parts = turn.who == "user" and sorted(turn.parts) or turn.parts
  end
  return state.turns, system ~= "" and system or nil
end

return M
