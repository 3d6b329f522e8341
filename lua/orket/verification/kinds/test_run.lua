-- test_run.lua: fixtures that run a project's own tests with its runner. The counts come from the runner's
-- report, at a path that no program could know before; report, exit code and what the fixture asks for have
-- to agree. Code under test that shares a process with its runner could still change what that reports:
-- docs/verification.md says where.

local errors = require("orket.errors")
local runners = require("orket.verification.runners")
local strings = require("orket.util.strings")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")
local test_tree = require("orket.verification.test_tree")

local M = {}

local FORMATS = {
  junit = require("orket.verification.formats.junit"), tap = require("orket.verification.formats.tap"),
  go_json = require("orket.verification.formats.go_json"),
  cargo_text = require("orket.verification.formats.cargo_text"),
}
local REPORT_MAX = 16 * 1024 * 1024
local TOLD = 2000 -- bytes of a runner's output

local function failed(why)
  return { cases = {}, why = why }
end

-- ---- what decides how the tests run ----

-- What an agent wrote, changed or deleted, and the fixture does not lay over it.
local function is_of_agent(tree, path)
  return not tree.overlay[path] and tree.files[path] ~= tree.seed[path]
end

local function foreign_control(tree, runner)
  for _, files in ipairs({ tree.files, tree.seed }) do
    for _, path in ipairs(tables.keys(files)) do
      if is_of_agent(tree, path) and runners.is_control(runner, path) then
        return string.format("%s decides how %s runs the tests, and an agent changed it: leave it as it was; "
          .. "what the tests need can lie in verification/%s/tree/", path, runner.name, tree.fixture.name)
      end
    end
  end
end

-- The settings that the runner reads: a file that no agent wrote, or none.
local function config_of(tree, runner)
  if not runner.config then
    return {}
  end
  for _, path in ipairs(runner.config) do
    if tree.overlay[path] or tree.files[path] and not is_of_agent(tree, path) then
      return { runner.config.option, path }
    end
  end
  return { runner.config.option, runner.config.none }
end

-- ---- one run ----

local function places()
  local name = ".orket-" .. sys.nonce()
  return { directory = name, report = name .. "/report", build = name .. "/build" }
end

local function filled(text, names, home)
  return (text:gsub("{(%l+)}", function(name)
    return (name == "report" or name == "build") and home .. "/" .. names[name] or nil
  end))
end

local function argv_of(tree, runner, command, names)
  local tests = tree.fixture.value.tests or runner.tests or {}
  local lists = { ["{tests}"] = tests, ["{config}"] = config_of(tree, runner) }
  local argv, home = {}, tree.root:path()
  for _, word in ipairs(command) do
    for _, one in ipairs(lists[word] or { filled(word, names, home) }) do
      argv[#argv + 1] = one
    end
  end
  return argv
end

local function env_of(runner, names, home)
  local env = {}
  for key, value in pairs(runner.env or {}) do
    env[key] = filled(value, names, home)
  end
  return env
end

-- The commands in turn; one that fails before the last is the result.
local function run_commands(tree, runner, names)
  local result, err
  local env = env_of(runner, names, tree.root:path())
  for i, command in ipairs(runner.commands) do
    result, err = tree:run(argv_of(tree, runner, command, names), { env = env })
    if not result then
      return nil, err.code == "ERR_PROC" and test_tree.missing(runner.name) or err
    elseif i < #runner.commands and result.exit ~= 0 then
      break
    end
  end
  return result
end

local function is_missing(tree, runner)
  local probed = runner.probe and tree:run(runner.probe)
  return probed ~= nil and probed ~= false and probed.exit ~= 0
end

-- ---- what came of it ----

local function tail(result)
  local text = strings.of_bytes((result.stdout .. result.stderr):sub(-TOLD))
  return text ~= "" and "\n" .. text or ""
end

local function report_of(tree, runner, names, result)
  local wanted = runner.report or tree.fixture.value.report or { format = "tap" }
  if not wanted.file then
    return result.stdout, wanted.format
  end
  return tree.root:read(wanted.file == true and names.report or wanted.file, REPORT_MAX), wanted.format
end

-- What a report says and the exit code does not, or the other way round.
local function contradiction(result, cases)
  local bad = 0
  for _, case in ipairs(cases) do
    bad = bad + ((case.status == "failed" or case.status == "error") and 1 or 0)
  end
  if result.limit or result.signal then
    return "it was " .. test_tree.ending(result)
  elseif (result.exit == 0) ~= (bad == 0) and #cases > 0 then
    return string.format("it ended with %s, and its report has %d failures", test_tree.ending(result), bad)
  end
end

-- What the fixture asks for and the report does not have.
local function lacking(value, cases)
  local passed, count = {}, 0
  for _, case in ipairs(cases) do
    passed[case.name] = case.status == "passed" or nil
    count = count + (case.status ~= "skipped" and 1 or 0)
  end
  for _, name in ipairs(value.require or {}) do
    if not passed[name] then
      return "the test " .. name .. " did not pass, and the fixture requires it"
    end
  end
  if count < (value.minimum or 1) then
    return string.format("%d tests were run, and the fixture asks for %d", count, value.minimum or 1)
  end
end

local function judge(tree, runner, names, result)
  local text, format = report_of(tree, runner, names, result)
  if not text then
    return failed(runner.name .. " left no report: " .. test_tree.ending(result) .. tail(result))
  end
  local cases, message = FORMATS[format].parse(text)
  if not cases then
    return failed("the report of " .. runner.name .. " is not " .. format .. ": " .. message .. tail(result))
  end
  local why = contradiction(result, cases) or lacking(tree.fixture.value, cases)
  return { cases = cases, why = why and why .. (#cases == 0 and tail(result) or "") }
end

-- A report that was there before is not the runner's.
local function clear_report(tree)
  local wanted = tree.fixture.value.report
  return wanted and wanted.file and tree.root:delete(wanted.file)
end

local function run(tree, runner)
  local names = places()
  local ok, err = tree:begin()
  if ok then
    clear_report(tree)
    ok, err = errors.check(tree.root:mkdir(names.directory))
  end
  local result
  if ok then
    result, err = run_commands(tree, runner, names)
  end
  if not result then
    return nil, err
  end
  local found = judge(tree, runner, names, result)
  if #found.cases == 0 and is_missing(tree, runner) then
    return nil, test_tree.missing(runner.name)
  end
  return found
end

-- What the files are meant for that no agent wrote decides; only where they do not tell, all files do.
local function detected(tree)
  local own, all = {}, {}
  for _, files in ipairs({ tree.files, tree.overlay }) do
    for path in pairs(files) do
      all[path], own[path] = true, not is_of_agent(tree, path) or nil
    end
  end
  return runners.detect(own) or runners.detect(all)
end

---@param tree TestTree
---@return {cases: TestCase[], why: string|nil}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree)
  local name = tree.fixture.value.runner
  local runner = runners.named(name) or detected(tree)
  if not runner then
    return failed("no test runner is known for these files")
  end
  local foreign = foreign_control(tree, runner)
  if foreign then
    return failed(foreign)
  end
  return run(tree, runner)
end

return M
