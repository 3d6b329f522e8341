-- text_calls.lua: models that have no calls of their own and write them into their text. Inside Orket a
-- conversation is the same for all; here, at the edge, it becomes what such a model can read, and its text
-- becomes calls (dialects.lua).

local cjson = require("cjson")
local conversation_memory = require("orket.llm.request.conversation_memory")
local call_repairs = require("orket.turn.call_repairs")
local text_call_errors = require("orket.llm.text.text_call_errors")
local dialects = require("orket.llm.text.dialects")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local quoted_calls = require("orket.llm.text.quoted_calls")

local M = {}

local CALLS_MAX = 128 -- of one reply, as of those that are no text (core/model/reply/reply.h)

local HOW = [[


# Tools

Each line is a tool, with the JSON schema of its parameters:

%s

To call a tool, write exactly this, without quotes or code marks around it, once for each call:
<tool_call>
{"name": "TOOL", "arguments": {"PARAMETER": "VALUE"}}
</tool_call>
What it answered comes between <tool_response> and </tool_response>.]]

-- ---- what the model reads ----

local function with_tools(text, tools)
  local lines = {}
  for i, tool in ipairs(cjson.decode(tools or "[]")) do
    lines[i] = cjson.encode(tool["function"] or tool)
  end
  return #lines == 0 and text or text .. HOW:format(table.concat(lines, "\n"))
end

-- What a tool says cannot end its own frame, nor begin what a server takes for another speaker's turn: marks
-- in it are no marks any more.
local function plain(text)
  return (text:gsub("<(/?tool_response>)", "< %1"):gsub("<(|[%w_]+|>)", "< %1"):gsub("%[(/?INST%])", "[ %1"))
end

local function response(message)
  return "<tool_response>\n" .. plain(message.content or "") .. "\n</tool_response>"
end

local function write_last(state)
  if not state.is_written then
    state.texts[state.count], state.is_written = cjson.encode(state.last), true
  end
end

-- What stands next to each other as one speaker's is one message: some templates take turns strictly.
local function add(state, role, text)
  local last = state.last
  if last and last.role == role and role == "user" then
    last.content = last.content .. "\n\n" .. text
  else
    write_last(state)
    state.last, state.count = { role = role, content = text }, state.count + 1
  end
  state.is_written = false
end

local function content_of(message)
  return type(message.content) == "string" and message.content or ""
end

-- A call that was no text when it was made becomes one.
local function with_calls(message)
  local content, parts = content_of(message), {}
  for i, call in ipairs(message.tool_calls or {}) do
    local called = call["function"]
    if i == 1 and content:find(called.name, 1, true) then
      return content
    end
    parts[i] = ('\n<tool_call>\n{"name": %s, "arguments": %s}\n</tool_call>'):format(
      cjson.encode(called.name), called.arguments)
  end
  return content .. table.concat(parts)
end

