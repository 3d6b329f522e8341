-- code.lua: what is wrong with a project's scripts, as problems with file and line: they are prepared and
-- held against their contracts as for a run, together with the house rules, and then dropped.

local errors = require("orket.errors")
local scripts = require("orket.scripts")

local M = {}

-- "roles/x.lua:3: why" -> 3, why; the gate's complaints name the role or tool.
local function place(path, message)
  local line, why = message:match("^" .. path:gsub("%p", "%%%0") .. ":(%d+): (.*)$")
  if line then
    return path, tonumber(line), why
  elseif path == "gate" then
    local kind, name = message:match("^(%l+) '([%w._-]+)'")
    local is_script = kind == "role" or kind == "tool"
    path = is_script and kind .. "s/" .. name .. ".lua" or "config/organization.json"
  end
  return path, 1, (message:gsub("^" .. path:gsub("%p", "%%%0") .. ": ", ""))
end

local function problem_of(one)
  local file, line, message = place(one.path, one.err.message)
  return {
    file = file, line = line, path = "", message = message, fix = errors.cure(one.err),
    code = errors.is_machine(one.err.code) and one.err.code or nil,
  }
end

---Where the machine failed nothing else is told: it may well follow from that.
---@param root FsRoot of the project
---@param house House nothing when they are known to be wrong
---@return Problem[]
function M.problems(root, house)
  local texts, unread = scripts.texts(root)
  local _, refused = scripts.build(texts, house)
  local problems, failures = {}, {}
  for _, list in ipairs({ unread, refused }) do
    for _, one in ipairs(list) do
      local problem = problem_of(one)
      problems[#problems + 1] = problem
      failures[#failures + 1] = problem.code and problem or nil
    end
  end
  return #failures > 0 and failures or problems
end

return M
