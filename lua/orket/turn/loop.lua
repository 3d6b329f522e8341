-- loop.lua: what a turn that comes to nothing new keeps doing, known from its last steps, so that the person
-- who finds the card knows what to change. That it comes to nothing is counted by the steps themselves
-- (turn/step.lua): a call with a result that the turn has not had before is progress, so that waiting for
-- something by looking again is none of this.

local cjson = require("cjson")
local error_hints = require("orket.llm.error_hints")
local tables = require("orket.util.tables")
local strings = require("orket.util.strings")

local M = {}

local QUOTE = 300 -- bytes of a reply, or of what the model was told, that a person reads

-- ---- the last steps ----

-- What a step asked for and what came of it, as one text; calls without their ids, which differ each time.
local function add_calls(step, message)
  for _, call in ipairs(message.tool_calls or {}) do
    local asked = call["function"]
    step.tools[asked.name] = true
    step.calls = step.calls + 1
    step.parts[#step.parts + 1] = asked.name .. " " .. asked.arguments
  end
end

local function add_result(step, content)
  step.parts[#step.parts + 1] = content
  step.failed = step.failed + (content:find('"ok":false', 1, true) and 1 or 0)
end

---The newest steps of a conversation, oldest first.
---@param messages string[] as JSON
---@param count integer
---@return {parts: string[], calls: integer, failed: integer, tools: table<string, true>}[]
local function steps_of(messages, count)
  local steps, results = {}, {}
  for i = #messages, 1, -1 do
    local message = cjson.decode(messages[i])
    if message.role == "tool" then
      table.insert(results, 1, tostring(message.content))
    elseif message.role == "assistant" then
      local step = { parts = {}, calls = 0, failed = 0, tools = {} }
      add_calls(step, message)
      for _, content in ipairs(results) do
        add_result(step, content)
      end
      step.text, results = table.concat(step.parts, "\n"), {}
      table.insert(steps, 1, step)
    end
    if #steps == count then
      break
    end
  end
  return steps
end

-- ---- what they have in common ----

local function all(steps, holds)
  for i, step in ipairs(steps) do
    if not holds(step, i) then
      return false
    end
  end
  return #steps > 0
end

local function names(steps)
  local seen = {}
  for _, step in ipairs(steps) do
    for name in pairs(step.tools) do
      seen[name] = true
    end
  end
  return table.concat(tables.keys(seen), ", ")
end

-- Each row: whether the steps are so, the rule's id, and what is said of it.
local PATTERNS = {
  { "turn.silent", "called no tool", function(steps)
    return all(steps, function(step) return step.calls == 0 end)
  end },
  { "turn.repeats", "made the same calls and got the same results", function(steps)
    return all(steps, function(step) return step.text == steps[1].text end)
  end },
  { "turn.circles", "went back and forth between the same calls, with the same results", function(steps)
    return all(steps, function(step, i) return i < 3 or step.text == steps[i - 2].text end)
  end },
  { "turn.fails", "had only calls that were refused or failed", function(steps)
    return all(steps, function(step) return step.calls > 0 and step.failed >= step.calls end)
  end },
}

local FIX = "orket answer CARD with what it should do instead, or change the card or the role"

local SILENT = "%d replies in a row called no tool (limits.nudges is %d): try orket models check %s, "
  .. "or another model; the last reply: %s"
local SILENT_FIX = "orket models check %s tells whether the model can call tools; name another one, "
  .. "or: orket answer %s with what it should do instead"

-- Replies without a call, as many as the limit allows and one more.
local function silent(turn)
  local content = cjson.decode(turn.reply.message).content
  local quoted = strings.shortened(type(content) == "string" and content or "", QUOTE)
  local said = strings.trimmed(quoted:gsub("%s+", " "))
  said = said == "" and "it is empty" or '"' .. said .. '"'
  return {
    rule = "turn.silent", steps = turn.silent, fix = SILENT_FIX:format(turn.model.name, turn.card.id),
    why = SILENT:format(turn.silent, turn.nudges_most, turn.model.name, said),
  }
end

-- Steps that changed nothing.
local function stalled(turn)
  local count = math.max(turn.stalled, turn.waited >= turn.limits.waits and turn.waited or 1)
  local steps = steps_of(turn.messages, count)
  local rule, what = "turn.stalled", "came to nothing that the turn did not have before"
  for _, pattern in ipairs(PATTERNS) do
    if pattern[3](steps) then
      rule, what = pattern[1], pattern[2]
      break
    end
  end
  local tools = names(steps)
  return {
    rule = rule, steps = count, fix = (FIX:gsub("CARD", turn.card.id)),
    why = "the last " .. count .. " replies changed nothing: they " .. what
      .. (tools ~= "" and " (" .. tools .. ")" or ""),
  }
end

---What the last steps of a turn come to, which changed nothing.
---@param turn Turn
---@return {rule: string, why: string, fix: string, steps: integer}
function M.of(turn)
  local most, reply = turn.nudges_most, turn.reply
  local told = most and turn.silent > most and silent(turn) or stalled(turn)
  if reply.problem then
    told.why = told.why .. "; the model was answered: " .. strings.cut(reply.problem, QUOTE)
  end
  if most and reply.finish == "length" then
    told.why = told.why .. "; " .. error_hints.cut(reply.by or turn.model.name, reply.usage)
  end
  return told
end

return M
