-- follow.lua: looks at a journal again whenever it changes, for commands with -f. The kernel reports changes
-- of the database's files; nothing polls.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local FIRST_PAUSE, LAST_PAUSE = 0.01, 3 -- seconds, doubling

-- Looks until nothing came for a while: the kernel reports a commit's bytes when they are written, readers
-- see them when they are safe on the disk, which is later.
local function look_on(self)
  local pause = FIRST_PAUSE
  while not self.over and pause < LAST_PAUSE do
    local found = self.look()
    self.over = found == nil
    pause = (found or self.changed) and FIRST_PAUSE or 2 * pause
    self.changed = false
    if not self.over then
      async.sleep(pause)
    end
  end
end

-- Nothing more comes: what came last is looked at.
local function end_with(self, gone, wake)
  local err = gone()
  while not self.over and self.look() do
  end
  self.over = true -- what is read from may be closed behind this
  wake(nil, err)
end

---Calls look() after each change of the project's database, until it answers nil or a signal arrives.
---@param dir string the project's directory
---@param look fun(): boolean|nil  whether there was anything new; nil: nothing more is wanted
---@param gone (fun(): Error)|nil  returns when nothing more can come, with why
---@param begun fun(stop: fun())|nil  is given what ends it
---@return Error|nil
function M.changes(dir, look, gone, begun)
  local self = { look = look }
  local _, err = async.suspend(function(wake)
    local function changed()
      self.changed = true
      if not self.looking then
        self.looking = true
        look_on(self)
        self.looking = false
      end
      if self.over then
        wake(true)
      end
    end
    if not async.watch(dir .. "/.orket", changed, true) then
      return wake(nil, errors.new("ERR_IO", "cannot watch " .. dir .. "/.orket", "look again without -f"))
    end
    local function stop()
      self.over = true
      wake(true)
    end
    async.on_signals({ "sigint", "sigterm" }, stop)
    if begun then
      begun(stop)
    end
    async.spawn(changed) -- what came before the watch
    if gone then
      async.spawn(end_with, self, gone, wake)
    end
  end)
  return err
end

return M
