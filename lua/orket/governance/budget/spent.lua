-- spent.lua: what was spent so far, as the journal has it: sums by scope and name.

local M = {}

local ONE = { "organization", "epics", "users", "roles", "cards" }

-- As caps count it.
local function sums_of(row)
  return { tokens = row.tokens, money = row.money, calls = row.calls, seconds = row.took, disk = row.disk,
    turns = row.turns }
end

---A day, UTC.
---@param at string RFC 3339
---@return string
function M.day(at)
  return at:sub(1, 10)
end

---Today; never before the day of the newest event, whatever the clock says.
---@param store Store
---@param now string
---@return string
function M.today(store, now)
  local newest = store:read("last_events", { limit = 1 })[1]
  local today, last = M.day(now), newest and M.day(newest.at) or ""
  return last > today and last or today
end

---@param store Store
---@param epic string|nil  only cards of this one
---@param day string|nil  what the organization spent on this day takes the place of all that it spent
---@return table<string, table<string, table>> spent  scope -> name ("" of the organization) -> kind -> amount
function M.read(store, epic, day)
  local spent = {}
  for _, scope in ipairs(ONE) do
    spent[scope] = {}
  end
  for _, row in ipairs(store:read("spent", { epic = epic })) do
    spent[row.scope][row.name] = sums_of(row)
  end
  if day then
    spent.organization[""] = sums_of(store:read("spent_since", { since = day })[1])
  end
  return spent
end

---The name of a run's user.
---@param store Store
---@param run string
---@return string|nil
function M.user(store, run)
  local row = store:read("run", { id = run })[1]
  return row and row.body.by
end

return M
