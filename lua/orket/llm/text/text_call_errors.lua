-- text_call_errors.lua: what a model reads of a call in its text that was not made: where it is, why it was
-- none, and what its tool takes. Bounded, whatever the text. Pure.

local cjson = require("cjson")
local json = require("orket.core.json")

local M = {}

-- bytes of the text that are shown, of what stands before a fault, of a schema
local PLACE, NEAR, SCHEMA = 160, 40, 1200
local READ = 8192                         -- bytes of the text that are read again

local CUT = "Your %s was cut off and was not made. Write it again, whole; in smaller parts when it is long."
local LENGTH = "Your reply was cut off at %d tokens, which is the most for one reply; "
  .. "what it was about to call was not made. "
  .. "Write less at once: think in a few words, make one call per reply, and write a long file in parts."
local MANY = "Your reply made more than %d calls, which is the most for one reply. None of them was made. "
  .. "Make fewer at once, and wait for their results."
local BROKEN = "A call in your reply could not be read and was not made: %sIt begins:\n%s\n%s"
local AGAIN = "Write it again exactly as the system message shows."
local SEVERAL = "%d calls in your reply could not be read and were not made."
local MADE = "The other calls in your reply were made: do not repeat them."
local THOUGHT = "What you call stands inside your thoughts, before their end mark, and was not made. "
  .. "Write it behind them."
local SHOWN = 3 -- calls that are shown one by one
local WHY = {
  unreadable = "it lacks its name or its arguments, or could be read in two ways. ",
  holds = "one of its values, or the call, has no end where it should have, or one too many, "
    .. "so that it runs into other marks of calls. ",
  behind = "it stands behind a call that has no end, and may be part of it. ",
}

---What a model is told whose reply came to its limit.
---@param tokens integer that it has
---@return string
function M.length(tokens)
  return LENGTH:format(tokens)
end

---What a model is told whose reply had too many calls.
---@param most integer
---@return string
function M.many(most)
  return MANY:format(most)
end

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

-- Why the first JSON in a text is none; nil: it is, or there is none near its beginning.
local function fault(text)
  local from = text:find("[{%[][%s\"'{}%]]")
  if from and from > PLACE then
    return nil
  end
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

local function takes(tool, most)
  if not tool or not tool.parameters then
    return ""
  end
  return ("%s takes: %s\n"):format(tool.name, short(cjson.encode(tool.parameters), most))
end

-- One call that is none. shown: how many there are to be shown.
local function one(text, found, tools, shown)
  local rest = letters(text, found.at + 1, found.at + READ)
  local why = found.why == "unreadable" and fault(rest) or WHY[found.why]
  return BROKEN:format(why, short(rest, PLACE),
    takes(tool_in(short(rest, 4 * PLACE), tools), SCHEMA // shown))
end

---What to say of a call that was cut off.
---@param name string? its tool
---@return string
function M.cut(name)
  return CUT:format(name and "call of " .. name or "last call")
end

---What to say where calls stand in nothing but a thought.
---@return string
function M.thought()
  return THOUGHT
end

---What to say of calls that are none.
---@param text string the reply
---@param faults DialectFaults
---@param tools table[] as they were declared
---@param made integer how many others were made
---@return string
function M.broken(text, faults, tools, made)
  local shown, parts = math.min(#faults, SHOWN), {}
  if faults.count > 1 then
    parts[1] = SEVERAL:format(faults.count) .. "\n"
  end
  for i = 1, shown do
    parts[#parts + 1] = one(text, faults[i], tools, shown)
  end
  parts[#parts + 1] = (made > 0 and MADE .. " " or "") .. AGAIN
  return table.concat(parts)
end

return M
