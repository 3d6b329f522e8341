-- verify.lua: a card's fixture is run on the card's tree. The verdict is for exactly this tree and this
-- fixture.
--
-- Everything that is the card's fault is a verdict, also a program that cannot be started: the card may be
-- what makes it. What no card can fix is an error, and no verdict. A fixture with a kind has to show once
-- that it can fail: its control is a run without the card's files, which must not pass.

local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local installation = require("orket.programs.installation")
local fixtures = require("orket.verification.fixture")
local test_report = require("orket.verification.test_report")
local test_tree = require("orket.verification.test_tree")

local M = {}

local KINDS = {
  plain = require("orket.verification.kinds.plain_command"),
  browser = require("orket.verification.kinds.browser_cases"),
  command = require("orket.verification.kinds.command_cases"),
  functions = require("orket.verification.kinds.function_cases"),
  http = require("orket.verification.kinds.http_cases"),
  runner = require("orket.verification.kinds.test_run"),
}

M.STALE = "the fixture has changed since its verdict"

---@class Verdict
---@field ok boolean
---@field tree string         hash of the card's files
---@field fixture string|nil  hash of the fixture; older journals have none
---@field log string          for whoever works on the card
---@field counts TestCounts|nil
---@field control TestCounts|nil  of the run without the card's files, where there was one
---@field report TestReport|nil   of one that was run, else its blob:
---@field blob string|nil
---@field ran {argv: string[]?, wall: number, ms: integer}|nil  older journals have none
---@field installed string[]|nil  keys of the installations that its programs were shown

---@class VerdictPlace
---@field root FsRoot
---@field hash string                 of files
---@field files table<string, string> the card's
---@field seed table<string, string>  those that its epic began with
---@field restore fun(): any, Error|nil
---@field clear fun(): any, Error|nil  takes all files away
---@field sweep fun(): any, Error|nil  after a program: removes what no path names
---@field installed InstalledPlace    what programs have of what is installed for the files
---@field is_equal boolean?           the directory is equal to files
---@field is_proven boolean?          the fixture has shown that it can fail

---The newest verdict of the card, when it passed and is for this tree.
---@param store Store
---@param card string
---@param tree string its hash
---@return {fixture: string|nil}|nil verdict
function M.passed(store, card, tree)
  local row = store:read("verdict", { card = card })[1]
  return row and row.tree == tree and row.ok == 1 and row or nil
end

---Whether a fixture is still the one that a verdict is of.
---@param project table
---@param path string below verification/
---@param hash string|nil as the verdict recorded it; older ones did not
---@return boolean|nil
---@return Error|nil the machine could not look
function M.is_current(project, path, hash)
  if not hash then
    return true
  end
  local fixture, err = fixtures.load(project, path)
  if errors.is_environment(err) then
    return nil, err
  end
  return fixture ~= nil and fixture.hash == hash
end

local function run_kind(fixture, place)
  return KINDS[fixture.kind].run(test_tree.new(fixture, place))
end

local function report_of(found, fixture)
  return test_report.of(found.cases, { skips = fixture.value.skips, why = found.why })
end

---Runs only the control: the fixture without any file of the card's.
---@param fixture Fixture
---@param place VerdictPlace
---@return TestReport|nil report
---@return Error|nil err
function M.control(fixture, place)
  local found, err = run_kind(fixture, { root = place.root, files = {}, seed = {}, restore = place.clear,
    sweep = place.sweep, installed = place.installed })
  return found and report_of(found, fixture), err
end

local function cannot_fail(fixture)
  return errors.new("ERR_CONFIG", "verification/" .. fixture.path
    .. " passes without any file of the card: it cannot fail",
    "let it test something of the card; orket test CARD --control runs it without the card's files")
end

-- What ran: the command of all cases, if there is one, the limit of each program and how long the cases took.
local function ran_of(fixture, cases)
  local ms = 0
  for _, case in ipairs(cases) do
    ms = ms + (case.ms or 0)
  end
  return { argv = fixture.value.argv, wall = fixture.value.wall, ms = ms }
end

---Runs a fixture on the files of a card.
---@param fixture Fixture
---@param place VerdictPlace
---@return Verdict|nil verdict
---@return Error|nil err  no fault of the card
function M.try(fixture, place)
  local found, err = run_kind(fixture, place)
  if not found then
    return nil, err
  end
  local report, control = report_of(found, fixture), nil
  if report.ok and fixture.kind ~= "plain" and not place.is_proven then
    control, err = M.control(fixture, place)
    err = control and control.ok and cannot_fail(fixture) or err
  end
  if err then
    return nil, err
  end
  return { ok = report.ok, tree = place.hash, fixture = fixture.hash, counts = report.counts, report = report,
    log = found.log or test_report.text(report, true), control = control and control.counts,
    ran = ran_of(fixture, found.cases),
    installed = place.installed.keys[1] and place.installed.keys or nil }
end

-- A verdict of this fixture that failed, or that had a control, shows that it can fail.
local function is_proven(store, card, hash)
  for _, event in ipairs(store:read("last_events", { card = card, kind = "verify.done", limit = 20 })) do
    local body = event.body
    if body.fixture == hash and (not body.ok or body.control) then
      return true
    end
  end
  return false
end

---Runs a card's fixture on its tree. The tree is not put back.
---@param project table
---@param card {id: string, fixture: string}
---@param tree table
---@return Verdict|nil verdict
---@return Error|nil err  no fault of the card: the fixture cannot be read, nothing can be isolated here
function M.run(project, card, tree)
  local fixture, err = fixtures.load(project, card.fixture)
  if not fixture then
    return nil, err
  end
  return M.try(fixture, {
    root = tree.root, files = tree.files, seed = tree.seed, hash = tree:hash(), is_equal = true,
    is_proven = is_proven(tree.store, card.id, fixture.hash),
    restore = function()
      return tree:restore()
    end,
    clear = function()
      return disk.materialise(tree.store, tree.root, {})
    end,
    sweep = function()
      local removed, why = tree:sweep()
      if not removed then
        return nil, why
      end
      return tree:wake()
    end,
    installed = installation.of_project(project, tree),
  })
end

---What verify.done records of a verdict.
---@param tx table  takes the report as a blob
---@param verdict Verdict
---@param labels string[]|nil
---@return table body
function M.record(tx, verdict, labels)
  return { tree = verdict.tree, ok = verdict.ok, log = verdict.log, labels = labels,
    fixture = verdict.fixture, counts = verdict.counts, control = verdict.control,
    installed = verdict.installed, ran = verdict.ran,
    report = verdict.report and tx:blob(cjson.encode(verdict.report)) or verdict.blob }
end

return M
