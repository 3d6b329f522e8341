-- beyond.lua: what of a change no simulation judges, so that silence about it is not taken for "nothing
-- differs".

local embed = require("orket.core.embed")
local tables = require("orket.util.tables")

local M = {}

-- Of the process rules: what is judged, but for the keys below.
local JUDGED = {
  gate = true, limits = true, forbidden_types = true, autonomy = true, default_llm = true, router_node = true,
  models_node = true, evaluator_node = true, prompts_node = true, memory_node = true, policy_node = true,
}
local LIMITS = { arguments = true, content = true, calls = true } -- that the gate holds a call against
local ORDER = { "planner", "loop" }
local OPERATIONS = "the operations that its script asks for are not recorded as decisions"

local function add(found, what, why)
  found[what] = why
end

-- The keys in which two maps differ, sorted.
local function differing(a, b)
  local keys = {}
  for _, map in ipairs({ a or {}, b or {} }) do
    for key in pairs(map) do
      keys[key] = not tables.same((a or {})[key], (b or {})[key]) or nil
    end
  end
  return tables.keys(keys)
end

local function of_rules(found, before, after)
  for _, key in ipairs(differing(before, after)) do
    if not JUDGED[key] then
      add(found, "process_rules." .. key,
        "it decides by what was not recorded, or of what is no recorded decision")
    end
  end
  for _, key in ipairs(differing(before.limits, after.limits)) do
    if not LIMITS[key] then
      add(found, "process_rules.limits." .. key, "no recorded call is held against it")
    end
  end
end

local function of_texts(found, before, after, kind, why)
  for name, entry in pairs(before[kind]) do
    local other = after[kind][name]
    if other and other.text ~= entry.text then
      add(found, entry.path, why)
    end
  end
end

local function chosen(side, node)
  return side.generation.nodes[side.config.organization.process_rules[node .. "_node"] or node] or {}
end

-- Tools of one's own: what they ask for is judged by rules and policies as well, when it is asked.
local function of_own_tools(found, side)
  for _, tool in pairs(side.generation.tools) do
    if tool.text ~= embed.read(tool.path) then
      add(found, tool.path, OPERATIONS)
    end
  end
end

---What two sides differ in and is not judged: what it is, and why.
---@param old SimSide
---@param new SimSide
---@param judged boolean  calls may be judged otherwise
---@return table<string, string>
function M.of(old, new, judged)
  local found = {}
  of_rules(found, old.config.organization.process_rules, new.config.organization.process_rules)
  of_texts(found, old.generation, new.generation, "tools", OPERATIONS)
  for _, node in ipairs(ORDER) do
    if chosen(old, node).text ~= chosen(new, node).text then
      add(found, chosen(new, node).path or "nodes/" .. node .. ".lua",
        "in which order cards start is not recorded")
    end
  end
  if judged then
    of_own_tools(found, old)
  end
  return found
end

---What of a changed organization.json is not among the process rules.
---@param before table as the project has it
---@param after table
---@return string[] keys
function M.of_organization(before, after)
  local keys = {}
  for _, key in ipairs(differing(before, after)) do
    keys[#keys + 1] = key ~= "process_rules" and key ~= "schema_version" and key or nil
  end
  return keys
end

return M
