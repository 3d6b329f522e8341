-- paging.lua: a page of rows that are all at hand.

local cjson = require("cjson")

local M = {}

---What such a route takes behind "?".
---@param most integer rows of a page, when no number is given
---@param name "after"|"before"
---@param known string what it names
---@return table<string, table>
function M.query(most, name, known)
  return {
    limit = { type = "integer", minimum = 1, maximum = 1000, description = tostring(most) },
    [name] = { type = "integer", minimum = 0, description = "the last " .. known .. " that is known" },
  }
end

---The rows behind the one that is known, in their order.
---@param rows table[]
---@param field string by which a row is known
---@param query {limit: integer?, after: integer?, before: integer?}
---@param most integer
---@return {items: table[], next: integer|nil}
function M.of(rows, field, query, most)
  local items, limit = setmetatable({}, cjson.array_mt), query.limit or most
  for _, row in ipairs(rows) do
    local value = row[field]
    if value > (query.after or value - 1) and value < (query.before or value + 1) then
      if #items == limit then
        return { items = items, next = items[limit][field] }
      end
      items[#items + 1] = row
    end
  end
  return { items = items }
end

return M
