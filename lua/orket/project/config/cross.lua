-- cross.lua: what one file says about another: names that must exist, dependencies without cycles, and
-- the separation of duties: no seat reviews its own work.

local caps = require("orket.governance.budget.caps")
local errors = require("orket.errors")
local glob = require("orket.core.glob")
local tables = require("orket.util.tables")
local model_defaults = require("orket.project.config.model_defaults")
local suggest = require("orket.util.suggest")
local score = require("orket.core.score")

local M = {}

local RESERVED = { system = "the engine", human = "a person" }

local function keys_text(map)
  local keys = tables.keys(map)
  if #keys == 0 then
    return "there is none"
  end
  return #keys <= 12 and "one of: " .. table.concat(keys, ", ") or nil
end

-- The cure for a name that is not there.
local function other_name(word, known)
  local near = suggest.find(word, tables.keys(known))
  return near and ("did you mean '" .. near .. "'?") or keys_text(known)
end

local Check = {}
Check.__index = Check

---@return boolean known
function Check:known(origin, pointer, word, known, what)
  if known[word] then
    return true
  end
  self.problems:at(origin.source, origin.path .. pointer, what .. " '" .. word .. "' does not exist",
    other_name(word, known))
  return false
end

-- The asset of this name, or nil: reported, unless something nearer to the fault has been already.
function Check:asset(origin, pointer, word, folder, what)
  if not word or self.broken[folder][word] then
    return nil
  end
  return self:known(origin, pointer, word, self.project[folder], what) and self.project[folder][word] or nil
end

-- ---- organization ----

local SECRET_FIX = 'name it in keys ({"env": "NAME"} or {"file": "path"}) and say "key"'
local NATIVE = { auto = true, native = true, text = true } -- and the names of dialects

function Check:model(origin, pointer, model)
  if model.key then
    self:known(origin, pointer .. "/key", model.key, self.project.organization.keys, "the key")
  end
  for i, name in ipairs(model.fallback or {}) do
    self:known(origin, pointer .. "/fallback/" .. i - 1, name, self.project.organization.models, "the model")
  end
  if model.hedge ~= nil then
    self.problems:retired(origin.source, origin.path .. pointer .. "/hedge",
      "nothing acts on 'hedge' any more",
      "remove it; `fallback` names a model that answers where this one fails")
  end
  if model.calls and not NATIVE[model.calls]
    and not require("orket.llm.text.dialects").named(model.calls) then
    self.problems:at(origin.source, origin.path .. pointer .. "/calls", "no dialect is called '"
      .. model.calls .. "'",
      "auto, native, text, or one of: " .. table.concat(require("orket.llm.text.dialects").families(), ", "))
  end
end

-- A secret is named, never written down: not as a user of an address, not in it, not beside a program.
local SECRET = { "token", "key", "secret", "password", "passwd", "auth", "bearer", "signature", "credential" }

local function looks_secret(name)
  for _, word in ipairs(SECRET) do
    if name:lower():find(word, 1, true) then
      return true
    end
  end
  return false
end

local function origin_of(url)
  local origin = url:lower():match("^https?://[^/?#]+")
  if origin:find(":%d+$") then
    return origin
  end
  return origin .. (origin:find("^https") and ":443" or ":80")
end

---The key that an entry with a URL names.
function Check:key_of(origin, pointer, entry)
  local keys = self.project.organization.keys
  if self:known(origin, pointer .. "/key", entry.key, keys, "the key") then
    local at = keys[entry.key].origin
    if at and origin_of(at) ~= origin_of(entry.url) then
      self.problems:at(origin.source, origin.path .. pointer .. "/key", "the key '" .. entry.key
        .. "' belongs to " .. at .. " alone",
        "name a key of the server's own, or its origin")
    end
  end
end

---A git repository of others.
function Check:remote(origin, pointer, remote)
  if remote.key and not remote.url:find("^https?://") then
    self.problems:at(origin.source, origin.path .. pointer .. "/key", "a directory is sent no key",
      "a key goes with a URL")
  elseif remote.key then
    self:key_of(origin, pointer, remote)
  end
