-- fork_change.lua: `--set`: fields of a fork's card or epic that are other than the source's from its
-- beginning.
--
--   KEY=VALUE        of the card that the moment's event is about; team, environment … of the epic
--   CARD:KEY=VALUE   of this card or epic, by the source's id

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local schema = require("orket.core.schema")
local score = require("orket.core.score")

local M = {}

-- Where a card stands is not for a setting to say, nor what it is made of.
local FIXED = {
  id = true, type = true, status = true, wait_reason = true, parent_id = true, build_id = true,
  assignee = true,
  depends_on = true, issues = true, stories = true, cards = true, summary = true, metrics = true,
}

local function shapes()
  return cjson.decode(embed.read("lua/orket/schemas/card.json"))
end

local function keys_of(tree, type)
  local keys = {}
  for _, key in ipairs(tables.keys(tree["$defs"][type].properties)) do
    keys[#keys + 1] = not FIXED[key] and key or nil
  end
  return keys
end

local function check_shape(tree, type, key, value)
  local keys = keys_of(tree, type)
  if not tables.has(keys, key) and not tables.has(keys_of(tree, type == "epic" and "issue" or "epic"),
    key) then
    return nil, errors.new("ERR_USAGE", "'" .. key .. "' cannot be set", "of a card: "
      .. table.concat(keys_of(tree, "issue"), ", ") .. "; of the epic: "
        .. table.concat(keys_of(tree, "epic"), ", "))
  elseif not tables.has(keys, key) then
    return nil, errors.new("ERR_USAGE", "'" .. key .. "' of an " .. type .. " cannot be set",
      "one of: " .. table.concat(keys, ", "))
  end
  tree["$ref"] = "#/$defs/" .. type .. "/properties/" .. key
  local fits, wrong = assert(schema.compile(tree)):check(value)
  if not fits then
    return nil, errors.new("ERR_SCHEMA", key .. ": " .. wrong[1].text, "docs/cards.md says what it may be")
  end
  return true
end

local function known(kind, all, value)
  if not all[value] then
    return nil, errors.new("ERR_CONFIG", "there is no " .. kind .. " '" .. tostring(value) .. "'",
      "one of: " .. table.concat(tables.keys(all), ", "))
  end
  return value
end

-- As card files write it: inside verification/, where it has to be.
local function verification(root, value)
  local path = type(value) == "table" and value.fixture_path
  if not path then
    return value
  end
  value.fixture_path = path:gsub("^%./", ""):gsub("^verification/", "")
  local directory <close> = root:beneath("verification")
  if not directory or directory:kind(value.fixture_path) ~= "file" then
    return nil, errors.new("ERR_CONFIG", "no fixture verification/" .. value.fixture_path,
      "put the fixture into verification/")
  end
  return value
end

-- What a shape cannot say; the value as the board has it.
local function settle(project, team, key, value)
  local config = project.config
  if key == "priority" then
    local priority, message, code, fix = score.priority(value)
    if not priority then
      return nil, errors.new(code, message, fix)
    end
    return priority
  elseif key == "team" then
    return known("team", config.teams, value)
  elseif key == "environment" then
    return known("environment", config.environments, value)
  elseif key == "seat" then
    return known("seat", (config.teams[team] or { seats = {} }).seats, value)
  elseif key == "verification" then
    return verification(project.root, value)
  elseif key == "requirements" and type(value) == "table" then
    return "- " .. table.concat(value, "\n- ")
  end
  return value
end

local function value_of(text)
  local value = cjson.decode(text)
  if value == nil then
    return text
  end
  return value
end

local function read(text)
  local target, rest = text:match("^([%w._-]+):([%w_]+=.*)$")
  local key, value = (rest or text):match("^([%w_]+)=(.*)$")
  if not key then
    return nil, errors.new("ERR_USAGE", "'" .. text .. "' sets nothing",
      "write --set KEY=VALUE or --set CARD:KEY=VALUE")
  end
  return { target = target, key = key, value = value_of(value), text = value }
end

-- The id of the fork's card that is meant, and its type.
local function target_of(plan, one, card, tree)
  if one.target == plan.source.id or not one.target and not tree["$defs"].issue.properties[one.key] then
    return plan.epic, "epic"
  end
  local id = one.target or card
  if not id or not plan.ids[id] then
    return nil, errors.new("ERR_USAGE", id and "the card " .. id .. " is not open at this moment"
      or "the event is about no card", "name one: --set CARD:" .. one.key .. "=…; open are: "
      .. table.concat(tables.keys(plan.ids), ", "))
  end
  return plan.ids[id], "issue"
end

---The changes as bodies of card.changed, by id of the fork's card.
---@param plan ForkPlan
---@param texts string[]
---@param project table
---@param card string|nil that the moment's event is about
---@return table<string, table>|nil sets
---@return Error|nil
function M.read(plan, texts, project, card)
  local sets, team = {}, plan.source.data.team
  for _, text in ipairs(texts) do
    local tree = shapes()
    local one, err = read(text)
    local id, type, ok, value
    if one then
      id, type = target_of(plan, one, card, tree)
      err = not id and type or nil
    end
    if id then
      ok, err = check_shape(tree, type, one.key, one.value)
      if not ok and one.value ~= one.text then -- "12" may be meant as a text
        one.value = one.text
        ok = check_shape(shapes(), type, one.key, one.value)
      end
    end
    if ok then
      value, err = settle(project, team, one.key, one.value)
    end
    if value == nil then
      return nil, err
    end
    team = one.key == "team" and value or team
    sets[id] = sets[id] or {}
    sets[id][one.key] = value
  end
  return sets
end

return M
