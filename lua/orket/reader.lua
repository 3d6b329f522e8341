-- reader.lua: a project's database, read-only, for commands that look and do not touch.

local errors = require("orket.errors")
local projects = require("orket.project")
local store = require("orket.core.store")

local M = {}

---@param dir string project directory
---@return table|nil store
---@return Error|nil
function M.open(dir)
  local opened, err = errors.check(store.open(projects.database(dir), { readonly = true }))
  if not opened and err.code == "ERR_NOT_FOUND" then
    return nil, errors.new("ERR_NOT_FOUND", "there is no board in " .. dir, "run an epic first, or name the project with -C DIR")
  end
  return opened, err
end

return M
