-- reader.lua: a project's database, read-only, for commands that look and do not touch.

local errors = require("orket.errors")
local fs = require("orket.core.fs")
local projects = require("orket.project")
local store = require("orket.core.store")

local M = {}

---@param dir string project directory
---@return table|nil store
---@return Error|nil
function M.open(dir)
  local root <close> = fs.root(dir)
  if not root or not root:kind(".orket/orket.db") then
    return nil, errors.new("ERR_NOT_FOUND", "there is no board in " .. dir, "run an epic first, or name the project with -C DIR")
  end
  return errors.check(store.open(projects.database(dir), { readonly = true }))
end

return M