end

---An MCP server: the key that it names, and secrets that stand where none may.
function Check:server(origin, pointer, server)
  if server.key and server.command then
    self.problems:at(origin.source, origin.path .. pointer .. "/key", "a program is sent no key",
      "a key goes with url")
  elseif server.key then
    self:key_of(origin, pointer, server)
  end
  local fault = server.directory and require("orket.mcp.server_places").fault(server.directory)
  if fault then
    self.problems:at(origin.source, origin.path .. pointer .. "/directory", "it " .. fault,
      "make a directory for it beneath the project, and name that")
  end
  for name, value in ((server.url or ""):match("%?(.*)") or ""):gmatch("([^&=]+)=([^&]+)") do
    if looks_secret(name) and value ~= "" then
      self.problems:at(origin.source, origin.path .. pointer .. "/url", "the address carries a secret: "
        .. name, SECRET_FIX)
    end
  end
  for _, name in ipairs(tables.keys(server.env or {})) do
    if looks_secret(name) and server.env[name] ~= "" then
      self.problems:warn(origin.source, origin.path .. pointer .. "/env/" .. name,
        "it looks like a secret, which would stand in a file",
        "a server's program gets its secrets from files of its own directory")
    end
  end
end

-- Not every API has vectors.
function Check:embedder(origin, name, known)
  local pointer = "/process_rules/memory/embedder"
  self:known(origin, pointer, name, known, "the model")
  if known[name] and not require("orket.memory.embedder").speaks(known[name].shape) then
    self.problems:at(origin.source, origin.path .. pointer, "models of the shape " .. known[name].shape
      .. " have no vectors",
      "name one of the shape openai or gemini")
  end
end

function Check:organization()
  local organization = self.project.organization
  local origin, rules = self.origins[organization], organization.process_rules
  for _, key in ipairs(tables.keys(rules)) do
    local kind = key:match("^(%l+)_node$")
    if kind and rules[key] ~= kind then
      self:known(origin, "/process_rules/" .. key, rules[key], self.scripts.nodes, "the decision node")
    end
  end
  if rules.default_llm then
    self:known(origin, "/process_rules/default_llm", rules.default_llm, organization.models, "the model")
  end
  local embedder = rules.memory and rules.memory.embedder
  if embedder then
    self:embedder(origin, embedder, organization.models)
  end
  for _, key in ipairs({ "team", "environment" }) do
    local name = (rules.planning or {})[key]
    if name and not self.broken[key .. "s"][name] then
      self:known(origin, "/process_rules/planning/" .. key, name, self.project[key .. "s"], "the " .. key)
    end
  end
  for _, name in ipairs(tables.keys(organization.models)) do
    self:model(origin, "/models/" .. name, organization.models[name])
  end
  for _, name in ipairs(tables.keys(organization.remotes or {})) do
    self:remote(origin, "/remotes/" .. name, organization.remotes[name])
  end
  for _, name in ipairs(tables.keys(organization.notify or {})) do
    if organization.notify[name].key then
      self:key_of(origin, "/notify/" .. name, organization.notify[name])
    end
  end
  for _, name in ipairs(tables.keys(organization.mcp or {})) do
    self:server(origin, "/mcp/" .. name, organization.mcp[name])
  end
  for _, role in ipairs(tables.keys(rules.budgets and rules.budgets.roles or {})) do
    if role ~= "*" then
      self:known(origin, "/process_rules/budgets/roles/" .. role, role, self.scripts.roles, "the role")
    end
  end
  self:arms(origin, rules.arms and rules.arms.choices or {})
  self:capped(origin, rules.budgets and rules.budgets.epics)
  for i, rate in ipairs(rules.rates or {}) do
    self:rate(origin, "/process_rules/rates/" .. i - 1, rate)
  end
  for _, role in ipairs(tables.keys(rules.autonomy or {})) do
    if role ~= "*" then -- a typing mistake would let it go further than was meant
      self:known(origin, "/process_rules/autonomy/" .. role, role, self.scripts.roles, "the role")
    end
  end
  for i, rule in ipairs(rules.gate) do
    self:rule(origin, "/process_rules/gate/" .. i - 1, rule)
  end
  self:labels(origin, rules.labels)
  self:layers(origin, organization.architecture.idesign)
