-- difference.lua: an event as it was derived beside the recorded one, for people to read.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local record = require("orket.history.replay.record")

local M = {}

M.FIELDS = { "kind", "card", "step", "actor", "role" } -- that have to be equal, beside the body

local function lines_of(bytes)
  local lines = {}
  for line in ((utf8.len(bytes) and bytes or "(not text)") .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

---What differs between two texts; empty when they are equal.
---@param was string
---@param is string
---@return string
function M.of_bytes(was, is)
  return diff.unified(lines_of(was), lines_of(is))
end

-- A conversation as it was derived, from its last message back to one that the journal has.
local function derived_conversation(stage, convo)
  local messages = {}
  while convo and stage.said[convo] do
    table.insert(messages, 1, cjson.decode(stage.said[convo].text))
    convo = stage.said[convo].parent
  end
  return messages
end

local function recorded_conversation(stage, convo)
  local messages = {}
  for i, text in ipairs(stage.store:conversation(convo) or {}) do
    messages[i] = cjson.decode(text)
  end
  return messages
end

local function contents(stage, recorded, derived)
  if recorded.convo and derived.convo and recorded.convo ~= derived.convo then
    return diff.values(recorded_conversation(stage, recorded.convo),
      derived_conversation(stage, derived.convo))
  elseif recorded.blob and derived.blob and recorded.blob ~= derived.blob and stage.written[derived.blob] then
    return M.of_bytes(stage.store:blob(recorded.blob) or "", stage.written[derived.blob])
  end
  return ""
end

local function whole(event, body)
  local fields = { body = body }
  for _, field in ipairs(M.FIELDS) do
    fields[field] = event[field]
  end
  return fields
end

---Both, and what differs between them.
---@param stage table
---@param recorded Recorded
---@param derived table
---@return string
function M.explain(stage, recorded, derived)
  local was, is = record.body(recorded), cjson.decode(derived.body)
  local more = contents(stage, was, is)
  return "- recorded, + derived\n" .. diff.values(whole(recorded, was), whole(derived, is))
    .. (more ~= "" and "\n" .. more or "")
end

return M
