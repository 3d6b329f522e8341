-- state.lua: turns, and the tests of state_spec.lua inside the binary.

local hash = require("orket.core.hash")
local Turn = require("orket.turn.state")
local function same(want, got, what)
  if want ~= got then
    error((what or "") .. " expected " .. tostring(want) .. ", got " .. tostring(got), 2)
  end
end
local function turn(card)
  return setmetatable({ card = card or { type = "issue", status = "in_progress" } }, Turn)
end

local M = {}

function M.gives_way_least_strong()
  local kinds = { "parked", "capped", "asked", "uncertain" }
  for i, first in ipairs(kinds) do
    for j, second in ipairs(kinds) do
      local one = turn()
      one:come_to({ kind = first })
      one:come_to({ kind = second })
      same(kinds[math.max(i, j)], one.outcome.kind, first .. ", " .. second)
    end
  end
end

function M.withdrawn_when_question_when()
  local one = turn()
  one:come_to({ kind = "asked", question = {} })
  same(true, one:stays_open())
  one:withdraw()
  same(nil, one.outcome)
  one:come_to({ kind = "capped", cap = { why = "full" } })
  one:withdraw()
  same("full", one:cap().why)
  same(true, one:stays_open())
end

function M.parks_card_where_person()
  same("waiting_for_developer", turn():park("why"))
  local review = turn({ type = "issue", status = "code_review" })
  review:come_to({ kind = "capped", cap = { why = "full" } })
  same("blocked", review:park("why"))
  same("capped", review.outcome.kind)
end

function M.was_judged_only_was()
  local one, proposal = turn(), { status = "ready_for_testing" }
  one:propose(proposal)
  same(false, one:is_judged(proposal), "not asked about")
  one:propose(proposal, "in_progress")
  same(true, one:is_judged(proposal))
  same(false, one:is_judged({ status = "ready_for_testing" }), "another one")
  one.card.status = "blocked"
  same(false, one:is_judged(proposal), "the card was moved")
  local plan = turn({ type = "plan", status = "in_progress" })
  plan:propose(proposal, "in_progress")
  same(false, plan:is_judged(proposal), "a plan")
end

function M.given_back_under_own()
  local one = turn()
  one:remember(hash.of("dish"), "dish")
  one:remember(hash.of("salt"), "something else")
  same("dish", one:uncommitted(hash.of("dish")))
  same(nil, one:uncommitted(hash.of("salt")))
  same(nil, one:uncommitted(hash.of("pepper")))
end

function M.forgets_call_did_before()
  local back
  local one = turn()
  one.tx = { mark = function() return 7 end, rollback = function(_, mark) back = mark end }
  one:ask({ rule = "before any call is performed" })
  same(nil, back)
  one:open_call(false)
  one:ask({ rule = "inside" })
  same(7, back)
  same("inside", one.outcome.question.rule)
end

return M