end

function Check:arms(origin, choices)
  for _, name in ipairs(tables.keys(choices)) do
    local choice, pointer = choices[name], "/process_rules/arms/choices/" .. name
    if choice.prompts then
      self:known(origin, pointer .. "/prompts", choice.prompts, self.scripts.nodes, "the decision node")
    end
    for _, role in ipairs(tables.keys(choice.roles or {})) do
      local _ = self:known(origin, pointer .. "/roles/" .. role, role, self.scripts.roles, "the role")
        and self:known(origin, pointer .. "/roles/" .. role, choice.roles[role], self.scripts.roles,
          "the role")
    end
  end
end

-- A cap on an epic that is not there caps nothing; it may come later, so it is only said.
function Check:capped(origin, named)
  for _, name in ipairs(tables.keys(named or {})) do
    if name ~= "*" and not self.project.epics[name] and not self.broken.epics[name] then
      self.problems:warn(origin.source, origin.path .. "/process_rules/budgets/epics/" .. name,
        "the epic '" .. name .. "' does not exist: the cap is on nothing",
          other_name(name, self.project.epics))
    end
  end
end

function Check:layers(origin, configured)
  if not configured or not configured.layers then
    return
  end
  local strays, known = require("orket.governance.idesign").strays(configured)
  for _, stray in ipairs(strays) do
    self:known(origin, "/architecture/idesign/layers/" .. stray.layer .. "/" .. stray.at - 1, stray.name,
      known, "the layer or category")
  end
end

function Check:pattern(origin, pointer, pattern)
  local fits, message, _, fix = glob.match(pattern, "x")
  if fits == nil then
    self.problems:at(origin.source, origin.path .. pointer, message, fix ~= "" and fix
      or "? is one character, * any run inside a name, ** any number of names: src/**, **/*.sql")
  end
end

-- A pattern that is none would mark nothing.
function Check:labels(origin, labels)
  for _, pattern in ipairs(type(labels) == "table" and tables.keys(labels.files or {}) or {}) do
    self:pattern(origin, "/process_rules/labels/files", pattern)
  end
end

