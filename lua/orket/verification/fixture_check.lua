-- fixture_check.lua: whether a fixture is right: the shape of its kind, and what no shape can tell. Checked
-- when the project is, and again before each run: a person may have changed the file.

local errors = require("orket.errors")
local expectation = require("orket.verification.expectation")
local problem_list = require("orket.project.config.problem_list")
local runners = require("orket.verification.runners")
local sources = require("orket.project.config.source")

local M = {}

M.KINDS = { "plain", "browser", "command", "functions", "http", "runner" }

local IS_KIND = {}
for _, kind in ipairs(M.KINDS) do
  IS_KIND[kind] = true
end

---The kind that a value of JSON says; a fixture without a kind is one plain command.
---@param value any
---@return string
function M.kind(value)
  return type(value) == "table" and type(value.kind) == "string" and value.kind or "plain"
end

local PATTERNS = { "matches", "stderr_matches", "raises" }

local function check_patterns(source, expect, pointer, problems)
  for _, key in ipairs(PATTERNS) do
    local compiled, message = true, nil
    if expect[key] then
      compiled, message = expectation.pattern(expect[key])
    end
    if not compiled then
      problems:at(source, pointer .. "/" .. key, "the pattern cannot be used: " .. message,
        "write a regular expression of ECMA-262, without back references and lookbehind")
    end
  end
end

local function check_case(source, case, pointer, seen, problems)
  if seen[case.name] then
    problems:at(source, pointer .. "/name", "two cases are named '" .. case.name .. "'",
      "give each its own name")
  end
  seen[case.name] = true
  if source.value.kind == "command" and not case.argv and not source.value.argv then
    problems:at(source, pointer, "there is no command", "add argv, here or beside the cases")
  end
  check_patterns(source, case.expect or {}, pointer .. "/expect", problems)
end

local function check_kind(source, problems)
  local kind = M.kind(source.doc:value())
  if kind ~= "plain" and not IS_KIND[kind] then
    problems:at(source, "/kind", "there is no kind '" .. kind .. "' of fixtures",
      "one of " .. table.concat(M.KINDS, ", ", 2) .. "; without a kind it is one command")
  end
  return IS_KIND[kind] and sources.check(source, "fixture", kind, problems)
end

local function check_report(source, problems)
  local runner = source.value.report and runners.named(source.value.runner)
  if runner and runner.report then
    problems:at(source, "/report", runner.name .. " has a report of its own", "remove it")
  end
end

---Checks a fixture and fills source.value; what is wrong is in the problems.
---@param source Source
---@param problems Problems
function M.check(source, problems)
  if not check_kind(source, problems) then
    return
  end
  check_report(source, problems)
  local seen = {}
  for i, case in ipairs(source.value.cases or {}) do
    if type(case) == "table" and type(case.name) == "string" then
      check_case(source, case, "/cases/" .. i - 1, seen, problems)
    end
  end
end

---Reads a fixture that is to be run.
---@param root FsRoot of the project
---@param path string below verification/
---@return {value: table, text: string}|nil source
---@return Error|nil err with the first thing that is wrong
function M.read(root, path)
  local problems = problem_list.new()
  local source = sources.read(root, "verification/" .. path, problems)
  if source then
    M.check(source, problems)
  end
  local problem = problems:sorted()[1]
  if not problem then
    return source
  end
  return nil, errors.new(problem.code or "ERR_CONFIG", string.format("%s:%d: %s", problem.file, problem.line,
    problem_list.full_line(problem)), problem.fix)
end

return M
