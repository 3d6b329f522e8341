-- test.lua: `orket test CARD`: a card's verification on its files as they are in the journal, in a directory
-- of its own, beside whatever runs. Nothing of it is recorded.

local cjson = require("cjson")
local cli_report = require("orket.view.cli_report")
local concealed = require("orket.governance.concealed")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local fixtures = require("orket.verification.fixture")
local installation = require("orket.programs.installation")
local options = require("orket.options")
local projects = require("orket.project.project")
local scratches = require("orket.workspace.scratch")
local strings = require("orket.util.strings")
local style = require("orket.view.format.style")
local test_report = require("orket.verification.test_report")
local text = require("orket.view.format.text")
local tree_files = require("orket.workspace.tree_files")
local tree_state = require("orket.workspace.tree_state")
local verify = require("orket.verification.verify")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket test [-C DIR] [--control | --recorded] [--junit FILE] [--json] CARD[@EVENT]

Runs the verification of an issue on its files, as the journal has them, and prints what came of each case.
Works also while a run is under way, and records nothing: only a run gives verdicts.
  @EVENT        on the files after that event: a number of orket log, or RUN/TURN.N
  --control     without the card's files: a verification has to fail there, else it tests nothing of the card
  --recorded    the newest recorded report of the card instead, and runs nothing
  --junit FILE  writes the report as JUnit XML
  -C DIR        the project (default: found upwards from here)
  --json        {"card","fixture","tree","ok","counts","cases","why"}
exit: 0 passed (--control: failed, as it has to), 1 not, or it could not be run, 2 usage
]]

-- ---- what is tested ----

local function fixture_of(project, state)
  local about = state.card.data.verification
  local path = type(about) == "table" and about.fixture_path
  if not path then
    return nil, errors.new("ERR_NOT_FOUND", state.card.id .. " has no verification",
      'name one in the card: "verification": {"fixture_path": "NAME.json"}')
  end
  return fixtures.load(project, path)
end

local function place_of(project, state, root)
  local store, epic = state.store, state.card.epic or state.card.id
  local settings = { made = state.made, executable = tree_files.executable(store, epic) }
  local tree = { files = state.manifest, links = tree_files.links(store, epic) }
  return {
    root = root, files = state.manifest, seed = tree_files.seed_of(store, epic), is_proven = true,
    hash = tree_files.hash(state.manifest),
    restore = function()
      return disk.materialise(store, root, state.manifest, settings)
    end,
    clear = function()
      return disk.materialise(store, root, {})
    end,
    sweep = function()
      return errors.check(root:sweep())
    end,
    installed = installation.of_project(project, tree),
  }
end

-- In a directory of its own, from which nothing of the project or its keys is seen.
local function run_at(project, state, fixture, act)
  local held, err = concealed.hold(project.dir, project.config.organization)
  local scratch <close> = held and scratches.open()
  local root <close> = scratch and scratch.root:beneath("tree", { create = true })
  local result
  if root then
    result, err = act(fixture, place_of(project, state, root))
  end
  if held then
    held:release()
  end
  return result, err or not root and errors.new("ERR_IO", "no directory could be made for the test") or nil
end

local function tried(fixture, place)
  local verdict, err = verify.try(fixture, place)
  if not verdict then
    return nil, err
  end
  verdict.report.log = fixture.kind == "plain" and verdict.log or nil
  return verdict.report
end

local function run_now(project, args)
  local state <close>, err = tree_state.open(project.store, project.dir, args.card)
  local fixture, report
  if state then
    fixture, err = fixture_of(project, state)
  end
  if fixture then
    report, err = run_at(project, state, fixture, args.control and verify.control or tried)
  end
  if not report then
    return nil, err
  end
  report.card, report.fixture = state.card.id, fixture.path
  report.tree = not args.control and tree_files.hash(state.manifest) or nil
  return report
end

local function recorded(project, args)
  local newest = { card = args.card, kind = "verify.done", limit = 1 }
  local event = project.store:read("last_events", newest)[1]
  local bytes = event and event.body.report and project.store:blob(event.body.report)
  if bytes then
    local report = cjson.decode(bytes)
    report.card, report.tree, report.seq = args.card, event.body.tree, event.seq
    return report
  end
  return nil, errors.new("ERR_NOT_FOUND", "no report of " .. args.card .. " is recorded",
    "orket run records one when the card is handed over; orket test " .. args.card .. " runs it now")
end

-- ---- what is shown ----

local MARKS = { passed = "done", failed = "canceled", error = "canceled", skipped = "archived" }

local function print_case(case)
  local time = case.ms and string.format("  %d ms", case.ms) or ""
  wrap.print(style.mark(MARKS[case.status]) .. " " .. text.clean(case.name) .. "  " .. case.status .. time)
  if case.status ~= "passed" and case.why then
    wrap.print(text.block("    " .. strings.ended(case.why):gsub("\n", "\n    ")))
  end
end

local function print_report(report, args)
  for _, case in ipairs(report.cases) do
    print_case(case)
  end
  if report.why then
    wrap.print(text.block(strings.ended(report.why)))
  end
  local summary = test_report.summary(report.counts)
  if not args.control then
    wrap.print(summary .. (report.ok and "" or ": FAILED"))
  elseif report.ok then
    wrap.print(summary .. ": it passes without any file of the card, and tests nothing of it")
  else
    wrap.print(summary .. ": it fails without the card's files, as it has to")
  end
end

local function write_junit(name, report)
  local file, message = io.open(name, "wb")
  local ok = file and file:write(test_report.junit(report, report.card))
  if file and not (ok and file:close()) then
    message = "it cannot be written"
  end
  return message and errors.new("ERR_IO", name .. ": " .. message, "name a file that can be written") or nil
end

local function show(args, report)
  local err = args.junit and write_junit(args.junit, report)
  if err then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(report))
  else
    print_report(report, args)
  end
  return report.ok ~= (args.control == true) and 0 or 1
end

local KNOWN = { C = "value", json = "flag", control = "flag", recorded = "flag", junit = "value" }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, KNOWN, { "card" })
  if args and args.control and args.recorded then
    args, message = nil, "--control and --recorded exclude each other"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", {})
  local report
  if project then
    report, err = (args.recorded and recorded or run_now)(project, args)
  end
  if not report then
    return cli_report.failure(err)
  end
  return show(args, report)
end

return M
