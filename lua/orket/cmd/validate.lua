-- validate.lua: `orket validate [DIR]`: everything that is wrong with a project, at once.

local acts = require("orket.governance.acts")
local cjson = require("cjson")
local code = require("orket.project.config.code")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local drift = require("orket.project.drift")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local gate_options = require("orket.governance.gate_options")
local tables = require("orket.util.tables")
local notice = require("orket.scripts.permission_delta.notice")
local options = require("orket.options")
local parked = require("orket.reports.parked")
local problem_list = require("orket.project.config.problem_list")
local projects = require("orket.project.project")
local roles = require("orket.people.roles")
local route_table = require("orket.service.route_table")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")
local unread = require("orket.project.config.unread")
local waits = require("orket.scripts.serving.waits")

local M = {}

M.usage = [[
usage: orket validate [--json] [-C DIR | DIR]

Checks every file of a project: shape, names, dependencies, separation of duties, scripts. The prompt and
route of each role of its own are called on sample cards.
  --json    {"ok":…,"errors":[…],"warnings":[…]}
Tells as well where the card files and the cards on the board differ.
exit: 0 usable (warnings may remain), 1 errors, 2 usage
]]

local function say(problem, kind)
  wrap.print(text.block(string.format("%s:%d: %s%s", problem.file, problem.line, kind,
    problem_list.full_line(problem))))
  if problem.fix then
    wrap.print(text.block("  fix: " .. problem.fix))
  end
end

local function count(map)
  local n = 0
  for _ in pairs(map) do
    n = n + 1
  end
  return n
end

local function summary(project)
  local issues = 0
  for _, epic in pairs(project.epics) do
    issues = issues + #epic.issues
  end
  return string.format("ok: %d rocks, %d epics, %d issues, %d teams", count(project.rocks),
    count(project.epics),
    issues, count(project.teams))
end

-- Where files and board differ, when there is a board.
local function add_drift(dir, project, warnings, origins)
  local board <close> = projects.open_board(dir)
  if board then
    local found = drift.problems(drift.find(board, project), origins)
    table.move(found, 1, #found, #warnings + 1, warnings)
  end
end

-- The rules the gate is to be built from; none when they have been refused already.
local function options_of(project, problems)
  for _, problem in ipairs(problems) do
    if problem.file == "config/organization.json" then
      return {}
    end
  end
  return gate_options.of(project.organization.process_rules)
end

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

local function file_of(row)
  if row.policy then
    return row.policy
  elseif row.rule then
    return "roles/" .. row.role .. ".lua"
  end
  return row.tool and "tools/" .. row.tool .. ".lua" or "roles"
end

-- Scripts that make more possible than those that served last: the next run has them wait.
local function add_growth(dir, warnings)
  local waiting = waits.of_files(dir)
  if waiting then
    local row = waiting.delta[1]
    warnings[#warnings + 1] = {
      file = file_of(row), line = 1, path = "",
      message = "the scripts make more possible than those that served last: " .. notice.line(row)
        .. (#waiting.delta > 1 and ", and " .. #waiting.delta - 1 .. " more" or ""),
      fix = "orket policy delta shows all of it, " .. notice.command(waiting.generation, dir)
        .. " accepts it",
    }
  end
end

-- Where programs of agents would see what they must not.
local function add_concealed(dir, project, problems, origins)
  local faults, err = concealed.faults(dir, project.organization)
  local origin = origins[project.organization]
  for _, fault in ipairs(faults or { err }) do
    local path = fault.key and origin.path .. "/keys/" .. fault.key .. "/file" or ""
    problems[#problems + 1] = { file = origin.source.file, line = origin.source:line(path), path = path,
      code = fault.code,
      message = fault.message, fix = errors.fix_of(fault) }
  end
end

-- Words of people's roles that give nothing: a typing mistake, mostly.
local function add_unknown_words(project, warnings, origins)
  local origin, known = origins[project.organization], tables.set(tables.keys(acts.all()))
  for _, route in ipairs(route_table.all()) do
    known[route.name] = true
  end
  for _, one in ipairs(roles.unknown(project.organization, known)) do
    local path = ("%s/people/roles/%s/%d"):format(origin.path, one.role, one.at - 1)
    local message = "'%s' is no permission, route or act: it gives the role '%s' nothing"
    warnings[#warnings + 1] = {
      file = origin.source.file, line = origin.source:line(path), path = path, warning = true,
      message = message:format(one.word, one.role),
      fix = "docs/auth.md has the permissions, docs/api.md and docs/acts.md the names",
    }
  end
end

-- What is read of a project, and what is wrong with it: {project, errors, warnings}.
local function check(dir)
  local project, found = config.read(dir)
  local problems, warnings, origins = found.errors, found.warnings, found.origins
  local root <close> = fs.root(dir)
  if root and project.rules then
    for _, one in ipairs(code.problems(root, options_of(project, problems))) do
      local severity = one.warning and warnings or problems
      severity[#severity + 1] = one
    end
  end
  if #problems == 0 then
    add_concealed(dir, project, problems, origins)
    add_drift(dir, project, warnings, origins)
    add_growth(dir, warnings)
    add_unknown_words(project, warnings, origins)
    local keys = unread.problems(project, origins)
    table.move(keys, 1, #keys, #warnings + 1, warnings)
  end
  return { project = project, errors = array(problems), warnings = array(warnings) }
end

-- What a person does next: runs the only rock or epic there is, or chooses one.
local function next_step(project, dir)
  local names = tables.keys(next(project.rocks or {}) and project.rocks or project.epics or {})
  return "next: orket run" .. parked.option(dir) .. (#names == 1 and " " .. names[1] or "")
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "C?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local found = check(args.C or ".")
  local problems = found.errors
  if args.json then
    print(text.json({ ok = #problems == 0, errors = problems, warnings = found.warnings }))
    return #problems == 0 and 0 or 1
  end
  for _, problem in ipairs(problems) do
    say(problem, "")
  end
  for _, problem in ipairs(found.warnings) do
    say(problem, "warning: ")
  end
  if #problems > 0 then
    print(#problems .. (#problems == 1 and " error" or " errors"))
    return 1
  end
  print(summary(found.project))
  if sys.is_tty(1) then
    wrap.print(next_step(found.project, args.dir or args.C))
  end
  return 0
end

return M
