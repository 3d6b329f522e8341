-- limits.lua: how much a run and its turns may take, from three sources: what is shipped, the loop node, and
-- the organization, which has the last word.

local cjson = require("cjson")
local errors = require("orket.errors")
local nodes = require("orket.scripts.nodes")

local M = {}

local DEFAULTS = { steps = 50, seconds = 1800, concurrency = 4, window = 256, repeats = 3, nudges = 3,
  waits = 20, pauses = 50, drain = 30, outage = 3600, disk = 300 }
M.DEFAULTS = DEFAULTS -- where neither the organization nor the loop node says any
-- What the loop node may say at most.
local MOST = { steps = 10000, seconds = 604800, concurrency = 10000, window = 100000, repeats = 1000,
  nudges = 1000, waits = 10000, pauses = 1000, drain = 3600, tokens = 1e12, outage = 86400, disk = 86400 }
local WHOLE = { steps = true, concurrency = true, window = true, repeats = true, nudges = true, waits = true,
  pauses = true, tokens = true }

-- A setting as a node may give it: a number within its bounds, or nothing.
local function bounded(key, value)
  local most = MOST[key]
  if type(value) ~= "number" or not most or not (value >= 1 and value <= most) then
    return nil
  end
  return WHOLE[key] and math.tointeger(value // 1) or value
end

---Concurrency, steps, seconds: defaults, then what the loop node answered, then the organization's limits.
---What the node answers outside the bounds is ignored.
---@param node table entry of the loop node
---@param process table process_rules
---@return table<string, number>
function M.of(node, process)
  local answer, err = nodes.ask(node, "settings", process.limits or cjson.null)
  errors.pass(err)
  local asked = type(answer) == "table" and answer or {}
  local limits = { tokens = bounded("tokens", asked.tokens) }
  for key, value in pairs(DEFAULTS) do
    limits[key] = bounded(key, asked[key]) or value
  end
  for key, value in pairs(process.limits or {}) do
    limits[key] = value
  end
  return limits
end

return M
