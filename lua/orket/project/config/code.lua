-- code.lua: what is wrong with a project's scripts, as problems with file and line: they are prepared and
-- held against their contracts as for a run, together with the organization rules, and then dropped.

local embed = require("orket.core.embed")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local role_samples = require("orket.project.config.role_samples")
local script_names = require("orket.project.config.script_names")
local scripts = require("orket.scripts.scripts")

local M = {}

-- "roles/x.lua:3: why" -> {file, line, message}; the gate's complaints name the role or tool.
local function place(path, message)
  local line, why = message:match("^" .. path:gsub("%p", "%%%0") .. ":(%d+): (.*)$")
  if line then
    return { file = path, line = tonumber(line), message = why }
  elseif path == "gate" then
    local kind, name = message:match("^(%l+) '([%w._-]+)'")
    local is_script = kind == "role" or kind == "tool"
    path = is_script and kind .. "s/" .. name .. ".lua" or "config/organization.json"
  end
  return { file = path, line = 1, message = (message:gsub("^" .. path:gsub("%p", "%%%0") .. ": ", "")) }
end

local function problem_of(one)
  local problem = place(one.path, one.err.message)
  problem.path, problem.fix = "", errors.fix_of(one.err)
  problem.code = errors.is_machine(one.err.code) and one.err.code or nil
  return problem
end

local function append(all, more)
  table.move(more, 1, #more, #all + 1, all)
end

-- What the project's own scripts do wrong, although they keep their contracts.
local function add_faults(problems, generation)
  for _, path in ipairs(tables.keys(generation.files)) do
    local entry = generation.files[path]
    if entry.text ~= embed.read(path) then
      append(problems, script_names.problems(entry))
      append(problems, entry.kind == "roles" and role_samples.problems(entry) or {})
    end
  end
end

---Where the machine failed nothing else is reported: it may well follow from that.
---@param root FsRoot of the project
---@param options GateOptions nothing when they are known to be wrong
---@return Problem[] those with `warning` set refuse nothing
function M.problems(root, options)
  local texts, unread = scripts.texts(root)
  local generation, refused = scripts.build(texts, options)
  local problems, failures = {}, {}
  for _, found in ipairs({ unread, refused }) do
    for _, one in ipairs(found) do
      local problem = problem_of(one)
      problems[#problems + 1] = problem
      failures[#failures + 1] = problem.code and problem or nil
    end
  end
  if generation and #problems == 0 then
    add_faults(problems, generation)
  end
  return #failures > 0 and failures or problems
end

return M
