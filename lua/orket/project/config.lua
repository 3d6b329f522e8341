-- config.lua: a project's configuration: everything in config/, checked as a whole. Answers the whole
-- project or all that is wrong with it, never a part of either. docs/configuration.md, docs/cards.md.

local cross = require("orket.project.config.cross")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fixture_check = require("orket.verification.fixture_check")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local normal = require("orket.project.config.normal")
local overlay = require("orket.project.config.overlay")
local problem_list = require("orket.project.config.problem_list")
local scripts = require("orket.scripts.scripts")
local sources = require("orket.project.config.source")

local M = {}

local Loader = {}
Loader.__index = Loader

local function origin_of(self, value, source, path)
  local origin = { problems = self.problems, source = source, path = path, keys = {} }
  self.origins[value] = origin
  return origin
end

-- ---- scripts and fixtures ----

-- The names of the shipped scripts of a kind and of the project's own.
local function script_names(root, kind, problems)
  local found = {}
  for _, path in ipairs(embed.list(kind .. "/")) do
    found[path:match("([^/]*)%.lua$") or ""] = true
  end
  local entries, message, code, fix = root:list(kind)
  if not entries and code ~= "ERR_NOT_FOUND" then
    problems:unread(kind, message, code, fix)
  end
  for _, entry in ipairs(entries or {}) do
    found[scripts.script_name(entry) or ""] = true
  end
  found[""] = nil
  return found
end

-- Checks that a card's fixture lies inside verification/ and is one.
local function check_fixtures(root, problems)
  local seen = {}
  return function(origin, path)
    local folder = origin.path .. "/verification/"
    local is_new = origin.source.doc:at(folder .. "fixture_path")
    local pointer = folder .. (is_new and "fixture_path" or "verification_fixture")
    if not path:match("%.json$") then
      problems:at(origin.source, pointer, "a verification fixture is a .json file",
        'write {"argv": ["program", "argument"]} there')
      return
    elseif seen[path] then
      return
    end
    seen[path] = true
    local verification <close>, message, code, fix = root:beneath("verification")
    local kind
    if verification then
      kind, message, code, fix = verification:kind(path)
    elseif code == "ERR_NOT_FOUND" then
      message = "there is no directory verification/"
    end
    if not kind and errors.is_machine(code) then
      problems:unread("verification/" .. path, message, code, fix)
      return
    elseif kind ~= "file" then
      problems:at(origin.source, pointer, "no fixture verification/" .. path .. ": "
        .. (message or "it is no file"),
        "put the fixture into verification/")
      return
    end
    local source = sources.read(root, "verification/" .. path, problems)
    if source then
      fixture_check.check(source, problems)
    end
  end
end

-- ---- parts ----

function Loader:organization()
  local file = "config/organization.json"
  local kind, message, code, fix = self.root:kind(file)
  if not kind then
    if code == "ERR_NOT_FOUND" then
      self.problems:add(file, 1, "", "missing: this directory is no project",
        "name one with -C DIR; orket init DIR makes a new one")
    else
      self.problems:unread(file, message, code, fix)
    end
    return normal.organization({ name = "" })
  end
  local source = sources.read(self.root, file, self.problems)
  local ok = source and sources.check(source, "organization", nil, self.problems)
  local organization = normal.organization(ok and source.value or { name = "" })
  if ok then
    origin_of(self, organization, source, "")
  end
  return organization
end