local function take(state, text)
  local message = cjson.decode(text)
  state.read[#state.read + 1] = text
  if message.role == "tool" then
    add(state, "user", response(message))
  elseif #state.read == 1 and message.role == "system" then
    add(state, state.system == "user" and "user" or "system", with_tools(content_of(message), state.tools))
  else
    add(state, message.role, with_calls(message))
  end
end

---A conversation as the model reads it.
---@param model table its profile
---@param messages string[] JSON texts, as OpenAI has them
---@param tools string? a JSON text
---@param memory table of the conversation (llm/request/conversation_memory.lua)
---@return string[] messages  not to be changed: the next ones follow from it
function M.conversation(model, messages, tools, memory)
  local state = memory.in_words
  local is_same = state and state.system == model.system and state.tools == tools
  if not is_same or not conversation_memory.goes_on(state.read, messages) then
    state = { system = model.system, tools = tools, read = {}, texts = {}, count = 0, is_written = true }
    memory.in_words = state
  end
  for i = #state.read + 1, #messages do
    take(state, messages[i])
  end
  write_last(state)
  return state.texts
end

-- ---- what it wrote ----

-- The id of a call is its place: the same text has the same ids.
local function calls_of(found)
  local calls = {}
  for _, call in ipairs(found.calls) do
    if call.state ~= "partial" then
      calls[#calls + 1] = { id = "call_" .. #calls + 1, name = call.name, arguments = call.arguments }
    end
  end
  return calls
end

local function count_of(found, state)
  local count = 0
  for _, call in ipairs(found.calls) do
    count = count + (call.state == state and 1 or 0)
  end
  return count > 0 and count or nil
end

-- The name of the last call that was cut off.
local function cut_of(found)
  local name
  for _, call in ipairs(found.calls) do
    name = call.state == "partial" and call.name or name
  end
  return name
end

local function message_of(text, calls)
  local listed = {}
  for i, call in ipairs(calls) do
    listed[i] = { id = call.id, type = "function",
      ["function"] = { name = call.name, arguments = call.arguments } }
  end
  return cjson.encode({ role = "assistant", content = text, tool_calls = #listed > 0 and listed or nil })
end

-- What to tell the model of calls that were not made.
local function problem(found, text, tools, made)
  local cut = cut_of(found)
  local parts = { cut and text_call_errors.cut(cut) or nil }
  if found.faults.count > 0 then
    parts[#parts + 1] = text_call_errors.broken(text, found.faults, tools or {}, made)
  end
  if #parts == 0 and made == 0 and found.thought > 0 then
    parts[1] = text_call_errors.thought()
  end
  return #parts > 0 and table.concat(parts, "\n") or nil
end

---What is said in a text besides thoughts and calls.
---@param text string
---@return string
function M.words(text)
  local found = dialects.read({ text }, {})
  return found and found.content or text
end

---A reply with the calls that stand in its text. Its message keeps the text as it was written.
---@param model table its profile
---@param reply table as Client.complete answers it
---@param tools string? a JSON text
---@return table|nil reply with dialect?, repaired?, in_text, problem?
---  (what to tell the model of calls that were not made)
---@return Error|nil
function M.parse(model, reply, tools)
  local text = reply.content or ""
  local declared = tools and cjson.decode(tools) or nil
  local found, err = dialects.read({ text }, { dialect = model.calls ~= "text" and model.calls or nil,
    tools = declared })
  if not found then
    return nil, errors.new(err.code, "the reply cannot be read: " .. err.message)
  end
  local calls, repaired = calls_of(found), count_of(found, "repaired")
  if #calls > CALLS_MAX then
    reply.dropped, reply.calls_max, calls, repaired = #text - #found.content, CALLS_MAX, {}, nil
  end
  reply.calls, reply.message, reply.in_text = calls, message_of(text, calls), true
  reply.content = found.content
  reply.dialect, reply.repaired = found.dialect, repaired
  reply.problem = not reply.calls_max and problem(found, text, declared, #calls) or nil
  return reply
end

-- ---- calls in the text of a model that was offered tools natively ----

-- Can it be that the calls of a text are meant? Nothing but blanks stands behind them, and before them
-- nothing either, or they are fenced or between marks and what is said before does not speak against them.
local function are_meant(text, content)
  local said = content:gsub("%s+$", "")
  if text:sub(1, #said) ~= said then
    return false
  elseif not said:find("%S") then
    return true
  end
  local rest = text:sub(#said + 1):gsub("^%s+", ""):gsub("%s+$", "")
  local is_marked = rest:find("^<tool_call>.*</tool_call>$") ~= nil
  return (is_marked or rest:find("^```[%w_]*%s*\n.*\n```$") ~= nil)
    and not quoted_calls.is_doubted(said, is_marked)
end

local function are_offered(calls, declared)
  local offered = {}
  for _, tool in ipairs(declared) do
    offered[(tool["function"] or tool).name] = true
  end
  local names = tables.keys(offered)
  for _, call in ipairs(calls) do
    if call.state == "partial" or not offered[call_repairs.tool_of(call.name, offered, names)] then
      return false
    end
  end
  return #calls > 0 and #calls <= CALLS_MAX
end

---A reply without native calls: whole calls of offered tools that end its text become its calls, and are
---marked as repaired. Anything that may be a quotation, an example or a repetition stays text.
---@param reply table as Client.complete answers it
---@param tools string a JSON text
---@param messages string[] what the model was asked, as JSON
---@return table reply with dialect? and repaired?
function M.repair(reply, tools, messages)
  local text, declared = reply.content, cjson.decode(tools)
  local found = dialects.read({ text }, { tools = declared })
  if not found or found.faults.count > 0 or found.thought > 0 or not are_offered(found.calls, declared) then
    return reply
  end
  if not are_meant(text, found.content) or quoted_calls.was_read(found.calls, messages) then
    return reply
  end
  local calls = calls_of(found)
  local message = cjson.decode(reply.message)
  local said = found.content:find("%S") and found.content or cjson.null
  message.content, message.tool_calls = said, cjson.decode(message_of("", calls)).tool_calls
  reply.calls, reply.message, reply.content = calls, cjson.encode(message), said ~= cjson.null and said or nil
  reply.dialect, reply.repaired = found.dialect, #calls
  return reply
end

return M
