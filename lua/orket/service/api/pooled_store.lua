-- pooled_store.lua: the store as routes see it that read much: queries that look through all cards, turns or
-- reports run on a thread of the pool (store:read_aside), so that a run beside them is not held up. The rest
-- costs less than the way there, and is read at once. In a task.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")

local M = {}

local LONG = {}
for _, name in ipairs({ "parked", "capped", "pushes", "costs", "spent", "spent_since", "budgets",
  "rules_reported", "commands", "run_roles", "run_writes", "run_last_calls", "runs", "milestones", "backlog",
  "statuses", "turns", "sprint_cards", "servings", "examples", "audit", "timeline_gaps",
  "timeline_density", "timeline_turns", "timeline_cards" }) do
  LONG[name] = true
end

---The rows of a query as JSON text.
---@param store Store
---@param name string
---@param params table
---@return string
function M.text(store, name, params)
  local text, err = errors.check(async.await(store.read_aside, store, name, params))
  if not text then
    error(err) -- as store:read does: without the rows there is no answer
  end
  return text
end

local Pooled = {}

function Pooled.__index(self, name)
  local method = Pooled[name] or function(_, ...)
    return self.store[name](self.store, ...)
  end
  rawset(self, name, method)
  return method
end

function Pooled:read(name, params)
  if LONG[name] then
    return cjson.decode(M.text(self.store, name, params or {}))
  end
  return self.store:read(name, params)
end

---The service with such a store.
---@param service Service
---@return Service
function M.view(service)
  service.pooled = service.pooled or setmetatable({ store = setmetatable({ store = service.store }, Pooled) },
    { __index = service })
  return service.pooled
end

return M