-- Money of which nobody knows how much it is would be capped by nothing.
function Check:prices()
  local organization, owns = self.project.organization, {}
  for _, card in ipairs(self.cards) do
    owns[#owns + 1] = card.budget
  end
  if not caps.counts(organization.process_rules.budgets or {}, "money", owns) then
    return
  end
  local origin = self.origins[organization]
  for _, name in ipairs(tables.keys(organization.models)) do
    if not organization.models[name].price then
      self.problems:at(origin.source, origin.path .. "/models/" .. name,
        "money is capped, and the model '" .. name .. "' has no price",
        'add "price": {"input": 0, "output": 0} when it is free, else what a million tokens cost')
    end
  end
end

function Check:rate(origin, pointer, rate)
  local known = { tool = self.scripts.tools, role = self.scripts.roles,
    model = self.project.organization.models }
  for _, kind in ipairs({ "tool", "role", "model" }) do
    if rate[kind] then
      self:known(origin, pointer .. "/" .. kind, rate[kind], known[kind], "the " .. kind)
    end
  end
end

-- A rule about a role or tool that does not exist would silently forbid nothing.
function Check:rule(origin, pointer, rule)
  for i, pattern in ipairs(rule.paths or {}) do
    self:pattern(origin, pointer .. "/paths/" .. i - 1, pattern)
  end
  for _, kind in ipairs({ "roles", "tools" }) do
    for i, name in ipairs(rule[kind] or {}) do
      self:known(origin, pointer .. "/" .. kind .. "/" .. i - 1, name, self.scripts[kind],
        "the " .. kind:sub(1, -2))
    end
  end
  if not rule.id then
    return
  end
  self.rule_ids[rule.id] = (self.rule_ids[rule.id] or 0) + 1
  if self.rule_ids[rule.id] == 2 then
    self.problems:at(origin.source, origin.path .. pointer .. "/id", "two rules have the id '" .. rule.id
      .. "'")
  end
end

-- ---- teams and environments ----

function Check:team(team)
  local origin, guarded = self.origins[team], false
  for _, key in ipairs(tables.keys(team.seats)) do
    local seat, pointer = team.seats[key], "/seats/" .. key
    for i, role in ipairs(seat.roles) do
      local at = pointer .. "/roles/" .. i - 1
      if RESERVED[role] then
        self.problems:at(origin.source, at, "'" .. role .. "' means " .. RESERVED[role]
          .. " and is no role of a seat")
      else
        self:known(origin, at, role, self.scripts.roles, "the role")
      end
    end
    if seat.model then
      self:known(origin, pointer .. "/model", seat.model, self.project.models, "the model")
    end
    guarded = guarded or tables.has(seat.roles, "integrity_guard")
  end
  if not guarded then
    self.problems:at(origin.source, "/seats", "no seat of this team has the role integrity_guard",
      "add a seat with that role: no seat reviews its own work")
  end
end

function Check:environment(environment)
  if environment.model then
    self:known(self.origins[environment], "/model", environment.model, self.project.models, "the model")
  end
end

-- ---- epics ----

-- The guard seats that are the seat of no card of the epic.
local function independent_guards(epic, team)
  local authors, guards = {}, {}
  for _, issue in ipairs(epic.issues) do
    authors[issue.seat] = true
  end
  for _, key in ipairs(tables.keys(team.seats)) do
    if tables.has(team.seats[key].roles, "integrity_guard") and not authors[key] then
      guards[#guards + 1] = key
    end
  end
  return guards, tables.keys(authors)
end

local function same_model(project, epic, team, author, guard)
  local a = model_defaults.name(project, epic, author, author.roles[1] or "")
  local b = model_defaults.name(project, epic, team.seats[guard], "integrity_guard")
  local x, y = project.models[a], project.models[b]
  return a ~= nil and (a == b or x and y and x.base_url == y.base_url and x.model == y.model)
end

function Check:guard(epic, team)
  local origin = self.origins[epic]
  local guards, authors = independent_guards(epic, team)
  if #guards == 0 then
    self.problems:at(origin.source, "/team",
      "the team '" .. epic.team .. "' has no integrity_guard seat that is not also the seat of a card: "
        .. "no seat reviews its own work",
      "add a seat with the role integrity_guard, or give these cards another seat")
    return
  end
  for _, author in ipairs(authors) do
    local seat = team.seats[author]
    if seat and same_model(self.project, epic, team, seat, guards[1]) then
      self.problems:warn(origin.source, "/team", "the seats '" .. author .. "' and '" .. guards[1]
        .. "' use the same model: it reviews its own work", "give the guard's seat another model")
      return
    end
  end
end

-- A cycle of dependencies.
function Check:cycle(graph, origin, pointer)
  local plan, message, code, fix = score.plan(graph)
  if plan or code == "ERR_EXISTS" then -- ids are compared across the whole project
    return
  elseif errors.is_machine(code) then
    self.problems:unread(origin.source.file, message, code, fix)
  else
    self.problems:at(origin.source, pointer, message, fix)
  end
end

-- Dependencies that exist are looked at for cycles, also beside ones that do not.
function Check:depends(epic, ids)
  local graph = {}
  for at, issue in ipairs(epic.issues) do
    graph[at] = { id = issue.id, priority = issue.priority, depends_on = {} }
    for i, id in ipairs(issue.depends_on) do
      if ids[id] then
        table.insert(graph[at].depends_on, id)
      else
        local origin = self.origins[issue]
        self.problems:at(origin.source, origin.path .. "/depends_on/" .. i - 1,
          "card '" .. issue.id .. "' depends on '" .. id .. "', which is not in this epic",
            other_name(id, ids))
      end
    end
  end
  local origin = self.origins[epic]
  self:cycle(graph, origin, "/" .. (origin.keys.issues or "issues"))
end

function Check:issue(issue, team)
  self.problems.breathe()
  local origin = self.origins[issue]
  if team then
    self:known(origin, "/seat", issue.seat, team.seats, "the seat")
  end
  local path = issue.verification and issue.verification.fixture_path
  if path then
    self.fixture(origin, path)
  end
end

function Check:epic(epic)
  local origin, project, ids = self.origins[epic], self.project, {}
  local team = self:asset(origin, "/team", epic.team, "teams", "the team")
  self:asset(origin, "/environment", epic.environment, "environments", "the environment")
  for _, issue in ipairs(epic.issues) do
    ids[issue.id] = true
    self:issue(issue, team)
  end
  self:depends(epic, ids)
  if team then
    self:guard(epic, team)
  end
  local overrides = epic.params.model_overrides
  for _, role in ipairs(type(overrides) == "table" and tables.keys(overrides) or {}) do
    self:known(origin, "/params/model_overrides/" .. role, tostring(overrides[role]), project.models,
      "the model")
  end
  self:idesign(epic)
end

-- A big epic needs a design.
function Check:idesign(epic)
  local origin, threshold = self.origins[epic], self.project.organization.architecture.idesign_threshold
  if not epic.architecture_governance.idesign and #epic.issues > threshold then
    self.problems:at(origin.source, "/architecture_governance/idesign", "an epic of " .. #epic.issues
      .. " issues needs iDesign (the threshold is " .. threshold .. "; idesign.complexity)",
        "set idesign to true, or split the epic")
  end
end

-- ---- rocks and ids ----

-- Which of its epics wait for others of them.
function Check:order(rock)
  local origin, ids, graph = self.origins[rock], {}, {}
  for _, entry in ipairs(rock.epics) do
    if not entry.epic then
      return -- the schema says so
    end
    ids[entry.epic] = true
  end
  for at, entry in ipairs(rock.epics) do
    graph[at] = { id = entry.epic, priority = 0, depends_on = {} }
    for i, id in ipairs(entry.depends_on or {}) do
      if ids[id] then
        table.insert(graph[at].depends_on, id)
      else
        self.problems:at(origin.source, "/epics/" .. at - 1 .. "/depends_on/" .. i - 1,
          "the epic '" .. entry.epic .. "' depends on '" .. id .. "', which is not in this rock",
            other_name(id, ids))
      end
    end
  end
  self:cycle(graph, origin, "/epics")
end

function Check:rock(rock)
  local origin = self.origins[rock]
  self:order(rock)
  for i, entry in ipairs(rock.epics) do
    local pointer = "/epics/" .. i - 1 .. "/epic"
    local epic = self:asset(origin, pointer, entry.epic, "epics", "the epic")
    if epic and epic.parent_id and epic.parent_id ~= rock.id then
      self.problems:at(origin.source, pointer,
        "the epic '" .. entry.epic .. "' belongs to '" .. epic.parent_id .. "' already")
    elseif epic then
      epic.parent_id = rock.id
    end
  end
end

function Check:unique(cards)
  local first = {}
  for _, card in ipairs(cards) do
    local other = first[card.id]
    if other then
      local origin, place = self.origins[card], self.origins[other]
      self.problems:at(origin.source, origin.path .. "/id",
        "the id '" .. card.id .. "' is taken by a card in " .. place.source.file .. ":"
          .. place.source:line(place.path), "give one of them another id")
    end
    first[card.id] = other or card
  end
end

---@class CrossContext
---@field problems Problems
---@field origins table
---@field broken table
---@field scripts table
---@field fixture function
---@field cards table[]

---@param project table
---@param context CrossContext
function M.check(project, context)
  local check = setmetatable({
    project = project, problems = context.problems, origins = context.origins, scripts = context.scripts,
    fixture = context.fixture, broken = context.broken, cards = context.cards, rule_ids = {},
  }, Check)
  check:organization()
  check:prices()
  for _, kind in ipairs({ "team", "environment", "rock", "epic" }) do
    local all = project[kind .. "s"]
    for _, name in ipairs(tables.keys(all)) do
      check[kind](check, all[name])
    end
  end
  check:unique(context.cards)
end

return M
