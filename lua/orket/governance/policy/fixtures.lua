-- fixtures.lua: `orket policy test`: calls with the decision that the policies have to come to, and which
-- lines of the policies they reached. What a fixture leaves out of a call is filled in as for a plain one.

local cjson = require("cjson")
local deny_rules = require("orket.governance.policy.deny_rules")
local policy_code = require("orket.governance.policy.policy_code")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fields = require("orket.governance.policy.fields")
local fs = require("orket.core.fs")
local gate = require("orket.core.gate")
local tables = require("orket.util.tables")
local policy_place = require("orket.governance.policy.policy_place")
local scripts = require("orket.scripts.scripts")

local M = {}

local BESIDE = { "", "fixtures/", "tests/" } -- of a directory of policies: where fixtures lie
local RANK = { deny = 2, ask = 1 }
-- what denies since the policy does not work
local BROKEN = { ["policy.failed"] = true, ["policy.answer"] = true }

-- ---- what is there ----

local function array(items)
  return setmetatable(items, cjson.array_mt)
end

local function read(root, path)
  local text, err = errors.check(root:read(path))
  return text, err
end

local function names(root, dir, ending)
  local found = {}
  for _, entry in ipairs(root:list(dir == "" and "." or dir, 1000) or {}) do
    if entry.type == "file" and not entry.name:find("^%.") and entry.name:find("%." .. ending .. "$") then
      found[#found + 1] = entry.name
    end
  end
  table.sort(found)
  return found
end

-- The texts of one prepared script; a Lua file that decides is a policy, any other one holds fixtures.
local function script_of(path, text)
  local entry, err = scripts.prepare("nodes/policy/" .. path:match("([^/]+)$"), text)
  if entry and entry.about.fields then
    entry.script:mask("decide", fields.masks(entry.about.fields))
  end
  return entry, err
end

local function add_policy(self, path, entry)
  entry.shown = path
  self.policies[#self.policies + 1] = entry
  self.reached[path] = {}
end

local function is_fixture(value)
  return type(value) == "table" and type(value.call) == "table"
end

local KEYS = { name = true, call = true, view = true, expect = true, policy = true }
local WISHES = { allow = true, none = true, ask = true, deny = true }

local function is_wish(wanted)
  if type(wanted) ~= "table" then
    return wanted == nil or wanted == cjson.null or WISHES[wanted] == true
  end
  local named = wanted.decision ~= nil or wanted.rule ~= nil
  for key, value in pairs(wanted) do
    named = named and (key == "rule" and type(value) == "string"
      or key == "decision" and WISHES[value] == true)
  end
  return named
end

local function is_object(value)
  return type(value) == "table" and #value == 0 and getmetatable(value) ~= cjson.array_mt
end

local function are_texts(value)
  for _, text in ipairs(type(value) == "table" and value or {}) do
    if type(text) ~= "string" then
      return false
    end
  end
  return value == nil or type(value) == "table" and (next(value) == nil or #value > 0)
end

-- What a policy is shown has these forms, whatever a fixture puts into them.
local function fault_of_call(call, view)
  if not is_object(call) or view ~= nil and not is_object(view) then
    return "has a call or a view that is no object", "write {name, call, view, expect}"
  end
  for _, field in ipairs({ "operations", "labels" }) do
    if not are_texts(call[field]) then
      return "has a call whose " .. field .. " are no list of texts",
        'write them as ["text", …], or leave them out'
    end
  end
end

-- What is wrong with a fixture: one that is not what its writer meant passes, and says nothing.
local function fault_of(fixture)
  if not is_fixture(fixture) then
    return "has no call", "write {name, call, view, expect}"
  end
  local fault, fix = fault_of_call(fixture.call, fixture.view)
  if fault then
    return fault, fix
  end
  for _, key in ipairs(tables.keys(fixture)) do
    if not KEYS[key] then
      return "has an unknown key '" .. tostring(key) .. "'",
        "the keys are name, call, view, expect and policy"
    end
  end
  if not is_wish(fixture.expect) then
    return "expects what no policy decides", 'expect is "deny", "ask", "allow" or {decision, rule}'
  end
end

local function listed(value)
  if is_fixture(value) then
    return { value }
  end
  return type(value) == "table" and value.fixtures or value
end

local function add_fixtures(self, path, value)
  local all = listed(value)
  if type(all) ~= "table" then
    return nil, errors.new("ERR_CONFIG", path .. " holds no fixture",
      "write {name, call, view, expect}, or a list of them")
  end
  for i, one in ipairs(all) do
    local fault, fix = fault_of(one)
    if fault then
      return nil, errors.new("ERR_CONFIG", path .. ": fixture " .. i .. " " .. fault, fix)
    end
    one.name = type(one.name) == "string" and one.name or path .. " " .. i
    self.fixtures[#self.fixtures + 1] = one
  end
  return true
end

local function add_json(self, root, path)
  local text, err = read(root, path)
  if not text then
    return nil, err
  end
  local value, why = cjson.decode(text)
  if value == nil then
    return nil, errors.new("ERR_JSON", path .. ": " .. tostring(why), "correct the file at this line")
  end
  return add_fixtures(self, path, value)
end

local function add_lua(self, root, path)
  local text, err = read(root, path)
  if not text then
    return nil, err
  end
  local about
  about, err = scripts.describe(path, text)
  if not about then
    return nil, err
  elseif type(about.decide) ~= "table" and type(about.deny) ~= "table" then
    return add_fixtures(self, path, about)
  end
  local entry
  entry, err = script_of(path, text)
  if not entry then
    return nil, err
  end
  add_policy(self, path, entry)
  return true
end

local function add_directory(self, root)
  for _, sub in ipairs(BESIDE) do
    for _, ending in ipairs({ "lua", "json" }) do
      for _, name in ipairs(names(root, sub:gsub("/$", ""), ending)) do
        local ok, err = (ending == "lua" and add_lua or add_json)(self, root, sub .. name)
        if not ok then
          return nil, err
        end
      end
    end
  end
  return true
end

-- The policies of a project, for fixtures that lie elsewhere.
local function add_project(self, project)
  local root <close>, err = errors.check(fs.root(project.dir))
  if not root then
    return nil, err
  end
  local texts = scripts.texts(root)
  for _, path in ipairs(tables.keys(texts)) do
    if scripts.is_policy(path) or path == "nodes/" .. project.chosen .. ".lua"
      and texts[path] ~= embed.read(path) then
      local entry
      entry, err = scripts.prepare(path, texts[path])
      if not entry then
        return nil, err
      end
      add_policy(self, path, entry)
    end
  end
  return true
end

-- ---- one fixture ----

local function filled(call)
  local card = { id = "CARD", type = "issue", status = "in_progress" }
  local arguments = type(call.arguments) == "table" and call.arguments or {}
  local path = type(arguments.path) == "string" and { arguments.path } or {}
  local made = {
    tool = "", role = "coder", arguments = arguments, paths = array(path), card = card,
    operations = array({}), labels = array({}),
    destructive = false, outward = false, risky = false,
  }
  for key, value in pairs(call) do
    made[key] = value
  end
  for _, kind in ipairs(made.operations) do
    for trait, is in pairs(gate.nature(tostring(kind)) or {}) do
      made[trait] = call[trait] == nil and (made[trait] or is) or made[trait]
    end
  end
  return made
end

local function view_of(fixture, call)
  local made = { card = call.card, role = call.role, seat = "seat", labels = call.labels, run = "run",
    turn = 1 }
  for key, value in pairs(type(fixture.view) == "table" and fixture.view or {}) do
    made[key] = value
  end
  return made
end

local function decide(self, entry, call, view)
  if entry.about.when == "labels" and #call.labels == 0 then
    return { decision = "allow" }
  end
  local denied = entry.about.deny and deny_rules.find(entry.about.deny, call)
  if denied then
    return { decision = "deny", rule = "policy." .. (denied.rule or "house"):gsub("^policy%.", ""),
      why = denied.why, where = entry.shown }
  elseif not entry.about.decide then
    return { decision = "allow" }
  end
  local trace, message = entry.script:trace("decide", { call, view })
  if not trace then
    return { decision = "deny", rule = "policy.failed", why = message, where = entry.shown }
  end
  for line in pairs(trace.lines) do
    self.reached[entry.shown][line] = true
  end
  local answer = trace.value
  if trace.code then
    return { decision = "deny", rule = "policy.failed", why = trace.message,
      where = policy_place.of_failure(entry, trace.message, { call, view }) }
  elseif answer == cjson.null then
    return { decision = "allow" }
  elseif type(answer) ~= "table" or not RANK[answer.decision] then
    return { decision = "deny", rule = "policy.answer", why = "an answer outside the contract",
      where = entry.shown }
  end
  local rule = type(answer.rule) == "string" and answer.rule ~= "" and answer.rule or "house"
  return {
    decision = answer.decision, rule = "policy." .. rule:gsub("^policy%.", ""), why = answer.why,
    where = policy_place.of_answer(entry, { call, view }, rule),
  }
end

local function is_asked(fixture, entry)
  local wanted = fixture.policy
  return type(wanted) ~= "string" or entry.shown == wanted or entry.shown:match("([^/]+)%.lua$") == wanted
    or entry.shown:match("([^/]+)$") == wanted
end

local function judge(self, fixture)
  local call = filled(fixture.call)
  local view, most = view_of(fixture, call), { decision = "allow" }
  for _, entry in ipairs(self.policies) do
    local one = is_asked(fixture, entry) and decide(self, entry, call, view)
    if one and (RANK[one.decision] or 0) > (RANK[most.decision] or 0) then
      most = one
    end
  end
  return most
end

-- "deny", {decision, rule?}, or null: no objection.
local function expected(fixture)
  local wanted = fixture.expect
  if type(wanted) == "string" then
    wanted = { decision = wanted }
  elseif type(wanted) ~= "table" then
    wanted = { decision = "allow" }
  end
  local rule = type(wanted.rule) == "string" and "policy." .. wanted.rule:gsub("^policy%.", "") or nil
  local decision = wanted.decision or not rule and "allow" or nil
  return { decision = decision == "none" and "allow" or decision, rule = rule }
end

-- A policy that fails denies: that is no answer to a fixture, unless it asks for the very failure.
local function is_met(wanted, got)
  return (not wanted.decision or got.decision == wanted.decision)
    and (not wanted.rule or got.rule == wanted.rule)
    and (not BROKEN[got.rule] or got.rule == wanted.rule)
end

local function run(self, fixture)
  local wanted, got = expected(fixture), judge(self, fixture)
  return { name = fixture.name, expected = wanted, got = got, ok = is_met(wanted, got) }
end

-- ---- all of it ----

local function coverage(self)
  local found = array({})
  for _, entry in ipairs(self.policies) do
    local missed, all = array({}), 0
    for line in pairs(policy_code.lines(entry.text)) do
      all = all + 1
      missed[#missed + 1] = not self.reached[entry.shown][line] and line or nil
    end
    table.sort(missed)
    found[#found + 1] = { policy = entry.shown, lines = all, hit = all - #missed, missed = missed }
  end
  return found
end

local function report(self)
  local result = { passed = 0, failed = 0, fixtures = array({}) }
  for _, fixture in ipairs(self.fixtures) do
    local one = run(self, fixture)
    result.fixtures[#result.fixtures + 1] = one
    result.passed, result.failed = result.passed + (one.ok and 1 or 0), result.failed + (one.ok and 0 or 1)
  end
  result.ok, result.coverage = result.failed == 0, coverage(self)
  return result
end

-- A file is tested with the policies that lie beside it, a policy with the fixtures beside it.
local function gather(self, path)
  local root <close> = fs.root(path)
  if root then
    local inner = #names(root, "nodes/policy", "lua") > 0 and fs.root(path .. "/nodes/policy")
    local ok, err = add_directory(self, inner or root)
    if inner then
      inner:close()
    end
    return ok, err
  end
  local dir, name = path:match("^(.*)/([^/]+)$")
  local beside <close>, err = errors.check(fs.root(dir or "."))
  if not beside then
    return nil, err
  end
  name = name or path
  local ok
  ok, err = (name:find("%.lua$") and add_lua or add_json)(self, beside, name)
  if not ok then
    return nil, err
  end
  local policies, fixtures = #self.policies, #self.fixtures
  ok, err = add_directory(self, beside)
  if not ok then
    return nil, err
  elseif policies == 1 then
    self.policies = { self.policies[1] }
  elseif fixtures > 0 then
    self.fixtures = table.move(self.fixtures, 1, fixtures, 1, {})
  end
  return true
end

-- A fixture for a policy that is not there would be asked of nobody.
local function unknown_policy(self)
  for _, fixture in ipairs(self.fixtures) do
    local asked = fixture.policy == nil or fixture.policy == cjson.null
    for _, entry in ipairs(self.policies) do
      asked = asked or type(fixture.policy) == "string" and is_asked(fixture, entry)
    end
    if not asked then
      return errors.new("ERR_NOT_FOUND", fixture.name .. ": there is no policy '" .. tostring(fixture.policy)
        .. "' here",
        "name the file of one, without .lua")
    end
  end
end

---Runs the fixtures of a directory or a file.
---@param path string
---@param project {dir: string, chosen: string}|nil  whose policies are tested when there are none beside the
---  fixtures
---@return table|nil {ok, passed, failed, fixtures[], coverage[]}
---@return Error|nil
function M.test(path, project)
  local self = { policies = {}, fixtures = {}, reached = {} }
  local ok, err = gather(self, path)
  if ok and #self.policies == 0 and project then
    ok, err = add_project(self, project)
  end
  if not ok then
    return nil, err
  elseif #self.policies == 0 or #self.fixtures == 0 then
    return nil, errors.new("ERR_NOT_FOUND", path .. " has no "
      .. (#self.policies == 0 and "policies" or "fixtures"),
      "fixtures are JSON files beside the policies, or in fixtures/ (docs/policies.md)")
  end
  err = unknown_policy(self)
  if err then
    return nil, err
  end
  return report(self)
end

return M
