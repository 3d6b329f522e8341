-- service_log.lua: what is no event, as lines of JSON: requests, what the server itself begins and ends, what
-- took too long. A reader that is slow or gone holds nothing up: lines are dropped then, and counted.

local cjson = require("cjson")
local outlet = require("orket.async.outlet")
local redaction = require("orket.telemetry.redaction")
local sys = require("orket.core.sys")

local M = {}

local STDERR = 2
local WAITING = 1 << 20 -- bytes of lines that wait to be written
local LAST = 1 -- second that they are waited for at the end

local Log = {}
Log.__index = Log

---@return {dropped: integer, write: fun(self, row: table), close: fun(self)} log
function M.open()
  return setmetatable({ outlet = outlet.open(STDERR, WAITING), dropped = 0, reported = 0 }, Log)
end

local function put(self, row)
  row.at = row.at or sys.now()
  local written = self.outlet:write(redaction.clean(cjson.encode(row)) .. "\n")
  self.dropped = self.outlet.dropped
  return written
end

-- A gap is said where it was.
local function put_gap(self)
  local missing = self.dropped - self.reported
  if missing > 0 and put(self, { kind = "dropped", lines = missing }) then
    self.reported = self.reported + missing
  elseif missing > 0 then
    self.outlet.dropped = self.outlet.dropped - 1 -- the report itself is no line that is missing
    self.dropped = self.outlet.dropped
  end
end

---Writes a line. row.kind says what it is about; docs/observability.md lists the kinds and their fields.
---@param row table
function Log:write(row)
  put_gap(self)
  put(self, row)
end

---Waits for what was written, for a second. In a task.
function Log:close()
  put_gap(self)
  self.outlet:close(LAST)
end

return M
