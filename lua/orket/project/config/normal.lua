-- normal.lua: one spelling for everything: aliases resolved, defaults filled in, ids minted. Works on
-- values whose shape a schema has approved; what a schema cannot say about one card is said here.

local cjson = require("cjson")
local score = require("orket.core.score")

local M = {}

local DEFAULT_SEAT = "standard"

local NODES = { "planner", "router", "evaluator", "prompts", "models", "loop", "memory", "policy" }

---An empty array that stays one in JSON.
local function array(value)
  return value or setmetatable({}, cjson.array_mt)
end

-- Moves alias to name; both at once are a contradiction.
local function alias(card, origin, alternative, name)
  local value = card[alternative]
  if value == nil then
    return
  elseif card[name] ~= nil then
    origin.problems:at(origin.source, origin.path .. "/" .. alternative,
      "'" .. alternative .. "' is another word for '" .. name .. "', which is there as well",
        "remove one of them")
  else
    card[name] = value
    origin.keys[name] = alternative
  end
  card[alternative] = nil
end

-- Requirements may be a text or a list of lines.
local function joined(text)
  if type(text) ~= "table" then
    return text
  end
  local lines = {}
  for i, line in ipairs(text) do
    lines[i] = "- " .. line
  end
  return table.concat(lines, "\n")
end

local function check_start(card, origin)
  local status = card.status or "ready"
  if status ~= "ready" then
    origin.problems:at(origin.source, origin.path .. "/status", "a card begins as ready, not as " .. status,
      "remove status; `orket move` changes it by the rules of the state machine")
  end
  if card.wait_reason and card.wait_reason ~= cjson.null then
    origin.problems:at(origin.source, origin.path .. "/wait_reason", "a ready card waits for nothing",
      "remove wait_reason")
  end
  card.status, card.wait_reason = "ready", nil
end

local function set_priority(card, origin)
  local priority, message, _, fix = score.priority(card.priority)
  if not priority then
    origin.problems:at(origin.source, origin.path .. "/priority", message, fix)
  end
  card.priority = priority or 2
end

-- What every card has. `origin` is {problems, source, path, keys}: where the card was written.
local function base(card, origin, type, id)
  alias(card, origin, "summary", "name")
  card.id = card.id or id
  card.name = card.name or card.id
  card.type = type
  card.owner_department = card.owner_department or "core"
  card.labels, card.references = array(card.labels), array(card.references)
  card.params = card.params or {}
  check_start(card, origin)
  set_priority(card, origin)
end

-- ---- verification ----

local function set_verification(card, origin)
  local verification = card.verification
  if not verification then
    return
  end
  local inner = { problems = origin.problems, source = origin.source, path = origin.path .. "/verification",
    keys = {} }
  alias(verification, inner, "verification_fixture", "fixture_path")
  alias(verification, inner, "last_verification", "last_run")
  local path = verification.fixture_path
  if path then
    verification.fixture_path = path:gsub("^%./", ""):gsub("^verification/", "")
  end
  verification.scenarios = array(verification.scenarios)
end

-- ---- cards ----

local OLD_WORDS = { story = true, bug = true, task = true }

---An issue of an epic.
---@param card table
---@param origin table
---@param id string used when the card names none
---@return table card
function M.issue(card, origin, id)
  local kind = card.type
  base(card, origin, "issue", id)
  if OLD_WORDS[kind] then
    card.labels[#card.labels + 1] = kind
  end
  card.seat = card.seat or DEFAULT_SEAT
  card.requirements = joined(card.requirements)
  card.depends_on = array(card.depends_on)
  card.retry_count = card.retry_count or 0
  card.max_retries = card.max_retries or 3
  set_verification(card, origin)
  return card
end

---@param card table
---@param origin table
---@param id string
---@return table card
function M.epic(card, origin, id)
  base(card, origin, "epic", id)
  alias(card, origin, "stories", "issues")
  alias(card, origin, "cards", "issues")
  card.issues = array(card.issues)
  card.iterations = card.iterations or 1
  card.handshake_enabled = card.handshake_enabled or false
  card.requirements = joined(card.requirements)
  card.architecture_governance = card.architecture_governance or {}
  local governance = card.architecture_governance
  governance.idesign = governance.idesign ~= false
  governance.pattern = governance.pattern or "Standard"
  card.lessons_learned = array(card.lessons_learned)
  return card
end

---@param card table
---@param origin table
---@param id string
---@return table card
function M.rock(card, origin, id)
  base(card, origin, "rock", id)
  card.epics = array(card.epics)
  for _, entry in ipairs(card.epics) do
    entry.department = entry.department or "core"
  end
  card.lessons_learned = array(card.lessons_learned)
  return card
end

---A utility or an app.
---@param card table
---@param origin table
---@param id string
---@return table card
function M.asset(card, origin, id)
  base(card, origin, card.type, id)
  return card
end

-- ---- the rest ----

---@param value table
---@return table organization
function M.organization(value)
  value.vision, value.ethos = value.vision or "", value.ethos or ""
  value.departments = value.departments or setmetatable({ "core" }, cjson.array_mt)
  value.architecture = value.architecture or {}
  local idesign = value.architecture.idesign or {}
  value.architecture.idesign_threshold = idesign.threshold or value.architecture.idesign_threshold or 7
  value.models, value.keys = value.models or {}, value.keys or {}
  for name, model in pairs(value.models) do
    model.name = name
  end
  local rules = value.process_rules or {}
  value.process_rules = rules
  for _, kind in ipairs(NODES) do
    rules[kind .. "_node"] = rules[kind .. "_node"] or kind
  end
  rules.gate, rules.limits = array(rules.gate), rules.limits or {}
  return value
end

---@param value table
---@param name string
---@return table team
function M.team(value, name)
  value.id, value.name = name, value.name or name
  value.seats = value.seats or {}
  for key, seat in pairs(value.seats) do
    seat.name = seat.name or key
    seat.roles = array(seat.roles)
  end
  return value
end

---@param value table
---@param name string
---@return table environment
function M.environment(value, name)
  value.id, value.name = name, value.name or name
  value.temperature = value.temperature or 0
  value.timeout = value.timeout or 300
  value.params = value.params or {}
  return value
end

return M
