-- workspaces.lua: the projects that one server serves, each a workspace of its own: own directory, own store,
-- own runs. "/w/NAME/v1/cards" means the one of that name, "/v1/cards" the first.

local async = require("orket.async")
local errors = require("orket.errors")
local route_table = require("orket.service.route_table")
local run_set = require("orket.scheduler.run_set")

local M = {}

---@class Workspaces
---@field first Service whose key, and whose address without a name, this server has
---@field names string[] in the order of the command
local Workspaces = {}
Workspaces.__index = Workspaces

local function twice(name, one, other)
  return errors.new("ERR_CONFIG", ("two projects are called %q: %s and %s"):format(name, one, other),
    "rename the directory of one of them")
end

---@param services Service[] at least one
---@return Workspaces|nil
---@return Error|nil two have one name
function M.new(services)
  local self = setmetatable({ first = services[1], names = {}, by_name = {} }, Workspaces)
  for i, service in ipairs(services) do
    local name = service.name
    if self.by_name[name] then
      return nil, twice(name, self.by_name[name].dir, service.dir)
    end
    self.names[i], self.by_name[name], service.workspaces = name, service, self
    service.routes, service.find_route = route_table.all(), route_table.find
  end
  for _, service in ipairs(services) do
    service.project.elsewhere = function(name)
      return self.by_name[name] and self.by_name[name].people
    end
  end
  return self
end

local function decoded(segment)
  return (segment:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

---Which project a path means, and the path in it. Views of the page stand beneath /w/ as well: they are the
---same for all projects.
---@param path string as it was sent
---@return Service|nil nil: there is none of that name
---@return string path
function Workspaces:find(path)
  local name, rest = path:match("^/w/([^/]+)(/.+)$")
  if not name or not route_table.begins(rest) then
    return self.first, path
  end
  return self.by_name[decoded(name)], rest
end

---Ready when each of them is.
---@return boolean
function Workspaces:ready()
  for _, service in pairs(self.by_name) do
    if not service.ready then
      return false
    end
  end
  return true
end

---Commits of one of them wait until its disk takes them.
---@return boolean
function Workspaces:waits_for_disk()
  for _, service in pairs(self.by_name) do
    if run_set.of(service.project).disk then
      return true
    end
  end
  return false
end

---What goes on by itself in a new process goes on.
function Workspaces:take_up()
  for _, name in ipairs(self.names) do
    self.by_name[name].runs:take_up()
  end
end

---Stops them beside one another. In a task.
---@param seconds number that replies under way are waited for
function Workspaces:close(seconds)
  local closing = {}
  for i, name in ipairs(self.names) do
    local service = self.by_name[name]
    closing[i] = async.spawn(service.close, service, seconds)
  end
  for _, task in ipairs(closing) do
    async.join(task)
  end
end

return M
