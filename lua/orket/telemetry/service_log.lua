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

local function line_of(row)
  row.at = row.at or sys.now()
  return redaction.clean(cjson.encode(row)) .. "\n"
end

---Writes a line, behind one that says how many are missing before it. row.kind says what it is about;
---docs/observability.md lists the kinds and their fields.
---@param row table
function Log:write(row)
  local text, missing = line_of(row), self.dropped - self.reported
  if missing > 0 then
    text = line_of({ kind = "dropped", lines = missing }) .. text
  end
  if self.outlet:write(text) then
    self.reported = self.dropped
  else
    self.dropped = self.dropped + 1
  end
end

---Waits for what was written, for a second. In a task.
function Log:close()
  self.outlet:close(LAST)
end

return M
