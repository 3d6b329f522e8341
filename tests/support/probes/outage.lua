-- outage.lua: what outage_spec.lua runs inside the binary.

local M = {}

function M.counts_outages_of_a_turn()
  local pauses, cjson = require("orket.llm.pause"), require("cjson")
  local turn, got = setmetatable({}, require("orket.turn.state")), {}
  turn:reset_pauses()
  for i = 1, 7 do
    local body = { since = "2026-01-01T00:00:0" .. (i // 2 + i % 2) .. ".000Z" }
    got[i] = pauses.is_its_own(turn, body)
    turn:count_pause(body)
  end
  for i = 1, 3 do
    got[7 + i] = pauses.is_its_own(turn, { since = "t" .. i })
    turn:count_pause({ since = "t" .. i })
  end
  got[11] = pauses.is_its_own(turn, {})
  print(cjson.encode(got))
end

return M
