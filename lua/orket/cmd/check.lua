-- check.lua: `orket check`: does the database say what its events say?

local cjson = require("cjson")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local options = require("orket.options")
local project = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local store = require("orket.core.store")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket check [--permits] [--json] [-C DIR | DIR]

Hashes every chain of events, every blob and every conversation of the project in DIR (default: here)
again, verifies the signed heads of the runs that ended, rebuilds the board from the events and compares it
with the stored one, row by row. Only reads; may run beside a running owner. Exit 0: sound, 1: not sound, or
it cannot be read.
  --permits  also: every effect of an agent has an allowed call and a permit in the journal
  --json     the report as one JSON object
]]

local function sentence(problem)
  local where = problem.where and (" " .. problem.where) or ""
  if problem.stored or problem.rebuilt then
    return string.format("%s%s: stored %s, rebuilt %s", problem.what, where,
      cjson.encode(problem.stored or cjson.null),
      cjson.encode(problem.rebuilt or cjson.null))
  end
  return string.format("%s%s: %s", problem.what, where, problem.why or "wrong")
end

local function show(result)
  for _, problem in ipairs(result.problems) do
    print(text.block(sentence(problem)))
  end
  if result.problem_count > #result.problems then
    print(string.format("… and %d more", result.problem_count - #result.problems))
  end
  print(string.format("%s: %d events in %d streams, %d blobs, %d messages, %d signed heads, %d rows rebuilt",
    result.ok and "sound" or "NOT SOUND",
    result.events, result.streams, result.blobs, result.messages, result.heads, result.rows))
end

local function without_database(dir)
  local err = project.without_board(dir)
  return err.code == "ERR_STORE_CORRUPT" and err
    or errors.new("ERR_NOT_FOUND", "there is no database in " .. dir, "name the project's directory")
end

local function check(dir)
  local root <close>, err = errors.check(fs.root(dir))
  if not root then
    return nil, err
  end
  local kind
  kind, err = errors.check(root:kind(".orket/orket.db"))
  if not kind then
    return nil, err.code == "ERR_NOT_FOUND" and without_database(dir) or err
  end
  local _ <close> = project.open_board(dir) -- what is wrong with it, the check says
  return errors.check(store.check(project.database(dir)))
end

-- Effects that nothing in the journal permitted, as problems.
local function add_unpermitted(dir, result)
  local db <close>, err = project.open_board(dir)
  if not db then
    return nil, err
  end
  for _, effect in ipairs(db:read("unpermitted", {})) do
    result.ok, result.problem_count = false, result.problem_count + 1
    result.problems[#result.problems + 1] = {
      what = effect.kind, where = string.format("%s/%s.%s", effect.run, effect.turn, effect.n),
      why = "nothing permitted it",
    }
  end
  return result
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", permits = "flag" }, { "C?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local dir = args.C or "."
  local result, err = check(dir)
  if result and args.permits then
    result, err = add_unpermitted(dir, result)
  end
  if not result then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(result))
  else
    show(result)
  end
  return result.ok and 0 or 1
end

return M
