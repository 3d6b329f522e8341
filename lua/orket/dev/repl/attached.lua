-- attached.lua: the REPL's end of a debugger (debugger.lua is the run's): two connections to the owner. One
-- holds the attachment, which ends with it, and hears of turns that stop; the other asks.

local async = require("orket.async")
local errors = require("orket.errors")
local owner = require("orket.project.owner")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local FIELDS = { "card", "wanted", "id", "why", "seconds" }

local Attached = {}
Attached.__index = Attached

local function ended(err)
  if err and (err.code == "ERR_IO" or err.code == "ERR_NOT_FOUND"
    and err.message == "no process owns the project") then
    return errors.new("ERR_NOT_FOUND", "the run is over", "orket show RUN shows how it ended")
  end
  return err
end

local function ask(connection, asked)
  local request = tables.pick(asked, FIELDS)
  request.act, request.who = "debug." .. asked.word, sys.user()
  local result, err = connection:ask(request)
  return result and result.answer, ended(err)
end

---Asks the run: see dev/debugger_acts.lua for the words.
---@param asked {word: string, card: string?, wanted: any, id: integer?, why: string?, seconds: number?}
---@return any|nil answer
---@return Error|nil
function Attached:ask(asked)
  local answer, err = nil, nil
  if not self.control then
    self.control, err = owner.connect(self.dir)
  end
  if self.control then
    answer, err = ask(self.control, asked)
  end
  if err and err.code == "ERR_CANCELED" then -- its answer may still come, and is nobody's
    self.control:close()
    self.control = nil
  end
  return answer, ended(err)
end

---Calls fn(stop) for each turn that stops, until the run is over; then fn(nil).
---@param fn fun(stop: table|nil)
function Attached:listen(fn)
  async.spawn(function()
    local stop, err
    repeat
      stop, err = ask(self.lease, { word = "wait", seconds = 3600 })
      if type(stop) == "table" then
        fn(stop)
      end
    until err
    fn(nil)
  end)
end

---Every turn goes on, no breakpoint is left.
function Attached:close()
  self.lease:close()
  if self.control then
    self.control:close()
  end
end

---@param dir string
---@return table|nil attached
---@return Error|nil
function M.open(dir)
  local self = setmetatable({ dir = dir }, Attached)
  local lease, unreached = owner.connect(dir)
  if not lease then
    return nil, unreached.code == "ERR_NOT_FOUND"
      and errors.new("ERR_NOT_FOUND", "no run is under way in " .. dir,
        "orket run in another terminal, then attach") or unreached
  end
  self.lease = lease
  local _, err = lease:ask({ act = "attach", who = sys.user() })
  if not err then
    self.control, err = owner.connect(dir)
  end
  if err then
    lease:close()
    return nil, err
  end
  return self
end

return M