-- The sources of a folder whose file names are fit to be ids.
local function named(self, folder)
  local list = {}
  local found, broken = sources.folder(self.root, folder, self.problems)
  self.broken[folder] = broken
  for _, source in ipairs(found) do
    if #source.name <= 64 and source.name:match("^%w[%w._-]*$") then
      list[#list + 1] = source
    else
      self.problems:at(source, "", "the file's name is an id: letters, digits, '.', '_', '-', at most 64",
        "rename the file")
    end
  end
  return list
end

function Loader:plain(folder, make)
  local all = {}
  for _, source in ipairs(named(self, folder)) do
    all[source.name] = make(source.value, source.name)
    origin_of(self, all[source.name], source, "")
  end
  return all
end

function Loader:cards_of(folder, make)
  local all = {}
  for _, source in ipairs(named(self, folder)) do
    local value = source.value
    all[source.name] = make(value, origin_of(self, value, source, ""), source.name)
  end
  return all
end

local function issues_of(self, epic)
  local origin = self.origins[epic]
  local key = origin.keys.issues or "issues"
  for i, issue in ipairs(epic.issues) do
    self.problems.breathe()
    local at = origin_of(self, issue, origin.source, "/" .. key .. "/" .. i - 1)
    normal.issue(issue, at, epic.id .. "-" .. i)
    issue.parent_id, issue.epic = epic.id, epic.id
  end
end

-- Issues of config/cards join the epic that they name.
local function join_epic(self, issue, project)
  local origin, name = self.origins[issue], issue.parent_id
  local epic = name and project.epics[name]
  if epic then
    issue.parent_id, issue.epic = epic.id, epic.id
    epic.issues[#epic.issues + 1] = issue
  elseif not self.broken.epics[name] then
    self.problems:at(origin.source, "/parent_id", name and ("the epic '" .. name .. "' does not exist")
      or "an issue needs the epic that it belongs to", 'add "parent_id": the file name of an epic')
  end
end

function Loader:loose_cards(project)
  local assets = {}
  for _, source in ipairs(named(self, "cards")) do
    local card = source.value
    local origin = origin_of(self, card, source, "")
    if card.type == "utility" or card.type == "app" then
      assets[source.name] = normal.asset(card, origin, source.name)
    else
      join_epic(self, normal.issue(card, origin, source.name), project)
    end
  end
  return assets
end

function Loader:project()
  local organization = self:organization()
  local project = {
    organization = organization, models = organization.models, keys = organization.keys,
    rules = organization.process_rules.gate, limits = organization.process_rules.limits,
    teams = self:plain("teams", normal.team), environments = self:plain("environments", normal.environment),
    epics = self:cards_of("epics", normal.epic), rocks = self:cards_of("rocks", normal.rock),
  }
  for _, epic in pairs(project.epics) do
    issues_of(self, epic)
  end
  project.assets = self:loose_cards(project)
  return project
end

-- ---- the whole ----

---All cards in creation order: each rock, then its epics, each followed by its issues; epics of no
---rock; assets.
---@param project table
---@return table[] cards
function M.cards(project)
  local list, seen = {}, {}
  local function add_epic(epic)
    if epic and not seen[epic] then
      seen[epic] = true
      list[#list + 1] = epic
      table.move(epic.issues, 1, #epic.issues, #list + 1, list)
    end
  end
  local function each(map, visit)
    for _, name in ipairs(tables.keys(map)) do
      visit(map[name])
    end
  end
  each(project.rocks, function(rock)
    list[#list + 1] = rock
    for _, entry in ipairs(rock.epics) do
      add_epic(project.epics[entry.epic])
    end
  end)
  each(project.epics, add_epic)
  each(project.assets, function(asset)
    list[#list + 1] = asset
  end)
  return list
end

---The cards of some files alone, in one spelling. What is wrong with them is not told: read() says it.
---@param files table<string, string> texts by path
---@return {rocks: table<string, table>, epics: table<string, table>}
function M.of_files(files)
  local loader = setmetatable({ root = overlay.over(nil, files), problems = problem_list.new(), origins = {},
    broken = {} }, Loader)
  return loader:project()
end

---@class ConfigFound
---@field errors Problem[]   empty when the project may be used
---@field warnings Problem[]
---@field origins table<table, {source: Source, path: string}> where each card was written

local function found_of(problems, origins)
  local refused, warnings = problems:sorted()
  return { errors = refused, warnings = warnings, origins = origins }
end

---Reads and checks a project.
---@param dir string
---@param more table<string, string|false>|nil  files that it would have besides, texts by path; false: that
---  it would not have
---@param breathe fun()|nil  called between its pieces: who has a loop lets others go on
---@return table project what could be read
---@return ConfigFound
function M.read(dir, more, breathe)
  local problems = problem_list.new(breathe)
  local root <close>, message, code, fix = fs.root(dir)
  if not root then
    if errors.is_machine(code) then
      problems:unread(dir, message, code, fix)
    else
      problems:add(dir, 1, "", message, "name the directory of a project")
    end
    return {}, found_of(problems, {})
  end
  local place = more and overlay.over(root, more) or root
  local loader = setmetatable({ root = place, problems = problems, origins = {}, broken = {} }, Loader)
  sources.check_folders(place, problems)
  local project = loader:project()
  project.root = dir
  if loader.origins[project.organization] then
    cross.check(project, {
      problems = problems, origins = loader.origins, broken = loader.broken, cards = M.cards(project),
      fixture = check_fixtures(place, problems),
      scripts = {
        roles = script_names(place, "roles", problems), nodes = script_names(place, "nodes", problems),
        tools = script_names(place, "tools", problems),
      },
    })
  end
  return project, found_of(problems, loader.origins)
end

local budgets_read = {} -- directory -> {text, budgets}: asked for often, and the same until the file changes

---The budgets of the organization as its file has them now; what is wrong there is left out.
---@param dir string
---@return table|nil budgets read only; nil: the file cannot be read, or is no JSON
function M.budgets(dir)
  local problems = problem_list.new()
  local root <close> = fs.root(dir)
  local source = root and sources.read(root, "config/organization.json", problems)
  local known = budgets_read[dir]
  if not source or known and known.text == source.text then
    return source and known.budgets
  end
  if not sources.check(source, "organization", nil, problems) then -- perhaps for want of memory
    return nil
  end
  local budgets = (source.value.process_rules or {}).budgets or {}
  budgets_read[dir] = { text = source.text, budgets = budgets }
  return budgets
end

---Loads a project that is to be used.
---@param dir string
---@param breathe fun()|nil  see read
---@return table|nil project
---  {root, organization, models, keys, rules, limits, teams, environments, epics, rocks, assets, warnings}
---@return Problem[]|nil errors all of them
function M.load(dir, breathe)
  local project, found = M.read(dir, nil, breathe)
  if #found.errors > 0 then
    return nil, found.errors
  end
  project.warnings = found.warnings
  return project
end

return M
