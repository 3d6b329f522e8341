-- test_tree.lua: the directory that a fixture is run in, and its programs, each in a jail of its own. Each
-- case begins with the card's files, under the files that the fixture lays over them: what an earlier program
-- left behind is gone.

local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local fixtures = require("orket.verification.fixture")
local proc = require("orket.core.proc")
local program = require("orket.effects.program")
local tables = require("orket.util.tables")
local tree_links = require("orket.workspace.tree_links")

local M = {}

---@class TestTree
---@field fixture Fixture
---@field root FsRoot          its directory
---@field files table<string, string>  hashes by path: the card's files
---@field seed table<string, string>   the files that its epic began with, which no agent wrote
---@field overlay table<string, string> bytes by path, laid over the card's files
local TestTree = {}
TestTree.__index = TestTree

---@param fixture Fixture
---@param place VerdictPlace without its hash
---@return TestTree
function M.new(fixture, place)
  local overlay = fixtures.overlay(fixture)
  return setmetatable({
    fixture = fixture, root = place.root, files = place.files, seed = place.seed, restore = place.restore,
    sweep = place.sweep, installed = place.installed, overlay = overlay,
    is_touched = not place.is_equal or next(overlay) ~= nil,
  }, TestTree)
end

---Makes the directory what a case begins with.
---@return true|nil ok
---@return Error|nil
function TestTree:begin()
  if not self.is_touched then
    return true
  end
  local ok, err = self.restore()
  for _, path in ipairs(ok and tables.keys(self.overlay) or {}) do
    if ok then
      ok, err = disk.put(self.root, path, self.overlay[path])
    end
  end
  self.is_touched = not ok
  return ok and true or nil, err
end

-- A plain fixture is shown all of verification/; another one its own directory, when its argv names that:
-- what it expects stays out of sight.
local function words_of(fixture, argv)
  local name, place, shown = "{fixture}", fixture.directory, {}
  if fixture.kind == "plain" then
    name, place, shown = "{verification}", fixture.home, { fixture.home }
  end
  local words = {}
  for i, word in ipairs(argv) do
    local text, count = tostring(word):gsub(name, function()
      return place
    end)
    words[i] = text
    shown[1] = shown[1] or count > 0 and place or nil
  end
  return words, shown
end

---The limits of a case: its own, else those of its fixture, else the defaults.
local function limit(fixture, options, key)
  return options[key] or fixture.value[key] or fixtures.LIMITS[key]
end

-- With what is installed for the files, as commands have it.
local function run_shown(self, request)
  local installed = self.installed
  table.move(installed.show, 1, #installed.show, #request.show + 1, request.show)
  for name, value in pairs(installed.env) do
    request.env[name] = request.env[name] or value
  end
  local result
  local links = tree_links.beside(installed.links, self.overlay)
  local ok, err = tree_links.enter(self.root, links)
  if ok then
    result, err = program.run(proc.run, request)
    tree_links.leave(self.root, links)
  end
  return result, err
end

---Runs a program of the fixture in a jail, with the directory as its own.
---@param argv string[]
---@param options {stdin: string?, env: table?, wall: number?}?
---@return ProcResult|nil result
---@return Error|nil err ERR_PROC when the program cannot be started
function TestTree:run(argv, options)
  options = options or {}
  self.is_touched = true
  local words, shown = words_of(self.fixture, argv)
  local request = { argv = words, cwd_root = self.root, env = options.env or {}, show = shown,
    stdin = options.stdin }
  for key in pairs(fixtures.LIMITS) do
    request[key == "memory" and "mem" or key] = limit(self.fixture, options, key)
  end
  local result, err = run_shown(self, request)
  local swept, why = self.sweep() -- what no path names would stay for ever
  if result and not swept then
    return nil, why
  end
  return result, err
end

---A program that a fixture needs and no card brings.
---@param name string
---@return Error
function M.missing(name)
  return errors.new("ERR_CONFIG", name .. " cannot be run: it is not installed where jails see it",
    "install it with the system's packages (/usr), or change the fixture")
end

---How a program came to its end, in words.
---@param result ProcResult
---@return string
function M.ending(result)
  if result.limit then
    return "stopped by the " .. result.limit .. " limit"
  elseif result.signal then
    return "killed by signal " .. result.signal
  end
  return "exit code " .. tostring(result.exit)
end

return M
