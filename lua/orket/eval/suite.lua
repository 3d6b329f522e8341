-- suite.lua: a project whose cards are cases: which they are, and copies of it in which one of them is run.

local cjson = require("cjson")
local config = require("orket.project.config")
local copy = require("orket.async.copy")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")

local M = {}

local CASES = 1000
local FILES, BYTES = 10000, 256 * 1024 * 1024 -- of a suite
local FOLDERS = { "config", "roles", "nodes", "tools", "verification" }
local ORGANIZATION = "config/organization.json"

local Suite = {}
Suite.__index = Suite

-- ---- its files ----

local function too_much(what)
  return nil, errors.new("ERR_LIMIT", "the suite has more than " .. what, "keep what no case needs elsewhere")
end

local function add_folder(self, path)
  local entries, more, code = self.root:list(path, FILES)
  if not entries and code == "ERR_NOT_FOUND" then
    return true
  elseif not entries then
    return nil, errors.new(code, path .. ": " .. more)
  elseif more then
    return too_much(FILES .. " files")
  end
  self.folders[#self.folders + 1] = path
  for _, entry in ipairs(entries) do
    local name, ok, err = path .. "/" .. entry.name, true, nil
    if entry.type == "directory" then
      ok, err = add_folder(self, name)
    elseif entry.type == "file" then
      self.files[#self.files + 1], self.bytes = name, self.bytes + entry.size
    else
      ok, err = nil, errors.new("ERR_PATH", name .. " is no file: a copy would not have it",
        "copy what it leads to")
    end
    if not ok then
      return nil, err
    end
  end
  if #self.files > FILES or self.bytes > BYTES then
    return too_much(FILES .. " files or " .. BYTES // 1048576 .. " MiB")
  end
  return true
end

-- What lies in an epic's tree before anything was merged.
local function add_seeds(self)
  for _, epic in ipairs(self.root:list("workspace", FILES) or {}) do
    local ok, err = add_folder(self, "workspace/" .. epic.name .. "/tree")
    if not ok then
      return nil, err
    end
  end
  return true
end

-- How much may be spent is no part of what is compared: it may be raised on the way.
local function digest_of(self, path)
  local text, err
  if path ~= ORGANIZATION then
    return errors.check(self.root:hash(path))
  end
  text, err = errors.check(self.root:read(path))
  local organization = text and cjson.decode(text)
  if organization and organization.process_rules then
    organization.process_rules.budgets = nil
  end
  return organization and hash.of(cjson.encode(organization)), err
end

local function read_files(self)
  for _, folder in ipairs(FOLDERS) do
    local ok, err = add_folder(self, folder)
    if not ok then
      return nil, err
    end
  end
  local ok, err = add_seeds(self)
  if not ok then
    return nil, err
  end
  table.sort(self.files)
  local parts = {}
  for i, path in ipairs(self.files) do
    local digest
    digest, err = digest_of(self, path)
    if not digest then
      return nil, err
    end
    parts[2 * i - 1], parts[2 * i] = path, digest
  end
  self.hash = hash.parts(parts)
  return true
end

-- ---- its cases ----

local function issues_of(project)
  local all, verified = {}, {}
  for _, name in ipairs(tables.keys(project.epics)) do
    for _, issue in ipairs(project.epics[name].issues) do
      all[#all + 1] = issue.id
      verified[#verified + 1] = issue.verification and issue.verification.fixture_path and issue.id or nil
    end
  end
  return #verified > 0 and verified or all
end

local function epics_of(project)
  local ids = {}
  for i, name in ipairs(tables.keys(project.epics)) do
    ids[i] = project.epics[name].id
  end
  return ids
end

local function chosen(ids, wanted)
  for _, id in ipairs(wanted or {}) do
    if not tables.has(ids, id) then
      return nil, errors.new("ERR_NOT_FOUND", "the suite has no case '" .. id .. "'", "its cases: "
        .. table.concat(ids, ", ", 1, math.min(#ids, 10)) .. (#ids > 10 and ", ..." or ""))
    end
  end
  return wanted or ids
end

local function find_cases(self, options)
  local ids = options.epics and epics_of(self.project) or issues_of(self.project)
  local err
  ids, err = chosen(ids, options.cases)
  if not ids then
    return nil, err
  elseif #ids == 0 or #ids > CASES then
    return nil, errors.new("ERR_CONFIG", #ids == 0 and "the suite has no cards" or "the suite has more than "
      .. CASES .. " cases",
      "each issue with a verification is a case; --cases names some")
  end
  self.cases = ids
  return true
end

-- ---- the suite ----

local function unfit(self, dir)
  if self.root:kind(".orket/orket.db") then
    return errors.new("ERR_EXISTS", dir .. " was run itself: what lies in it is no beginning any more",
      "evaluate a fresh copy, without its .orket and workspace directories")
  elseif self.project.organization.process_rules.arms then
    return errors.new("ERR_CONFIG", dir .. " gives its cards arms itself (process_rules.arms)",
      "take them out: the arms are those of --arms")
  end
end

---Reads a suite.
---@param dir string
---@param options {epics: boolean?, cases: string[]?}
---@return table|nil suite {dir, root, project, cases, files, hash}
---@return Error|Error[]|nil
function M.open(dir, options)
  local self = setmetatable({ dir = dir, files = {}, folders = {}, bytes = 0 }, Suite)
  local ok, err
  self.root, err = errors.check(fs.root(dir))
  if not self.root then
    return nil, err
  end
  self.project, err = config.load(dir)
  if not self.project then
    return nil, err
  end
  err = unfit(self, dir)
  if err then
    return nil, err
  end
  for _, step in ipairs({ read_files, find_cases }) do
    ok, err = step(self, options)
    if not ok then
      return nil, err
    end
  end
  return self
end

-- ---- copies ----

-- The organization as a copy has it: its turns say the arm, and of the caps there is what is left.
local function organization_of(self, arm, left)
  local text, err = errors.check(self.root:read(ORGANIZATION))
  if not text then
    return nil, err
  end
  local organization = cjson.decode(text)
  local process = organization.process_rules or {}
  organization.process_rules = process
  process.arms = { choices = { [arm.name] = cjson.decode("{}") } }
  for kind, amount in pairs(left or {}) do
    process.budgets.organization[kind] = amount
  end
  return cjson.encode(organization)
end

local function copy_files(self, root)
  local from, to = self.root:path(), root:path()
  for _, folder in ipairs(self.folders) do
    local made, err = errors.check(root:beneath(folder, { create = true }))
    if not made then
      return nil, err
    end
    made:close()
  end
  for _, path in ipairs(self.files) do
    local ok, err = copy.file(from .. "/" .. path, to .. "/" .. path)
    if not ok then
      return nil, err
    end
  end
  return true
end

---Makes a directory ready to be run: a copy with an arm's file in its place. One that was begun keeps what it
---has.
---@param root FsRoot
---@param arm table of eval/arm.lua
---@param left table<string, integer>|nil caps of the organization
---@return true|nil ok
---@return Error|nil
function Suite:copy(root, arm, left)
  local ok, err = true, nil
  if not root:kind(".orket/orket.db") then
    ok, err = copy_files(self, root)
    if ok and arm.path then
      ok, err = errors.check(root:write(arm.path, arm.text))
    end
  end
  local organization
  if ok then
    organization, err = organization_of(self, arm, left)
  end
  if not organization then
    return nil, err
  end
  return errors.check(root:write(ORGANIZATION, organization))
end

return M
