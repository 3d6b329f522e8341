-- refusals.lua: why a call was refused: every check that stands against it, not only the first, each with the key
-- or line that decides; and what a proposed edit would make of it. The call is judged once more by the scripts and
-- the settings that were recorded, on the card as it was; nothing is opened or performed.

local errors = require("orket.errors")
local list = require("orket.list")
local nodes = require("orket.policy")
local prefix = require("orket.fork.prefix")
local projects = require("orket.project")
local reports = require("orket.reports")
local sides = require("orket.sim.sides")
local sim = require("orket.sim")
local store = require("orket.core.store")

local M = {}

local REFUSED = { ["call.refused"] = true, ["operation.refused"] = true, ["approval.asked"] = true }

-- ---- where a rule of the gate is decided ----

local JUDGED = { "role", "card", "tool", "arguments" }
local LIMITS = "config/organization.json#/process_rules/limits/"

local function line_of(side, path, word)
  local entry, line = side.generation.files[path], 0
  for text in ((entry and entry.text or "") .. "\n"):gmatch("(.-)\n") do
    line = line + 1
    if text:find("^%s*" .. word .. "%s*=") then
      return path .. ":" .. line
    end
  end
  return path
end

local KEYS = { -- rule -> what a person would edit
  ["gate.role.tool"] = function(side, call) return line_of(side, "roles/" .. call.role .. ".lua", "tools") end,
  ["gate.role.unknown"] = function(_, call) return "roles/" .. call.role .. ".lua" end,
  ["gate.tool.unknown"] = function(_, call) return "tools/" .. call.tool .. ".lua" end,
  ["gate.card.status"] = function(side, call) return line_of(side, "tools/" .. call.tool .. ".lua", "statuses") end,
  ["gate.args.schema"] = function(side, call) return line_of(side, "tools/" .. call.tool .. ".lua", "schema") end,
  ["gate.op.undeclared"] = function(side, call) return line_of(side, "tools/" .. call.tool .. ".lua", "operations") end,
  ["gate.limit.args"] = function() return LIMITS .. "arguments" end,
  ["gate.limit.content"] = function() return LIMITS .. "content" end,
  ["gate.limit.calls"] = function() return LIMITS .. "calls" end,
  ["gate.limit.issues"] = function() return LIMITS .. "issues" end,
}

local function place_of(side, call, check)
  local find = KEYS[check.rule]
  return find and find(side, call) or check.where or check.rule:find("^fsm%.") and "orket law" or nil
end

-- ---- the call, once more ----

local function last(events, upto, kind)
  for i = #events, 1, -1 do
    if events[i].kind == kind and events[i].seq <= upto then
      return events[i].body
    end
  end
end

local function configuration_of(board, event)
  local events = board:read("stream", { run = event.run, turn = 0 })
  local began = last(events, event.seq, "run.resumed") or last(events, event.seq, "run.started")
  return began and began.config
end

local function card_at(project, event)
  local moment, err = errors.check(store.past(projects.database(project.dir), event.seq - 1))
  local card = moment and moment:read("card", { id = event.card })[1]
  if moment then
    moment:close()
  end
  return card, err
end

-- The arguments as the model wrote them.
local function arguments_of(board, events, event)
  local reply = last(events, event.seq, "step.reply")
  local asked = reply and reports.asked_for(board:message(reply.convo), event.body.call)
  return asked and asked.arguments
end

---The recorded call as it can be judged again.
---@param project table opened for reading
---@param event table
---@return SimCall|nil
---@return Error|nil
local function call_of(project, event)
  local events = prefix.events(project.store, event.run, event.turn)
  local started = last(events, event.seq, "turn.started")
  local card, err = card_at(project, event)
  if not card or not started then
    return nil, err or errors.new("ERR_NOT_FOUND", "the turn of this event has no beginning")
  end
  return {
    role = started.role, seat = started.seat, card = card, tool = event.body.tool, run = event.run, turn = event.turn,
    arguments = arguments_of(project.store, events, event), generation = started.generation,
    config = configuration_of(project.store, event),
  }
end

-- ---- the checks ----

-- What each policy has against a call that the gate lets through.
local function policies(side, call, add)
  local allowed, _, asked = side.generation.gate:call(list.pick(call, JUDGED))
  allowed = allowed or asked
  if not allowed then
    return
  end
  local process = side.config.organization.process_rules
  local entries = nodes.of(side.generation, side.generation.nodes[process.policy_node or "policy"])
  for _, entry in ipairs(entries or {}) do
    add(nodes.objection({ entry }, allowed, side.generation.tools[call.tool], {
      card = call.card, role = call.role, seat = call.seat, run = call.run, number = call.turn, labels = {},
    }))
  end
  allowed:close()
end

-- All that stands against the call, the recorded one first.
local function checks_of(side, call, recorded)
  local checks, known = {}, {}
  local function add(check)
    if check and check.decision ~= "allow" and not known[check.rule] then
      known[check.rule] = true
      checks[#checks + 1] = {
        rule = check.rule, decision = check.decision, why = check.why, fix = check.fix, where = place_of(side, call, check),
      }
    end
  end
  add(recorded)
  for _, check in ipairs(side.generation.gate:explain(list.pick(call, JUDGED))) do
    add(check)
  end
  policies(side, call, add)
  return checks
end

local function recorded_of(event)
  local body = event.body
  return {
    rule = body.rule or "?", why = body.why, fix = body.fix, where = body.where,
    decision = body.decision or (event.kind == "approval.asked" and "ask" or "deny"),
  }
end

---Every check that stands against a refused call.
---@param project table opened for reading
---@param event table as the query `event` answers it
---@return {event: table, call: {tool: string, arguments: string?, role: string}, checks: table[]}|nil
---@return Error|nil
function M.why_not(project, event)
  if not REFUSED[event.kind] then
    return nil, errors.new("ERR_USAGE", string.format("event %d is %s: nothing was refused by it", event.seq, event.kind),
      "orket reports lists what was refused; orket why tells what an event follows from")
  end
  local call, err = call_of(project, event)
  if not call then
    return nil, err
  end
  local both
  both, err = sides.new(project, { texts = {}, ignored = {} }):of(call.generation, call.config)
  if not both then
    return nil, err
  end
  local whole = event.kind == "call.refused" or event.kind == "approval.asked"
  return {
    event = event, call = { tool = call.tool, arguments = call.arguments, role = call.role, operation = event.body.operation },
    checks = whole and checks_of(both.old, call, recorded_of(event)) or { recorded_of(event) },
  }
end

---What a proposed edit would make of the call.
---@param project table opened for reading
---@param event table
---@param path string  a script, a directory of them, an organization.json, a unified diff
---@return {before: GateVerdict, after: GateVerdict}|nil
---@return Error|nil
function M.try(project, event, path)
  local call, err = call_of(project, event)
  if not call then
    return nil, err
  end
  local once = { call }
  local each
  each, err = sim.judge({ project = project, with = path, calls = function() return table.remove(once) end })
  if not each then
    return nil, err
  end
  local ok, found, before, after = pcall(each)
  if not ok then
    return nil, type(found) == "table" and found or errors.new("ERR_BUG", tostring(found))
  end
  return { before = before, after = after }
end

return M
