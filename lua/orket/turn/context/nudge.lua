-- nudge.lua: what a model reads whose reply called no tool or was cut off: what was seen in the reply, and
-- one call that would be right. The words are recorded with the reply, so that a replay takes them from
-- there.

local cjson = require("cjson")
local text_call_errors = require("orket.llm.text.text_call_errors")
local dialects = require("orket.llm.text.dialects")
local talk = require("orket.turn.talk")

local M = {}

-- ---- a call that would be right ----

local REPORT = { "propose_requirements", "propose_plan", "update_issue_status" }
local TALK = { "look_at_board" }
local LOOK = { "list_directory", "get_issue_context" }
local ASK = { "request_excuse" }

local EXAMPLES = {
  propose_requirements = '{"requirements": ["greet.sh NAME prints: hello, NAME"]}',
  propose_plan = '{"id": "greeting", "name": "A greeting", "epics": [{"id": "greet", "name": "The program", '
    .. '"issues": [{"id": "greet-1", "name": "Write greet.sh", "seat": "SEAT", '
    .. '"requirements": ["greet.sh NAME prints: hello, NAME"]}]}]}',
  update_issue_status = '{"status": "ready_for_testing", "why": "what was made, and how it was tried"}',
  review = '{"status": "done", "why": "what was looked at, and what it shows"}',
  look_at_board = '{"what": "cards"}',
  list_directory = '{"path": "."}',
  get_issue_context = "{}",
  request_excuse = '{"reason": "the question"}',
}

local function offered(turn)
  local names = {}
  for _, tool in ipairs(cjson.decode(turn:request().tools or "[]")) do
    local name = (tool["function"] or tool).name
    names[#names + 1], names[name] = name, true
  end
  return names
end

local function first_of(names, tools)
  for _, name in ipairs(names) do
    if tools[name] then
      return name
    end
  end
end

local function arguments_of(turn, name)
  if name == "propose_plan" then
    return (EXAMPLES[name]:gsub("SEAT", talk.seats(turn)[1].seat))
  end
  return name == "update_issue_status" and turn.review and EXAMPLES.review or EXAMPLES[name]
end

-- In the form in which the model calls its tools.
local function example(turn, reply, names)
  local tools = offered(turn)
  local name = first_of(names, tools) or first_of(REPORT, tools)
  if not name then
    return #tools > 0 and " Your tools: " .. table.concat(tools, ", ") .. "." or ""
  end
  local arguments = arguments_of(turn, name)
  if reply.in_text then
    return ' For example:\n<tool_call>\n{"name": "' .. name .. '", "arguments": ' .. arguments
      .. "}\n</tool_call>"
  end
  return (" For example, call %s with the arguments %s"):format(name, arguments)
end

-- ---- what was seen ----

local EMPTY = "Your reply was empty. Call a tool."
local EMPTY_TALK = "Your reply was empty. Answer in plain text, or call a tool."
local CALL = "A tool call stands in the text of your reply, where it is not made. "
  .. "Make it as a call of your tools, without other text around it."
local INSTEAD = " If you meant no call, answer in plain text."
local QUESTION = "Your reply asks a question, which no person reads. "
  .. "Decide what the card leaves open, or ask with a call, which ends the turn."
local REFUSAL = "Your reply says that you cannot do this, and called no tool. "
  .. "Try with the tools that you have; when it cannot be done, say why with a call."
local STATUS = "Your reply says that the work is done, and called no tool: "
  .. "the card stays where it is until a call reports it."
local UNDONE = "Your reply says that the work is done, but no tool was called in this turn: "
  .. "nothing was made. Do the work with the tools, then report it."
local PROSE = "Your reply called no tool and changed nothing. "
  .. "Do the work with the tools, then report the result."

local REFUSES = { "^i'm sorry", "^i am sorry", "^sorry", "^i cannot", "^i can't", "^i'm unable",
  "^i am unable", "^unfortunately", "^as an ai" }
local CLAIMS = { "done", "complete", "completed", "finished", "implemented", "created", "written", "fixed",
  "ready", "accepted", "approved", "lgtm" }
local END = 300 -- bytes of a reply, in which it may say so

local function has_any(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

local function claims(text)
  local words = {}
  for word in text:sub(-END):gmatch("%a+") do
    words[word] = true
  end
  return first_of(CLAIMS, words) ~= nil
end

local function is_talk(turn)
  return turn.card.type == "plan" and turn:is_talk()
end

-- Also as a program would write it: look_at_board({...}).
local function is_written(turn, text)
  for _, name in ipairs(offered(turn)) do
    if text:find(name .. "(", 1, true) then
      return true
    end
  end
  return false
end

-- What to say of a call that stands in the text; nil when none does.
local function call_in(turn, text)
  local found = dialects.read({ text }, {})
  if found and (#found.calls > 0 or found.faults.count > 0) then
    return CALL
  elseif found and found.thought > 0 and not found.content:find("%S") then
    return text_call_errors.thought()
  end
  return is_written(turn, text) and CALL or nil
end

-- The words, and the tools of which one is the example.
local function seen(turn, text)
  local said = text:lower():match("^%s*(.*)$")
  if not text:find("%S") then
    return EMPTY, REPORT
  elseif call_in(turn, text) then
    return call_in(turn, text), REPORT
  elseif has_any(said, REFUSES) then
    return REFUSAL, ASK
  elseif said:find("%?[%s*_\"')]*$") then
    return QUESTION, ASK
  elseif claims(said) then
    local has_worked = turn.review or turn.card.type == "plan" or #turn.effects > 0
    return has_worked and STATUS or UNDONE, has_worked and REPORT or LOOK
  end
  return PROSE, #turn.effects > 0 and REPORT or LOOK
end

-- A conversation's answer is text: nil.
local function of_talk(turn, text)
  local call = call_in(turn, text)
  if not text:find("%S") then
    return EMPTY_TALK
  end
  return call and call .. INSTEAD or nil
end

local function is_cut(turn, reply, text)
  local is_answer = #reply.calls == 0 and text:find("%S") and is_talk(turn)
  return reply.finish == "length" and not is_answer
end

---What a model is told of a reply that called no tool, or was cut off.
---@param turn Turn
---@param reply table as llm.complete answers it
---@return string|nil  nil: there is nothing to say, or its `problem` says it
function M.words(turn, reply)
  local text, report = reply.content or "", is_talk(turn) and TALK or REPORT
  if reply.output then
    return nil
  elseif is_cut(turn, reply, text) then
    local shown = #reply.calls == 0 and not reply.problem and example(turn, reply, report) or ""
    return text_call_errors.length(reply.usage.completion or 0)
      .. (reply.problem and " " .. reply.problem or "") .. shown
  elseif reply.problem then
    return nil
  elseif report == TALK then
    local words = of_talk(turn, text)
    return words and words .. example(turn, reply, TALK)
  end
  local words, names = seen(turn, text)
  return words .. example(turn, reply, names)
end

-- ---- replies that were recorded without ----

local UNRECORDED = "Your reply called no tool and changed nothing. Use the tools to do the work, then report "
  .. "the result with update_issue_status; if you cannot go on, say why with request_excuse."
local UNRECORDED_PLAN = "Your reply called no tool and brought nothing. Hand over what was asked for "
  .. "with the tools that you were offered; in a conversation answer in plain text."

---COMPAT: the words of all nudges before they were recorded with the reply.
---@param turn Turn
---@return string
function M.unrecorded(turn)
  return turn.card.type == "plan" and UNRECORDED_PLAN or UNRECORDED
end

return M
