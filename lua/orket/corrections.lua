-- corrections.lua: what a model is told of a call in its text that was not made: where it is, why it was none, and
-- what its tool takes. Bounded, whatever the text. Pure.

local cjson = require("cjson")
local json = require("orket.core.json")

local M = {}

local PLACE, NEAR, SCHEMA = 160, 40, 1200 -- bytes of the text that are shown, of what stands before a fault, of a schema
local READ = 8192                         -- bytes of the text that are read again

local CUT = "Your %s was cut off and was not made. Write it again, whole; in smaller parts when it is long."
local BROKEN = "A call in your reply could not be read and was not made: %sIt begins:\n%s\n%sWrite it again exactly as the system message shows."
local UNKNOWN = "it lacks its name or its arguments, or could be read in two ways. "

-- At a letter's edge.
local function short(text, most)
  if #text <= most then
    return text
  end
  return text:sub(1, utf8.offset(text, 0, most + 1) - 1) .. "…"
end

local function letters(text, from, to)
  from, to = math.max(1, math.min(from, #text)), math.max(1, math.min(to, #text))
  return text:sub(utf8.offset(text, 0, from), to == #text and to or utf8.offset(text, 0, to + 1) - 1)
end

-- The byte of a line and a column, from 1.
local function place(text, line, column)
  local at = 1
  for _ = 2, line do
    at = text:find("\n", at, true) + 1
  end
  return at + column - 1
end

-- Why the first JSON in a text is none; nil: it is, or there is none.
local function fault(text)
  local from = text:find("[{%[][%s\"'{}%]]")
  local all = from and letters(text, from, from + READ) or "{}"
  local checked = json.check(all)
  if checked.ok or not checked.line or checked.error:find("the end of the text", 1, true) then
    return nil
  end
  local at = place(all, checked.line, checked.column)
  return ("%s, at:\n%s\n"):format(checked.error, letters(all, at - NEAR, at + NEAR))
end

local function about(tool)
  return tool["function"] or tool
end

-- The declared tool whose name stands first in the text.
local function tool_in(text, tools)
  local found, first
  for _, tool in ipairs(tools) do
    local at = text:find(about(tool).name, 1, true)
    if at and (not first or at < first or at == first and #about(tool).name > #found.name) then
      found, first = about(tool), at
    end
  end
  return found
end

local function takes(tool)
  if not tool or not tool.parameters then
    return ""
  end
  return ("%s takes: %s\n"):format(tool.name, short(cjson.encode(tool.parameters), SCHEMA))
end

---What to say of a call that was cut off.
---@param name string? its tool
---@return string
function M.cut(name)
  return CUT:format(name and "call of " .. name or "last call")
end

---What to say of a call that is none.
---@param text string the reply
---@param at integer where it begins, from 0
---@param tools table[] as they were declared
---@return string
function M.broken(text, at, tools)
  local rest = letters(text, at + 1, at + READ)
  return BROKEN:format(fault(rest) or UNKNOWN, short(rest, PLACE), takes(tool_in(short(rest, 4 * PLACE), tools)))
end

return M
