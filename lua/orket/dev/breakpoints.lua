-- breakpoints.lua: where a turn is to stop: on a tool, a rule, a role or a transition, narrowed by card and
-- role. A name that nothing has is an error: such a breakpoint would wait for ever. Pure.

local errors = require("orket.errors")
local fsm = require("orket.core.fsm")
local gate = require("orket.core.gate")
local glob = require("orket.core.glob")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")

local M = {}

local Breakpoints = {}
Breakpoints.__index = Breakpoints

local KINDS = { "tool", "rule", "transition", "role" } -- a role beside another one narrows that
local MOST = 100
local EXAMPLES = 'breakpoint{tool="write_file"}, {rule="gate.*"}, {role="coder"}, {transition="done"}'
-- Rules that scripts and settings name as they like, or that other files say.
local FAMILIES = { "policy.", "approval.", "autonomy.", "budget.", "fsm.", "idesign.", "person." }

local function kind_of(wanted)
  for _, kind in ipairs(KINDS) do
    if wanted[kind] then
      return kind
    end
  end
end

-- A turn comes to one of these after the other.
local function is_at_two(wanted)
  local kinds = 0
  for _, kind in ipairs(KINDS) do
    kinds = kinds + (kind ~= "role" and wanted[kind] ~= nil and 1 or 0)
  end
  return kinds > 1
end

local function form_fault(wanted)
  for key, value in pairs(wanted) do
    if not (key == "card" or kind_of({ [key] = true })) then
      return "a breakpoint has no " .. tostring(key)
    elseif type(value) ~= "string" or glob.match(value, "x") == nil then
      return key .. " has to be a name, in which * stands for anything"
    end
  end
  if not kind_of(wanted) or is_at_two(wanted) then
    return "a breakpoint is on a tool, a rule, a role or a transition"
      .. (kind_of(wanted) and ", one of them" or "")
  end
end

-- ---- what there is ----

local function rules_of(project)
  local ids = {}
  for _, rule in ipairs(gate.rules()) do
    ids[#ids + 1] = rule.id
  end
  for _, rule in ipairs(project.config.organization.process_rules.gate or {}) do
    ids[#ids + 1] = "house." .. rule.id
  end
  return ids
end

local function statuses()
  local names = {}
  for i, status in ipairs(fsm.names().statuses) do
    names[i] = status.name
  end
  return names
end

local NAMES = {
  tool = function(project) return tables.keys(project.generation.tools) end,
  role = function(project) return tables.keys(project.generation.roles) end,
  transition = statuses,
  rule = rules_of,
}

local function is_of_family(rule)
  local known = rule:match("^[^*?]*")
  for _, family in ipairs(FAMILIES) do
    if known:sub(1, #family) == family or family:sub(1, #known) == known then
      return true
    end
  end
  return false
end

local function is_there(kind, value, names)
  for _, name in ipairs(names) do
    if glob.match(value, name) then
      return true
    end
  end
  return kind == "rule" and is_of_family(value)
end

local function name_fault(wanted, project)
  for _, kind in ipairs(KINDS) do
    local value = wanted[kind]
    local names = value and NAMES[kind](project)
    if value and not is_there(kind, value, names) then
      local meant = suggest.find(value, names)
      local fix = meant and "perhaps " .. meant
      if not meant and #names < 20 then
        fix = "there are " .. table.concat(names, ", ")
      end
      return string.format("there is no %s '%s'", kind == "transition" and "status" or kind, value), fix
    end
  end
end

-- ---- the breakpoints of a debugger ----

---Adds a breakpoint: {tool = NAME} or {rule = ID} or {role = NAME} or {transition = STATUS}; * stands for
---anything.
---@param wanted table<string, string>
---@return {id: integer, kind: string, wanted: table}|nil point
---@return Error|nil
function Breakpoints:add(wanted)
  local fault, fix = "a breakpoint is a table", nil
  if type(wanted) == "table" then
    fault = form_fault(wanted)
  end
  if not fault then
    fault, fix = name_fault(wanted, self.project)
  end
  if fault then
    return nil, errors.new("ERR_USAGE", fault, fix or EXAMPLES)
  elseif #self.points >= MOST then
    return nil, errors.new("ERR_LIMIT", "there are " .. MOST .. " breakpoints", "clear(ID) removes one")
  end
  self.last = self.last + 1
  local point = { id = self.last, kind = kind_of(wanted), wanted = wanted }
  self.points[#self.points + 1] = point
  return point
end

---Removes one breakpoint, or all of them.
---@param id integer|nil
---@return integer how many went
function Breakpoints:clear(id)
  local before = #self.points
  for i = before, 1, -1 do
    if not id or self.points[i].id == id then
      table.remove(self.points, i)
    end
  end
  return before - #self.points
end

local function matches(text, value)
  return not text or type(value) == "string" and glob.match(text, value) == true
end

---The first breakpoint that a turn has come to.
---@param turn Turn
---@param kind "role"|"tool"|"rule"|"transition"
---@param name string
---@return table|nil point
function Breakpoints:at(turn, kind, name)
  for _, point in ipairs(self.points) do
    local wanted = point.wanted
    if point.kind == kind and matches(wanted[kind], name) and matches(wanted.card, turn.card.id)
      and matches(wanted.role, turn.role) then
      return point
    end
  end
end

---@param project table whose tools, roles and rules there are
---@return table breakpoints with `points`
function M.new(project)
  return setmetatable({ project = project, points = {}, last = 0 }, Breakpoints)
end

return M
