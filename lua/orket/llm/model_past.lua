-- model_past.lua: what the turns of a card have come to, and what its budgets leave: for a models node that
-- asks for it (a fourth parameter of `choose`). It is recorded with the turn that is begun by it.

local cjson = require("cjson")

local M = {}

local NEWEST = 20 -- turns that are told one by one

---@class Past
---@field turns {role: string, seat: string, model: string, outcome: string, tokens: integer, calls: integer,
---  money: integer, refusals: integer}[]
---  the newest of the card, oldest first
---@field count integer all of them
---@field spent {tokens: integer, calls: integer, money: integer} by all of them
---@field left table<string, number> by kind: the least that a cap leaves

---@param engine table
---@param card table
---@param role string
---@return Past
function M.of(engine, card, role)
  local rows = engine.store:read("card_past", { card = card.id, limit = NEWEST })
  local turns = setmetatable({}, cjson.array_mt)
  for i = #rows, 1, -1 do
    local row = rows[i]
    turns[#turns + 1] = {
      role = row.role, seat = row.seat, model = row.model, outcome = row.outcome, tokens = row.tokens,
      calls = row.calls, money = row.money, refusals = row.refusals,
    }
  end
  local all = rows[1] or {}
  return {
    turns = turns, count = all.turns or 0,
    spent = { tokens = all.all_tokens or 0, calls = all.all_calls or 0, money = all.all_money or 0 },
    left = engine.meter and engine.meter:left(card, role) or {},
  }
end

return M
