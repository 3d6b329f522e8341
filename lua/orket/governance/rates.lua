-- rates.lua: the rates of the organization: token buckets over the calls of its agents. They live in the
-- memory of the process that owns the project, and a new one makes them again from the journal: to restart it
-- gains nothing.

local gate = require("orket.core.gate")
local sys = require("orket.core.sys")

local M = {}

local PLACE = "config/organization.json#/process_rules/rates"
-- seconds by which the clock of the buckets is ahead: what they remember is older than the machine's start
local BEGINNING = 5e8
local FILLINGS = 10 -- look so many times further back than a bucket takes to fill

---The buckets of the organization, full; nil when it has none.
---@param process table its process rules
---@return GateRates|nil
function M.of(process)
  local list = process.rates
  return type(list) == "table" and #list > 0 and assert(gate.rates(list, PLACE)) or nil
end

---The time, as the buckets count it.
---@return number seconds
function M.now()
  return BEGINNING + sys.monotonic()
end

local function at(clock, age)
  return math.max(0, clock - math.max(0, age))
end

---Takes from full buckets what the journal has let through. A bucket that was never empty forgets in the time
---that it takes to fill; of one that may not have been, what lies further back than is looked counts as used
---up.
---@param buckets GateRates|nil
---@param store Store
---@return GateRates|nil buckets
function M.recall(buckets, store)
  if not buckets then
    return nil
  end
  local now, clock = sys.now(), M.now()
  local lately = store:read("lately", { now = now, seconds = FILLINGS * buckets:longest() })[1]
  if lately.age then
    buckets:empty(at(clock, lately.age))
  end
  local calls = lately.since and store:read("calls_since", { now = now, since = lately.since })
  for _, call in ipairs(calls or {}) do
    buckets:count(at(clock, call.age), call.tool, call.role, call.model)
  end
  return buckets
end

return M
