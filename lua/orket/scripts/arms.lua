-- arms.lua: prompts that are tried beside each other in one project: process_rules.arms. A card has one arm
-- for all of its turns, which follows from its id and the salt alone, so that a resume, a replay and a fork
-- come to the same one. An arm is another prompts node, and for a role the words and tools of another role's
-- file. It only narrows: who acts, what the gate lets through and how a turn ends stay the role's own.

local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")

local M = {}

---@class Arm
---@field name string
---@field prompts string|nil node that builds the messages
---@field speaks string|nil role whose prompt and tools are taken

-- The card that a fork's card began as.
local function origin(store, card)
  local sources = store:read("lineage", { card = card })
  return #sources > 0 and sources[#sources].source or card
end

---Which of so many a card gets.
---@param salt string
---@param card string
---@param count integer
---@return integer from 1
function M.index(salt, card, count)
  return tonumber(hash.parts({ salt, card }):sub(1, 12), 16) % count + 1
end

---The arm of a role's turn on a card; nil where none are configured.
---@param engine table
---@param card string
---@param role string
---@return Arm|nil
function M.of(engine, card, role)
  local configured = engine:rules().arms
  if not configured then
    return nil
  end
  local names = tables.keys(configured.choices)
  local name = names[M.index(configured.salt or "", origin(engine.store, card), #names)]
  local choice = configured.choices[name]
  return { name = name, prompts = choice.prompts, speaks = choice.roles and choice.roles[role] }
end

---The arm that a turn was begun with.
---@param events table[] of its journal
---@return Arm|nil
function M.recorded(events)
  for _, event in ipairs(events) do
    if event.kind == "turn.started" and event.body.arm then
      local body = event.body
      return { name = body.arm, prompts = body.arm_prompts, speaks = body.arm_speaks }
    end
  end
end

-- ---- the scripts of an arm ----

local function missing(arm, path)
  return nil, errors.new("ERR_CONFIG", "the arm '" .. arm.name .. "' needs " .. path
    .. ", which does not serve",
    "make the file, or look whether it waits to be accepted: orket policy status")
end

local function over(map, name, entry)
  local copy = {}
  for key, value in pairs(map) do
    copy[key] = value
  end
  copy[name] = entry
  return copy
end

-- The role as it is, in the words of the other one, with the tools that both have.
local function spoken_as(own, other)
  local tools = setmetatable({}, cjson.array_mt)
  for _, name in ipairs(other.about.tools) do
    tools[#tools + 1] = tables.has(own.about.tools, name) and name or nil
  end
  local about = over(own.about, "tools", tools)
  return setmetatable({ about = about, speaks = other }, { __index = own })
end

local function built(generation, arm, role, prompts_node)
  local armed = setmetatable({ offers = {} }, { __index = generation })
  if arm.prompts then
    local node = generation.nodes[arm.prompts]
    if not node then
      return missing(arm, "nodes/" .. arm.prompts .. ".lua")
    elseif not node.about.build then
      return nil, errors.new("ERR_CONFIG", "the arm '" .. arm.name .. "' names nodes/" .. arm.prompts
        .. ".lua, which is no prompts node",
        'a prompts node returns { node = "prompts", build = build }')
    end
    armed.nodes = over(generation.nodes, prompts_node, node)
  end
  if arm.speaks then
    local other = generation.roles[arm.speaks]
    if not other then
      return missing(arm, "roles/" .. arm.speaks .. ".lua")
    end
    armed.roles = over(generation.roles, role, spoken_as(generation.roles[role], other))
  end
  return armed
end

---A generation as the turns of an arm have it; it is made once, and is the same generation to the journal.
---@param engine table
---@param generation table
---@param arm Arm|nil
---@param role string
---@return table|nil generation
---@return Error|nil
function M.generation(engine, generation, arm, role)
  if not arm or not (arm.prompts or arm.speaks) then
    return generation
  end
  generation.armed = generation.armed or {}
  local key = table.concat({ arm.prompts or "", arm.speaks or "", role }, "\n")
  local armed, err = generation.armed[key], nil
  if not armed then
    armed, err = built(generation, arm, role, engine:rules().prompts_node or "prompts")
    generation.armed[key] = armed
  end
  return armed, err
end

return M
