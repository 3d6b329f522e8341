-- watch.lua: directories of a project, watched for changes. One that is made, removed or put back while the
-- watch is on is noticed as well: the directory around them is watched too.

local async = require("orket.async")
local scripts = require("orket.scripts.scripts")

local M = {}

M.SCRIPTS, M.CONFIGURATION = scripts.KINDS, { "config" }

local BENEATH = { nodes = scripts.POLICIES } -- a directory of scripts in a directory of scripts

local Watch = {}
Watch.__index = Watch

local function stop(self, kind)
  if self.stops[kind] then
    self.stops[kind]()
  end
  self.stops[kind] = nil
end

-- What was watched under this name may be another directory by now, and so may the one in it.
local function watch(self, dir)
  stop(self, dir)
  self.stops[dir] = async.watch(self.dir .. "/" .. dir, function(name)
    local inner = BENEATH[dir]
    if inner and (not name or inner == dir .. "/" .. name) then
      watch(self, inner)
    end
    self.changed(name)
  end)
  if BENEATH[dir] then
    watch(self, BENEATH[dir])
  end
end

---Calls changed() in a task of its own whenever something in these directories may have changed, and in
---nodes/policy/ where nodes/ is one of them, with the name of the file when it is known. close() cancels the
---tasks that are in changed().
---@param dir string the project's directory
---@param kinds string[] SCRIPTS or CONFIGURATION
---@param changed fun(name: string|nil)
---@return table watch with close()
function M.open(dir, kinds, changed)
  local self = setmetatable({ dir = dir, stops = {}, tasks = {} }, Watch)
  function self.changed(name)
    if self.is_closed then -- a task that had begun to wait may come after the end
      return
    end
    local task = async.current()
    self.tasks[task] = true
    changed(name)
    self.tasks[task] = nil
  end
  local is_kind = {}
  self.stops[""] = async.watch(dir, function(name)
    if is_kind[name] then
      watch(self, name)
      self.changed()
    end
  end)
  for _, kind in ipairs(kinds) do
    is_kind[kind] = true
    watch(self, kind)
  end
  return self
end

function Watch:close()
  self.is_closed = true
  for name in pairs(self.stops) do
    stop(self, name)
  end
  for task in pairs(self.tasks) do
    async.cancel(task)
  end
end

Watch.__close = Watch.close

return M
