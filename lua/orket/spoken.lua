-- spoken.lua: models that have no calls of their own and write them into their text. Inside Orket a
-- conversation is the same for all; here, at the edge, it becomes what such a model can read, and its text
-- becomes calls (dialects.lua).

local cjson = require("cjson")
local corrections = require("orket.corrections")
local dialects = require("orket.dialects")
local errors = require("orket.errors")

local M = {}

local CALLS_MAX = 128 -- of one reply, as of those that are no text (core/model/reply.h)

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

-- What a tool says cannot end its own frame, nor begin what a server takes for another speaker's turn: marks in it are no
-- marks any more.
local function plain(text)
  return (text:gsub("<(/?tool_response>)", "< %1"):gsub("<(|[%w_]+|>)", "< %1"):gsub("%[(/?INST%])", "[ %1"))
end

local function response(message)
  return "<tool_response>\n" .. plain(message.content or "") .. "\n</tool_response>"
end

-- What stands next to each other as one speaker's is one message: some templates take turns strictly.
local function add(said, role, text)
  local last = said[#said]
  if last and last.role == role and role == "user" then
    last.content = last.content .. "\n\n" .. text
  else
    said[#said + 1] = { role = role, content = text }
  end
end

local function content_of(message)
  return message.content ~= cjson.null and message.content or ""
end

---A conversation as the model reads it.
---@param model table its profile
---@param messages string[] JSON texts, as OpenAI has them
---@param tools string? a JSON text
---@return string[] messages
function M.conversation(model, messages, tools)
  local said = {}
  for i, text in ipairs(messages) do
    local message = cjson.decode(text)
    if message.role == "tool" then
      add(said, "user", response(message))
    elseif i == 1 and message.role == "system" then
      add(said, model.system == "user" and "user" or "system", with_tools(content_of(message), tools))
    else
      add(said, message.role, content_of(message))
    end
  end
  for i, message in ipairs(said) do
    said[i] = cjson.encode(message)
  end
  return said
end

-- ---- what it wrote ----

-- The id of a call is its place: the same text has the same ids.
local function calls_of(found)
  local calls, repaired, cut = {}, 0, nil
  for _, call in ipairs(found.calls) do
    if call.state == "partial" then
      cut = call.name
    else
      calls[#calls + 1] = { id = "call_" .. #calls + 1, name = call.name, arguments = call.arguments }
      repaired = repaired + (call.state == "repaired" and 1 or 0)
    end
  end
  return calls, repaired, cut
end

local function message_of(text, calls)
  local listed = {}
  for i, call in ipairs(calls) do
    listed[i] = { id = call.id, type = "function", ["function"] = { name = call.name, arguments = call.arguments } }
  end
  return cjson.encode({ role = "assistant", content = text, tool_calls = #listed > 0 and listed or nil })
end

-- What to tell the model of calls that were not made.
local function problem(found, text, cut, tools, made)
  local parts = { cut and corrections.cut(cut) or nil }
  if found.faults.count > 0 then
    parts[#parts + 1] = corrections.broken(text, found.faults, tools or {}, made)
  end
  if #parts == 0 and made == 0 and found.thought > 0 then
    parts[1] = corrections.thought()
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
---@param reply table as llm.complete answers it
---@param tools string? a JSON text
---@return table|nil reply with dialect?, repaired?, problem? (what to tell the model of calls that were not made)
---@return Error|nil
function M.heard(model, reply, tools)
  local text = reply.content or ""
  local declared = tools and cjson.decode(tools) or nil
  local found, err = dialects.read({ text }, { dialect = model.calls ~= "text" and model.calls or nil, tools = declared })
  if not found then
    return nil, errors.new(err.code, "the reply cannot be read: " .. err.message)
  end
  local calls, repaired, cut = calls_of(found)
  if #calls > CALLS_MAX then
    reply.dropped, reply.calls_max, calls, repaired = #text - #found.content, CALLS_MAX, {}, 0
  end
  reply.calls, reply.message = calls, message_of(text, calls)
  reply.content = found.content
  reply.dialect, reply.repaired = found.dialect, repaired > 0 and repaired or nil
  reply.problem = not reply.calls_max and problem(found, text, cut, declared, #calls) or nil
  return reply
end

return M
