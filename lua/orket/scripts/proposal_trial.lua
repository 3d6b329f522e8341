-- proposal_trial.lua: proposed scripts, tried before a person says anything to them: recorded history is
-- judged by them (orket sim), and the fixtures of the policies are run (orket policy test), both in processes
-- of their own over a copy that no turn sees.

local command_answer = require("orket.programs.command_answer")
local errors = require("orket.errors")
local scratches = require("orket.workspace.scratch")
local scripts = require("orket.scripts.scripts")
local tables = require("orket.util.tables")

local M = {}

local BESIDE = { scripts.POLICIES, scripts.POLICIES .. "/fixtures", scripts.POLICIES .. "/tests" }
local SHOWN = 50 -- differences that are kept

local function copy_policies(root, scratch, files)
  for _, dir in ipairs(BESIDE) do
    for _, entry in ipairs(root:list(dir, 1000) or {}) do
      local path = dir .. "/" .. entry.name
      if entry.type == "file" and entry.name:find("^[^.].*%.[lj][us]") and files[path] == nil then
        local text, err = errors.check(root:read(path))
        local ok
        if text then
          ok, err = errors.check(scratch:write(path, text))
        end
        if not ok then
          return nil, err
        end
      end
    end
  end
  return true
end

local function lay_out(project, scratch, files)
  for path, text in pairs(files) do
    local ok, err = true, nil
    if text then
      ok, err = errors.check(scratch:write(path, text))
    end
    if not ok then
      return nil, err
    end
  end
  return copy_policies(project.root, scratch, files)
end

-- What was found, or why nothing was: an outcome either way, but where the machine failed.
local function outcome(answer, err, pick)
  if answer then
    return pick(answer)
  elseif errors.is_environment(err) then
    return nil, err
  end
  return { error = { code = err.code, message = err.message } }
end

local function simulated(answer)
  local shown = table.move(answer.differences, 1, math.min(#answer.differences, SHOWN), 1, {})
  return { judged = answer.judged, differ = answer.differ, differences = shown, runs = answer.runs,
    not_simulated = answer.not_simulated }
end

local function tested(answer)
  return { passed = answer.passed, failed = answer.failed, fixtures = answer.fixtures }
end

local function has_policies(files)
  for path in pairs(files) do
    if scripts.is_policy(path) then
      return true
    end
  end
  return false
end

-- Words of orket sim for what is to be removed.
local function without(files)
  local gone = {}
  for _, path in ipairs(tables.keys(files)) do
    gone[#gone + 1] = files[path] == false and path or nil
  end
  return #gone > 0 and { "--without", table.concat(gone, ",") } or {}
end

---In a task.
---@param project table opened as owner
---@param files table<string, string|false> texts by path; false: the file goes
---@return {simulation: table, fixtures: table|nil}|nil each what it came to, or {error}
---@return Error|nil of the environment
function M.run(project, files)
  local scratch <close>, err = scratches.open()
  local ok
  if scratch then
    ok, err = lay_out(project, scratch.root, files)
  end
  if not ok then
    return nil, err
  end
  local place = scratch.root:path()
  local answer, why = command_answer.ask(project, { "sim", "--json", "-C", project.dir, "--with", place,
    table.unpack(without(files)) })
  local simulation, fixtures
  simulation, err = outcome(answer, why, simulated)
  if simulation and has_policies(files) then
    answer, why = command_answer.ask(project, { "policy", "test", "--json", "-C", project.dir, place })
    fixtures, err = outcome(answer, why, tested)
  end
  return not err and { simulation = simulation, fixtures = fixtures } or nil, err
end

return M
