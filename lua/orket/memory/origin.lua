-- memory/origin.lua: one row of what is remembered: where it came from, who forgot it, and which place it has
-- for a text.

local errors = require("orket.errors")
local searches = require("orket.memory.search")

local M = {}

M.PLACES = 100000 -- rows among which a place is looked for

---A row with `forgot`, when it is: {actor, at, why?}.
---@param store Store
---@param id string its number
---@return table|nil row
---@return Error|nil ERR_NOT_FOUND
function M.of(store, id)
  local number = math.tointeger(tonumber(id))
  local row = number and searches.of(store, { all = true }, { number })[1]
  if not row then
    return nil, errors.new("ERR_NOT_FOUND", "nothing is remembered as '" .. id .. "'",
      "orket memory search shows the numbers")
  end
  local event = row.forgotten and store:read("events", { since = row.forgotten - 1, limit = 1 })[1]
  row.forgot = event and { actor = event.actor, at = event.at, why = event.body.why } or nil
  return row
end

---Adds its place among the rows that a text finds: rank, words, near.
---@param row table
---@param rows table[] as meaning.rows answers them
function M.place(row, rows)
  local found = {}
  for _, one in ipairs(rows) do
    found = one.id == row.id and one or found
  end
  row.rank, row.near = found.rank, found.near
  row.words = found.words or not found.near and found.rank or nil
end

return M
