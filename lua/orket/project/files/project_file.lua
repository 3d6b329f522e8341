-- project_file.lua: a file of a project, written by a command.

local errors = require("orket.errors")
local fs = require("orket.core.fs")

local M = {}

local function project(dir)
  local root, err = errors.check(fs.root(dir))
  if root and root:kind("config/organization.json") ~= "file" then
    root:close()
    return nil, errors.new("ERR_NOT_FOUND", dir .. " is not a project",
      "name one with -C DIR; orket init DIR makes a new one")
  end
  return root, err
end

---Writes a new file; one that is there stays as it is.
---@param dir string the project
---@param path string beneath it
---@param text string
---@return true|nil
---@return Error|nil ERR_NOT_FOUND: not a project, ERR_EXISTS
function M.add(dir, path, text)
  local root <close>, err = project(dir)
  if not root then
    return nil, err
  end
  local added, why, code, fix = root:add(path, text)
  if not added and code == "ERR_EXISTS" then
    return nil, errors.new(code, path .. " exists", "edit it, or remove it first")
  end
  return errors.check(added, why, code, fix)
end

---Writes a file that Orket made before, or a new one.
---@param dir string the project
---@param path string beneath it
---@param text string
---@return true|nil
---@return Error|nil ERR_NOT_FOUND: not a project
function M.replace(dir, path, text)
  local root <close>, err = project(dir)
  if not root then
    return nil, err
  end
  return errors.check(root:write(path, text))
end

return M
