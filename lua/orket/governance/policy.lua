-- policy.lua: asking the organization's policies about a call that the gate allowed, and about what an own
-- tool asks for meanwhile: nodes/policy.lua, which the organization chooses, and every file of nodes/policy/.
-- They can only narrow: no answer is no opinion, "deny" and "ask" count, anything else, a failure included,
-- denies. The first deny wins, else the first ask. governance/policy/fixture_case.lua makes what they are
-- shown.

local fixture_case = require("orket.governance.policy.fixture_case")
local cjson = require("cjson")
local deny_rules = require("orket.governance.policy.deny_rules")
local errors = require("orket.errors")
local fields = require("orket.governance.policy.fields")
local nodes = require("orket.scripts.nodes")
local policy_place = require("orket.governance.policy.policy_place")
local strings = require("orket.util.strings")

local M = {}

local SENTENCE = 1000 -- bytes
local SILENT = "nodes/policy.lua" -- as shipped it has no opinion, so it need not be asked

local function refusal(decision, rule, why, fix, where)
  return { decision = decision, rule = "policy." .. rule, why = why, fix = fix or "", where = where }
end

-- A sentence: without control characters, and no longer than one. It is told to models, people and the
-- journal.
local function text(value)
  if type(value) ~= "string" or value == "" then
    return nil
  end
  local clean = value:gsub("%c", " ")
  return #clean <= SENTENCE and clean or clean:sub(1, utf8.offset(clean, 0, SENTENCE) - 1) .. "..."
end

local function is_rule(rule)
  return rule == nil or rule == cjson.null or type(rule) ~= "string" or rule == ""
    or #rule <= 64 and not rule:find("[^%w._-]")
end

local function is_answer(answer)
  return type(answer) == "table" and (answer.decision == "deny" or answer.decision == "ask")
    and is_rule(answer.rule)
end

-- What was wrong about it, without repeating all of it.
local function shown_answer(answer)
  if type(answer) ~= "table" then
    return text(strings.cut(tostring(answer), 60)) or "an empty text"
  elseif answer.decision ~= "deny" and answer.decision ~= "ask" then
    return "decision = " .. (text(strings.cut(tostring(answer.decision), 60)) or "an empty text")
  end
  return "rule = " .. (text(strings.cut(tostring(answer.rule), 80)) or "")
end

---@class PolicyAsked how a policy is asked
---@field shipped boolean its text is the binary's
---@field looks_at integer how many of its arguments, call and view, it has: it is given no more
---@field denies DenyRule[]|nil what it forbids as data
---@field decides boolean it has a function that is asked
---@field labelled boolean it said that it has something to say about labelled turns only

-- How many of its arguments, call and view, a policy has parameters for.
local function parameters_of(entry)
  local names = entry.about.decide and entry.script:parameters("decide")
  if names then
    return #names
  end
  return entry.about.decide and 2 or 0
end

-- Found out once for each entry.
local function know(entry)
  if entry.about.fields then
    entry.script:mask("decide", fields.masks(entry.about.fields))
  end
  entry.asked = {
    shipped = nodes.is_shipped(entry), looks_at = parameters_of(entry),
    labelled = entry.about.when == "labels", denies = entry.about.deny,
    decides = entry.about.decide ~= nil,
  }
  return entry.asked
end

local NOTHING = {}

-- What a policy is shown, and what of it has been made (governance/policy/fixture_case.lua).
local function arguments(asked, shown)
  if asked.shipped then
    return shown.call and shown.call:value(), shown.view
  end
  return shown.call, asked.looks_at > 1 and shown.doc or nil
end

-- What it forbids as data; nil: nothing, of this call.
local function denied(entry, asked, shown)
  local rule = asked.denies and deny_rules.find(asked.denies, shown.call:value())
  local id = rule and (rule.rule or "house"):gsub("^policy%.", "")
  return rule and refusal("deny", id, text(rule.why) or "the policy forbids it", text(rule.fix), entry.path)
end

local function ask(entry, asked, shown)
  local data = denied(entry, asked, shown)
  if data or not asked.decides then
    return data
  end
  local call, view = arguments(asked, shown)
  local answer, err = nodes.ask(entry, "decide", call, view)
  if errors.pass(err) then
    return refusal("deny", "failed", "the policy failed: " .. (text(err.message) or ""),
      "fix " .. entry.path .. ": until then it denies what it cannot judge",
      policy_place.of_failure(entry, err.message, { call, view }))
  elseif answer == cjson.null then
    return nil
  elseif not is_answer(answer) then
    return refusal("deny", "answer",
      "the policy gave an answer outside its contract: " .. shown_answer(answer),
      "fix " .. entry.path .. [[: it may answer nil, or {decision = "deny" or "ask", rule, why, fix} ]]
        .. "with a rule of at most 64 letters, digits, dots, dashes and underscores",
      policy_place.of_answer(entry, { call, view }))
  end
  local rule = (text(answer.rule) or "house"):gsub("^policy%.", "")
  return refusal(answer.decision, rule, text(answer.why) or "the organization's policy objects",
    text(answer.fix),
    policy_place.of_answer(entry, { call, view }, text(answer.rule)))
end

---The policies that are asked about a turn's calls.
---@param generation table
---@param chosen table|nil entry of the node that the organization chose; nil when it is not there
---@return table[]|nil entries in order; nil denies everything
function M.of(generation, chosen)
  if not chosen then
    return nil
  end
  local entries = {}
  if not (chosen.path == SILENT and nodes.is_shipped(chosen)) then
    entries[1] = chosen
  end
  return table.move(generation.policies, 1, #generation.policies, #entries + 1, entries)
end

---What the policies have against a call, or an operation of one.
---@param entries table[]|nil see of
---@param call GateCall
---@param tool table script entry
---@param turn table see case.of
---@param operation table|nil
---@param permit GatePermit|nil
---@return GateVerdict|nil refusal
function M.objection(entries, call, tool, turn, operation, permit)
  if not entries then
    return refusal("deny", "failed", "the policy that the organization chose is not there",
      "give it back, or choose another one", "config/organization.json#/process_rules/policy_node")
  end
  local shown, question
  for _, entry in ipairs(entries) do
    local asked = entry.asked or know(entry)
    if not asked.labelled or next(turn.labels or NOTHING) then
      if not shown and (asked.looks_at > 0 or asked.denies) then
        shown = fixture_case.of(call, tool, turn, operation, permit)
      end
      local objection = ask(entry, asked, shown or NOTHING)
      if objection and objection.decision == "deny" then
        return objection
      end
      question = question or objection
    end
  end
  return question
end

return M
