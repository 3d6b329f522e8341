-- window_fit_spec.lua: what a request needs, what fits, and when it is made shorter, by
-- turn/context/window.lua alone. What becomes of conversations in a run is in window_spec.lua.

package.path = "lua/?.lua;" .. package.path
package.loaded["orket.core.base64"] = package.loaded["orket.core.base64"] or {}
package.loaded["orket.core.hash"] = package.loaded["orket.core.hash"] or {}
package.loaded["orket.core.sys"] = package.loaded["orket.core.sys"] or {}
local window = require("orket.turn.context.window")

local STOPPED = { code = "ERR_CANCELED" }

-- A turn whose request has so many bytes, and which is stopped where it would write its prompt anew.
local function turn_of(bytes, model, more)
  model.name = "m"
  local turn = {
    model = model, messages = { ("x"):rep(bytes - 2) }, head = 1, too_long = 0, card = { id = "A" },
    tape = { peek = function() end }, recorded = {},
    engine = { prompt = function() return nil, STOPPED end, is_changed = function() return false end },
  }
  for key, value in pairs(more or {}) do
    turn[key] = value
  end
  function turn:request() return { messages = self.messages } end
  function turn:leave_out(own) self.window = own end
  function turn:count_tokens(counted, tokens) self.counted = { bytes = counted, tokens = tokens } end
  function turn:refused_as_too_long() self.too_long = self.too_long + 1 end
  function turn:record(kind, body) self.recorded[#self.recorded + 1] = { kind, body } end
  function turn:come_to(outcome) self.outcome = outcome end
  function turn.rank() end
  return turn
end

describe("window.fit", function()
  local BIG = { context = 10000, max_tokens = 1000 } -- 9,000 tokens fit, 7,650 are 85 percent
  local ROWS = { -- what is said of the row, bytes, model, more of the turn, whether it is made shorter
    { "a model without a window", 1000000, {}, nil, false },
    { "85 percent at 0.4 tokens a byte", 19125, BIG, nil, false },
    { "a byte more", 19128, BIG, nil, true },
    { "its own percentage", 11250, { context = 10000, max_tokens = 1000, compact_at = 50 }, nil, false },
    { "more than its own percentage", 11253, { context = 10000, max_tokens = 1000, compact_at = 50 }, nil,
      true },
    { "a reply that may take everything keeps half of the window", 10625,
      { context = 10000, max_tokens = 50000 }, nil, false },
    { "more than that half", 10628, { context = 10000, max_tokens = 50000 }, nil, true },
    { "tokens as they were counted, and a margin", 13304, BIG,
      { counted = { bytes = 20000, tokens = 10000 } }, false },
    { "more than was counted", 13310, BIG, { counted = { bytes = 20000, tokens = 10000 } }, true },
    { "more than the window that a server named", 10628, BIG, { window = { limit = 6000 } }, true },
  }
  for _, row in ipairs(ROWS) do
    it("a request is " .. (row[5] and "made shorter: " or "sent as it is: ") .. row[1], function()
      local turn = turn_of(row[2], row[3], row[4])
      local ok, err = window.fit(turn)
      assert.same({ row[5] and STOPPED or nil, not row[5] or nil }, { err, ok })
      assert.same({}, turn.recorded)
    end)
  end

  local REFUSALS = { -- what a server says, bytes, model, need, limit
    { "nothing", 30000, BIG, 12000, 9000 },
    { "nothing, of a request that should have fitted", 1000, BIG, 10800, 9000 },
    { "its window", 30000, BIG, 12000, 4000, { limit = 5000 } },
    { "how much was asked", 30000, BIG, 23000, 9000, { asked = 20000 } },
    { "nothing, of a model without a window", 30000, {}, 12000, nil },
  }
  for _, row in ipairs(REFUSALS) do
    it("a request that is refused once too often parks its card, where the server says " .. row[1], function()
      local turn = turn_of(row[2], row[3], { too_long = 4 })
      assert.is_false((window.fit(turn, { told = row[6] or {}, message = "too long" })))
      local kind, body = table.unpack(turn.recorded[1])
      assert.same({ "window.full", row[4], row[5] }, { kind, body.need, body.limit })
      assert.same({ "parked", "blocked", "resource" },
        { turn.outcome.kind, turn.outcome.status, turn.outcome.reason })
      assert.truthy(body.fix:find("orket retry A", 1, true), body.fix)
    end)
  end
end)
