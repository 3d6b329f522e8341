-- tape.lua: the journaled answers of an interrupted turn, in order. Empty for a new turn.

local cjson = require("cjson")

local M = {}

local Tape = {}
Tape.__index = Tape

local ANSWERS = {
  ["turn.prompted"] = true, ["turn.nudged"] = true, ["step.reply"] = true, ["window.compacted"] = true,
  ["memory.ranked"] = true, ["window.summarised"] = true,
  ["call.allowed"] = true, ["call.refused"] = true, ["call.result"] = true,
  ["operation.intended"] = true, ["operation.done"] = true, ["operation.uncertain"] = true,
  ["operation.answered"] = true, ["approval.asked"] = true, ["approval.answered"] = true,
  ["approval.settled"] = true,
}

local INSIDE = { -- of a call, before it has its result
  ["call.allowed"] = true, ["operation.intended"] = true, ["operation.done"] = true,
  ["operation.uncertain"] = true, ["operation.answered"] = true, ["approval.asked"] = true,
  ["approval.answered"] = true, ["approval.settled"] = true,
}

---@param events {kind: string, body: table}[]|nil  the turn's events in order
---@return table tape
function M.new(events)
  local answers = {}
  for _, event in ipairs(events or {}) do
    if ANSWERS[event.kind] then
      answers[#answers + 1] = event
    end
  end
  return setmetatable({ answers = answers, at = 1, started = events ~= nil }, Tape)
end

---True when the turn was never begun, so that it has to be claimed.
---@return boolean
function Tape:is_empty()
  return not self.started
end

---The next answer, or one behind it, which stays the next one.
---@param ahead integer|nil
---@return {kind: string, body: table}|nil
function Tape:peek(ahead)
  return self.answers[self.at + (ahead or 0)]
end

---The next answer when it is of this kind.
---@param kind string
---@return table|nil body
---@return table|nil event
function Tape:take(kind)
  local event = self.answers[self.at]
  if not event or event.kind ~= kind then
    return nil
  end
  self.at = self.at + 1
  return event.body, event
end

---What the next call came to, when the journal has it; all that happened inside it is passed over.
---@return table|nil body
---@return "call.result"|"call.refused"|nil kind
function Tape:outcome()
  local at = self.at
  while self.answers[at] and INSIDE[self.answers[at].kind] do
    at = at + 1
  end
  local event = self.answers[at]
  if not event or event.kind ~= "call.result" and event.kind ~= "call.refused" then
    return nil
  end
  self.at = at + 1
  return event.body, event.kind
end

---What happened just now, and is looked at again when the call is judged once more.
---@param kind string
---@param body table
function Tape:add(kind, body)
  table.insert(self.answers, self.at, { kind = kind, body = body })
  self.at = self.at + 1
end

---Back to an answer that was the next one: its call is judged once more.
---@param at integer as `at` was then
function Tape:back(at)
  self.at = at
end

---Everything goes live from here on.
function Tape:leave()
  self.at = #self.answers + 1
end

---True while the journal has answers that were not taken.
---@return boolean
function Tape:has_more()
  return self.answers[self.at] ~= nil
end

---True when it ends inside a call: the intent is there and the result is not.
---@return boolean
function Tape:is_cut()
  local last = self.answers[#self.answers]
  return last ~= nil and INSIDE[last.kind] == true
end

-- a person was asked before any effect
local NOT_BEGUN = { ["approval.asked"] = true, ["approval.answered"] = true }

---What tells the files that the call left in which the tape ends: those that its reply names as "PATH". nil
---when no call had begun: then they are not the turn's.
---@param store Store
---@return (fun(path: string): boolean)|nil
function Tape:leftover(store)
  local last = self.answers[#self.answers]
  if not self:is_cut() or NOT_BEGUN[last.kind] then
    return nil
  end
  return function(path)
    local at = #self.answers
    while at > 0 and self.answers[at].kind ~= "step.reply" do
      at = at - 1
    end
    local text = at > 0 and store:message(self.answers[at].body.convo) or ""
    return text:gsub("\\+([\"/])", "%1"):find('"' .. path .. '"', 1, true) ~= nil
  end
end

---The calls of a recorded reply.
---@param message table the assistant message
---@return {id: string, name: string, arguments: string}[]
function M.calls(message)
  local calls = {}
  for i, call in ipairs(message.tool_calls or {}) do
    local called = call["function"]
    calls[i] = { id = call.id, name = called.name, arguments = called.arguments }
  end
  return calls
end

---A reply as llm.complete answers it, from its recorded message.
---@param text string the assistant message
---@param recorded table body of step.reply
---@return {content: string?, calls: table[], usage: table, finish: string?, message: string, took: integer?}
function M.reply(text, recorded)
  local message = cjson.decode(text)
  local content = message.content ~= cjson.null and message.content or nil
  local calls = M.calls(message)
  for _, call in ipairs(recorded.repairs and calls or {}) do
    call.repaired = recorded.repairs[call.id]
  end
  return { content = content, calls = calls, usage = recorded.usage, finish = recorded.finish, message = text,
    took = recorded.took, attempt = recorded.attempt, by = recorded.model, instead = recorded.instead,
    dialect = recorded.dialect, repaired = recorded.repaired, problem = recorded.problem,
    nudge = recorded.nudge, output = recorded.output, hedged = recorded.hedged, is_recorded = true,
    repairs = recorded.repairs, thoughts = recorded.thoughts }
end

return M
