-- tools.lua: what is known of a tool before it is called: whether it changes the world, and how a model is
-- offered it.

local cjson = require("cjson")
local operations = require("orket.effects.operations")
local tables = require("orket.util.tables")

local M = {}

---True when one of the operations that the tool declares changes something beside the journal.
---@param turn table
---@param name string of the tool
---@return boolean
function M.touches_world(turn, name)
  local tool = turn.generation.tools[name]
  if tool.touches == nil then
    tool.touches = false
    for _, operation in ipairs(tool.about.operations) do
      tool.touches = tool.touches or operations.touches_world(operation)
    end
  end
  return tool.touches
end

-- Tools that say nothing of types are for all cards but plans, as the gate has it.
local function is_for(about, type)
  return about.types and tables.has(about.types, type) or not about.types and type ~= "plan"
end

-- A program can be run where the organization names commands.
local function is_offered(generation, about, type)
  local runs = tables.has(about.operations, "proc.run")
  return is_for(about, type) and (not runs or #((generation.rules or {}).commands or {}) > 0)
end

---The `tools` member of a request: the role's tools for cards of a type with their schemas, encoded once per
---generation.
---@param generation table
---@param role string
---@param type string|nil of the card; default: issue
---@return string JSON text
function M.offer(generation, role, type)
  type = type or "issue"
  generation.offers = generation.offers or {}
  local of_type = generation.offers[type] or {}
  generation.offers[type] = of_type
  local offer = of_type[role]
  if not offer then
    local list = setmetatable({}, cjson.array_mt)
    for _, name in ipairs(generation.roles[role].about.tools) do
      local about = generation.tools[name].about
      list[#list + 1] = is_offered(generation, about, type) and {
        type = "function",
        ["function"] = { name = name, description = about.description, parameters = about.schema },
      } or nil
    end
    offer = cjson.encode(list)
    of_type[role] = offer
  end
  return offer
end

return M
