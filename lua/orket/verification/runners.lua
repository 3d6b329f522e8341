-- runners.lua: the test runners that fixtures can name: how each is called, what in a tree decides how it
-- runs, and how it reports. {report} stands for a file of the engine's choice, {build} for a directory;
-- {tests} for what the fixture names. Data.

local M = {}

-- What pytest is made of comes from the system: the tree is looked through last, and only after the plugins
-- have been found, which packages beside the tests could name.
local PYTEST = [[
import os, sys, pytest
class Tree:
    def pytest_configure(self):
        sys.path.append(os.getcwd())
sys.exit(pytest.main(sys.argv[1:], [Tree()]))
]]

-- Modules of the tree come after all others, also those of C; what busted would like to have and the system
-- has not is not taken from it.
local BUSTED = [[
package.path = package.path:gsub("%./[^;]*;?", "")
package.cpath = package.cpath:gsub("%./[^;]*;?", "")
package.searchers[#package.searchers + 1] = function(name)
  local file, why = package.searchpath(name, "./?.lua;./?/init.lua;./src/?.lua;./src/?/init.lua")
  if not file then
    return why
  end
  return assert(loadfile(file)), file
end
package.preload.moonscript = function()
  error("moonscript is not looked for", 0)
end
]]

---@class Runner
---@field name string
---@field markers string[]    patterns of paths: a tree that has one is tested with this runner
---@field controls string[]   patterns of paths that decide what runs: no agent may have written one
---@field commands string[][] one after the other; the last one tests
---@field config { [integer]: string, option: string, none: string }?  files of settings: the first is named
---@field env table<string, string>?
---@field report {format: string, file: boolean?}?  default: as the fixture says
---@field probe string[]?     exits with 0 when the runner is installed

---@type Runner[] in the order in which they are looked for
M.list = {
  {
    name = "go", markers = { "^go%.mod$" }, controls = { "^go%.work$" },
    commands = { { "go", "test", "-json", "-count=1", "{tests}" } }, tests = { "./..." },
    env = { GOPROXY = "off", GOTOOLCHAIN = "local", GOCACHE = "{build}" },
    report = { format = "go_json" },
  },
  {
    name = "cargo", markers = { "^Cargo%.toml$" },
    controls = { "Cargo%.toml$", "^%.cargo/", "^rust%-toolchain" },
    commands = { { "cargo", "test", "--offline", "--no-fail-fast", "{tests}" } },
    report = { format = "cargo_text" },
  },
  {
    name = "ctest", markers = { "^CMakeLists%.txt$" },
    controls = { "CMakeLists%.txt$", "%.cmake$", "CMakePresets%.json$", "CMakeUserPresets%.json$" },
    commands = {
      { "cmake", "-S", ".", "-B", "{build}" }, { "cmake", "--build", "{build}" },
      { "ctest", "--test-dir", "{build}", "--output-junit", "{report}", "--output-on-failure" },
    },
    report = { format = "junit", file = true },
  },
  {
    name = "npm", markers = { "^package%.json$" },
    controls = { "^package%.json$", "^%.npmrc$", "^node_modules/" },
    commands = { { "npm", "test", "--silent" } },
    env = { npm_config_offline = "true", npm_config_update_notifier = "false" },
  },
  {
    name = "node", markers = { "%.test%.[cm]?js$", "^test/.*%.[cm]?js$" }, controls = {},
    commands = { { "node", "--test", "--test-reporter=tap", "--test-reporter-destination={report}",
      "{tests}" } },
    report = { format = "tap", file = true },
  },
  {
    name = "busted", markers = { "^%.busted$", "_spec%.lua$" }, controls = { "^%.busted$", "^%.luacov$" },
    commands = { { "lua5.4", "-e", BUSTED, "/usr/bin/busted", "--lpath=/usr/share/lua/5.4/?.lua",
      "--cpath=/usr/lib/lua/5.4/?.so", "-o", "junit", "-Xoutput", "{report}", "{tests}" } },
    probe = { "lua5.4", "-l", "busted.runner", "-e", "" },
    report = { format = "junit", file = true },
  },
  {
    name = "pytest", markers = { "^pytest%.ini$", "^conftest%.py$", "test_[^/]*%.py$", "_test%.py$" },
    controls = { "conftest%.py$" },
    config = { "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", option = "-c", none = "/dev/null" },
    commands = { { "python3", "-I", "-X", "pycache_prefix=/tmp/pycache", "-c", PYTEST, "-q", "-p",
      "no:cacheprovider", "--rootdir=.", "--junitxml={report}", "{config}", "{tests}" } },
    probe = { "python3", "-I", "-c", "import pytest" },
    report = { format = "junit", file = true },
  },
  {
    name = "make", markers = { "^[Mm]akefile$", "^GNUmakefile$" },
    controls = { "[Mm]akefile$", "GNUmakefile$", "%.mk$" },
    commands = { { "make", "-s", "{tests}" } }, tests = { "test" },
  },
}

---@param name string
---@return Runner|nil
function M.named(name)
  for _, runner in ipairs(M.list) do
    if runner.name == name then
      return runner
    end
  end
end

local function has_one(paths, patterns)
  for path in pairs(paths) do
    for _, pattern in ipairs(patterns) do
      if path:find(pattern) then
        return true
      end
    end
  end
  return false
end

---The runner that a tree is meant for.
---@param paths table<string, any> by path
---@return Runner|nil
function M.detect(paths)
  for _, runner in ipairs(M.list) do
    if has_one(paths, runner.markers) then
      return runner
    end
  end
end

---Whether a path decides what the runner runs.
---@param runner Runner
---@param path string
---@return boolean
function M.is_control(runner, path)
  return has_one({ [path] = true }, runner.controls)
end

return M
