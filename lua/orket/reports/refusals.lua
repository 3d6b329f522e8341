-- refusals.lua: why a call was refused: every check that stands against it, not only the first, each with the
-- key or line that decides; and what a proposed edit would make of it. The call is judged once more by the
-- scripts and the settings that were recorded, on the card as it was; nothing is opened or performed.

local autonomy = require("orket.governance.autonomy")
local refused_call = require("orket.reports.refusals.refused_call")
local cjson = require("cjson")
local doc = require("orket.core.doc")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local policy = require("orket.governance.policy")
local refusal_place = require("orket.reports.refusals.refusal_place")
local sides = require("orket.history.sim.sides")
local sim = require("orket.history.sim")
local sim_calls = require("orket.history.sim.sim_calls")

local M = {}

local REFUSED = { ["call.refused"] = true, ["operation.refused"] = true, ["approval.asked"] = true }
-- Nothing of these is judged: what was counted, or found, is in the record.
local STOPPED = { ["budget.reached"] = true, ["turn.looped"] = true, ["window.full"] = true,
  ["memory.refused"] = true }
local JUDGED = { "role", "card", "tool", "arguments", "scope", "calls" }

-- ---- what policies are shown of a call that the gate denies ----

-- A path as the gate would name it; nil when it leads out, which the gate says by itself.
local function canonical(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      return nil
    end
    parts[#parts + 1] = part ~= "." and part or nil
  end
  return path:sub(1, 1) ~= "/" and table.concat(parts, "/") or nil
end

local function paths_of(about, arguments)
  local paths, properties = setmetatable({}, cjson.array_mt), (about.schema or {}).properties or {}
  for _, name in ipairs(tables.keys(properties)) do
    local value = properties[name].format == "path" and arguments[name]
    paths[#paths + 1] = type(value) == "string" and canonical(value) or nil
  end
  return paths
end

-- Stands where the gate's call would: it can be looked at, and nothing else.
local function shown_of(side, call)
  local tool = side.generation.tools[call.tool]
  local arguments = call.arguments
  if type(arguments) == "string" then
    arguments = cjson.decode(arguments)
  end
  if not tool or not side.generation.roles[call.role] or type(arguments) ~= "table" then
    return nil
  end
  local card = tables.pick(call.card, { "id", "type", "status" })
  return {
    view = function(_, facts, path)
      local paths = paths_of(tool.about, arguments)
      local all = { tool = call.tool, role = call.role, arguments = arguments, card = card, paths = paths }
      paths[#paths + 1] = path
      for key, value in pairs(type(facts) == "userdata" and facts:value() or facts) do
        all[key] = value
      end
      return assert(doc.new(all))
    end,
    close = function() end,
  }
end

-- ---- the checks ----

-- What each policy has against the call, or the operation that its tool asked for; also when the gate denies
-- it.
local function policies(side, call, add)
  local allowed, _, asked = side.generation.gate:call(tables.pick(call, JUDGED))
  allowed = allowed or asked or shown_of(side, call)
  if not allowed then
    return
  end
  local process = side.config.organization.process_rules
  local entries = policy.of(side.generation, side.generation.nodes[process.policy_node or "policy"])
  for _, entry in ipairs(entries or {}) do
    add(policy.objection({ entry }, allowed, side.generation.tools[call.tool], {
      card = call.card, role = call.role, seat = call.seat, run = call.run, number = call.turn,
      labels = call.labels,
    }, call.operation))
  end
  allowed:close()
end

-- What the role asks about before it does this.
local function careful(side, call, add)
  local tool = side.generation.tools[call.tool]
  local turn = { role = call.role, autonomy = autonomy.of(side.config.organization.process_rules, call.role) }
  if turn.autonomy and tool then
    local objection
    if call.operation then
      objection = autonomy.objection_to_operation(turn, call.operation)
    else
      objection = autonomy.objection(turn, tool.about, call.tool)
    end
    add(objection or nil)
  end
end

-- What the gate has against an operation; of one that is kept in part only it cannot be said.
local function of_operation(side, call, add)
  local allowed, _, asked = side.generation.gate:call(tables.pick(call, JUDGED))
  allowed = allowed or asked
  if allowed then
    add(call.operation.bytes == nil and side.generation.gate:judge(allowed, call.operation) or nil)
    allowed:close()
  end
end

local function of_call(side, call, add)
  for _, check in ipairs(side.generation.gate:explain(tables.pick(call, JUDGED))) do
    add(check)
  end
end

-- All that stands against the call, the recorded one first.
local function checks_of(side, call, recorded)
  local checks, known = {}, {}
  local function add(check)
    if check and check.decision ~= "allow" and not known[check.rule] then
      known[check.rule] = true
      checks[#checks + 1] = {
        rule = check.rule, decision = check.decision, why = check.why, fix = check.fix,
        where = refusal_place.of(side, call, check),
      }
    end
  end
  add(recorded);
  (call.operation and of_operation or of_call)(side, call, add)
  policies(side, call, add)
  careful(side, call, add)
  return checks
end

local function recorded_of(event)
  local body = event.body
  return {
    rule = body.rule or "?", why = body.why, fix = body.fix, where = body.where,
    decision = body.decision or (event.kind == "approval.asked" and "ask" or "deny"),
  }
end

---Every check that stands against a refused call; of a turn that a cap or a limit stopped, that one.
---@param project table opened for reading
---@param event table as the query `event` answers it
---@return {event: table, call: {tool: string?, arguments: string?, role: string}, checks: table[]}|nil
---@return Error|nil
function M.why_not(project, event)
  if STOPPED[event.kind] then
    return { event = event, call = { role = event.role }, checks = { recorded_of(event) } }
  elseif not REFUSED[event.kind] then
    return nil, errors.new("ERR_USAGE", string.format("event %d is %s: nothing was refused by it", event.seq,
      event.kind),
      "orket reports lists what was refused; orket why shows what an event follows from")
  end
  local call, err = refused_call.of(project, event)
  if not call then
    return nil, err
  end
  local both
  both, err = sides.new(project, { texts = {}, ignored = {} }):of(call.generation, call.config)
  if not both then
    return nil, err
  end
  return {
    event = event, call = { tool = call.tool, arguments = call.arguments, role = call.role,
      operation = event.body.operation },
    checks = checks_of(both.old, call, recorded_of(event)),
  }
end

-- ---- an edit ----

-- What was recorded stands when no script or setting decided it: a rate, a path as it was on the disk, the
-- state machine, a person's answer.
local function after_of(recorded, before, after)
  if recorded.rule:find("^approval%.") or sim_calls.same(before, recorded) then
    return before, after
  end
  return recorded, (sim_calls.came_first(recorded, after) or sim_calls.same(before, after)) and recorded
    or after
end

---What a proposed edit would make of the call, or of the operation that was refused.
---@param project table opened for reading
---@param event table
---@param path string  a script, a directory of them, an organization.json, a unified diff
---@return {before: GateVerdict, after: GateVerdict}|nil
---@return Error|nil
function M.try(project, event, path)
  if STOPPED[event.kind] then
    return { before = recorded_of(event), after = recorded_of(event) }
  end
  local call, err = refused_call.of(project, event)
  if not call then
    return nil, err
  end
  local once = { call }
  local each
  each, err = sim.judge({ project = project, with = path, calls = function() return table.remove(once) end })
  if not each then
    return nil, err
  end
  local ok, found, verdicts = pcall(each)
  if not ok then
    return nil, type(found) == "table" and found or errors.new("ERR_BUG", tostring(found))
  end
  local before, after = after_of(recorded_of(event), verdicts.before, verdicts.after)
  return { before = before, after = after }
end

return M
