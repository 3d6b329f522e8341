-- structured.lua: replies that are JSON of a schema: asked for, held against the schema when they come, and
-- said what is wrong with them. Where an endpoint can be told to keep to a schema its provider does that;
-- nobody relies on it.

local cjson = require("cjson")
local doc = require("orket.core.doc")
local errors = require("orket.errors")
local schema = require("orket.core.schema")
local strings = require("orket.util.strings")

local M = {}

local HOW = [[


# Answer

%s one JSON value of this schema, and nothing else:
%s]]

local SHOWN = 5 -- errors that a model is told of

---@class Structured
---@field text string the schema as JSON
---@field compiled orket.schema

---A schema, ready.
---@param source any plain data, or a doc
---@return Structured|nil
---@return Error|nil
function M.new(source)
  local compiled, err = errors.check(schema.compile(source))
  if not compiled then
    return nil, err
  end
  return { text = type(source) == "userdata" and source:encode() or cjson.encode(source),
    compiled = compiled }
end

-- Many models put a fence around it, whatever they are told.
local function unfenced(text)
  local body = strings.trimmed(text)
  local blanks, from = body:match("^```%w*(%s*)()")
  if not from or from > #body - 3 or body:sub(-3) ~= "```" or not blanks:find("\n", 1, true) then
    return text
  end
  local said = strings.trimmed(body:sub(from, -4))
  return body:sub(from + #said, -4):find("\n", 1, true) and said or text
end

local function told(faults)
  local lines = {}
  for i = 1, math.min(#faults, SHOWN) do
    lines[i] = ("- at %s: %s"):format(faults[i].path == "" and "its root" or faults[i].path, faults[i].text)
  end
  return table.concat(lines, "\n")
end

---What a text says under a schema.
---@param structured Structured
---@param text string
---@return string|nil json  canonical; nil when it does not fit
---@return string? problem  for whoever wrote it
function M.read(structured, text)
  local value, why = doc.parse(unfenced(text))
  if not value then
    return nil, "Your answer is no JSON: " .. why
      .. ". Write it again: one JSON value of the schema, and nothing else."
  end
  local fits, faults = structured.compiled:check(value, SHOWN)
  if not fits then
    return nil, "Your answer does not fit the schema:\n" .. told(faults) .. "\nWrite it again, whole."
  end
  return value:encode()
end

local function told_how(text, has_tools)
  return HOW:format(has_tools and "A reply that calls no tool is" or "Your reply is", text)
end

-- The system message that says it, and how many messages it stands for.
local function beginning(first, how)
  local message = first and cjson.decode(first)
  if message and message.role == "system" then
    return { text = cjson.encode({ role = "system", content = message.content .. how }), taken = 1 }
  end
  return { text = cjson.encode({ role = "system", content = how:gsub("^%s+", "") .. "" }), taken = 0 }
end

---A conversation in which the model is told of the schema: in its system text, or before all else.
---@param messages string[] JSON texts
---@param text string the schema
---@param has_tools boolean
---@param memory table of the conversation (llm/request/conversation_memory.lua)
---@return string[] messages
function M.asked(messages, text, has_tools, memory)
  local known = memory.asked
  if not known or known.first ~= messages[1] or known.schema ~= text or known.has_tools ~= has_tools then
    known = beginning(messages[1], told_how(text, has_tools))
    known.first, known.schema, known.has_tools, memory.asked = messages[1], text, has_tools, known
  end
  return table.move(messages, known.taken + 1, #messages, 2, { known.text })
end

return M
