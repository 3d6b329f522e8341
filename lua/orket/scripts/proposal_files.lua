-- proposal_files.lua: the files of a proposal: texts by path, false for one that is to be removed. Where they
-- may lie, how large they may be, and what a removal would leave without the script that it names.

local async = require("orket.async")
local cjson = require("cjson")
local code = require("orket.project.config.code")
local config = require("orket.project.config")
local errors = require("orket.errors")
local overlay = require("orket.project.config.overlay")
local tables = require("orket.util.tables")

local M = {}

local FILES_MOST, BYTES_MOST = 50, 256 * 1024
local PLACES = { "^roles/[%w_-]+%.lua$", "^nodes/[%w_-]+%.lua$", "^tools/[%w_-]+%.lua$",
  "^nodes/policy/[%w_-]+%.lua$", "^nodes/policy/fixtures/[%w_-]+%.json$" }

---What is wrong with one file of a proposal.
---@param path string
---@param message string
---@param fix string|nil
---@return Error
function M.fault(path, message, fix)
  local err = errors.new("ERR_SCHEMA", path .. ": " .. message, fix)
  err.errors = { { path = "/files/" .. path:gsub("~", "~0"):gsub("/", "~1"), message = message } }
  return err
end

---Directories of what may be proposed.
M.DIRECTORIES = { "roles", "nodes", "tools", "nodes/policy", "nodes/policy/fixtures" }

---May a file of this path be proposed?
---@param path string
---@return boolean
function M.is_place(path)
  for _, pattern in ipairs(PLACES) do
    if path:find(pattern) and #path <= 128 then
      return true
    end
  end
  return false
end

-- The same of one that is to be removed.
local function removal_fault(path, message, fix)
  local err = M.fault(tostring(path), message, fix)
  err.errors[1].path = "/removed"
  return err
end

local function fault_of(path, text)
  local fault = text and M.fault or removal_fault
  if not M.is_place(path) then
    return fault(path, "no place of a script", "roles/NAME.lua, nodes/NAME.lua, tools/NAME.lua, "
      .. "nodes/policy/NAME.lua or nodes/policy/fixtures/NAME.json")
  elseif text and (type(text) ~= "string" or #text > BYTES_MOST) then
    return M.fault(path, "not a text of at most " .. BYTES_MOST .. " bytes")
  end
end

---What is proposed.
---@param request {files: table<string, string>?, removed: string[]?}
---@return table<string, string|false>|nil files
---@return Error|nil ERR_SCHEMA
function M.of(request)
  local files = {}
  for path, text in pairs(request.files or {}) do
    files[tostring(path)] = text or cjson.null
  end
  for _, path in ipairs(request.removed or {}) do
    if type(path) ~= "string" or files[path] ~= nil then
      return nil, removal_fault(path, "no path, or named twice", "write a file or remove it")
    end
    files[path] = false
  end
  local paths = tables.keys(files)
  if #paths == 0 or #paths > FILES_MOST then
    return nil, errors.new("ERR_SCHEMA", "a proposal has 1 to " .. FILES_MOST .. " files",
      "propose them in parts")
  end
  for _, path in ipairs(paths) do
    local err = fault_of(path, files[path])
    if err then
      return nil, err
    end
  end
  return files
end

---The project's own texts of these paths, as they are now; what is not there is nil.
---@param project table
---@param files table<string, any>
---@return table<string, string>|nil
---@return Error|nil
function M.present(project, files)
  local now = {}
  for path in pairs(files) do
    local text, err = errors.check(project.root:read(path))
    if not text and err.code ~= "ERR_NOT_FOUND" then
      return nil, err
    elseif not text and files[path] == false then
      return nil, removal_fault(path, "the project has no such file to remove",
        "only files of the project itself can be removed, no shipped ones")
    end
    now[path] = text
  end
  return now
end

-- What would name a removed script, and what a script would name that is gone: the first such fault.
local function broken_by(project, files)
  local place = overlay.over(project.root, files)
  for _, find in ipairs({
    function(more) return select(2, config.read(project.dir, more, async.breather())).errors end,
    function(more) return code.problems(more and place or project.root, project:rules()) end,
  }) do
    local known = {}
    for _, problem in ipairs(find()) do
      known[problem.file .. problem.path .. problem.message] = true
    end
    for _, problem in ipairs(find(files)) do
      if not known[problem.file .. problem.path .. problem.message] and not problem.warning then
        return problem
      end
    end
  end
end

---A removal that leaves a name behind is refused at the file that is to be removed.
---@param project table
---@param files table<string, string|false>
---@return Error|nil ERR_SCHEMA
function M.removable(project, files)
  local gone
  for _, path in ipairs(tables.keys(files)) do
    gone = gone or files[path] == false and path
  end
  local problem = gone and broken_by(project, files)
  return problem and removal_fault(gone, "cannot be removed: " .. problem.file .. ": " .. problem.message,
    "change first what names it")
end

return M
