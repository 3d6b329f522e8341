-- transcript_page.lua: turns with what was said and done in them, a page at a time.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local turn_record = require("orket.history.turn_record")

local M = {}

local TURNS = 20 -- of a page

---What such a route takes behind "?".
---@param more table<string, table>|nil
---@return table<string, table>
function M.query(more)
  local query = { limit = { type = "integer", minimum = 1, maximum = 200, description = "turns, 20" },
    after = { type = "integer", minimum = 0, description = "the event of the last turn that is known" } }
  for name, schema in pairs(more or {}) do
    query[name] = schema
  end
  return query
end

M.ANSWER = api_schemas.object({ turns = api_schemas.list(api_schemas.object({ run = { type = "string" },
  turn = { type = "integer" }, card = { type = "string" },
  entries = api_schemas.list(api_schemas.ref("Entry")) })) },
  { next = { type = "integer" }, session = api_schemas.ref("Run") })

---@param store Store
---@param rows table[] of the query turns, oldest first
---@param query {limit: integer?, after: integer?}
---@return {turns: table[], next: integer|nil} next: what `after` takes for the page behind
function M.of(store, rows, query)
  local turns, most = setmetatable({}, cjson.array_mt), query.limit or TURNS
  for _, row in ipairs(rows) do
    if row.seq > (query.after or 0) then
      if #turns == most then
        return { turns = turns, next = turns[most].seq }
      end
      row.entries = setmetatable((turn_record.entries(store, row)), cjson.array_mt)
      turns[#turns + 1] = row
    end
  end
  return { turns = turns }
end

return M
