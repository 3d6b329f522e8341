-- policy_outcomes.lua: what a role's `route` makes of what its model proposed. The state machine judges the result, but no
-- policy sees it: a route that takes a card further than was proposed, or hands it to another seat, makes more possible.

local asked = require("orket.scripts.permission_delta.asked")
local choice = require("orket.scripts.permission_delta.choice")
local cjson = require("cjson")
local moves = require("orket.effects.moves")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local word_delta = require("orket.scripts.permission_delta.word_delta")

local M = {}

local FURTHER = { ready_for_testing = 1, code_review = 2, done = 3, canceled = 3, archived = 3 }
local PROPOSED = { "ready_for_testing", "done", "in_progress", "code_review", "canceled", "blocked" }
local NOTHING = "return { route = function() end }" -- of a role that has none

local function proposals()
  local all = { {} }
  for _, status in ipairs(PROPOSED) do
    for _, why in ipairs({ "", "because" }) do
      all[#all + 1] = { status = status, why = why ~= "" and why or nil, reason = status == "blocked" and "input" or nil }
    end
  end
  return all
end

-- What becomes of the card: the answer, or what was proposed.
local function outcome(answer, about)
  local proposal = answer == cjson.null and about.proposal or answer
  if type(proposal) ~= "table" or type(proposal.status) ~= "string" then
    return nil
  end
  local verdict = moves.judge(about.card, proposal.status, about.role, proposal.reason)
  return verdict.ok and proposal or nil
end

local function judge(was_answer, now_answer, about)
  local was, now = outcome(was_answer, about) or {}, outcome(now_answer, about)
  if not now then
    return nil
  end
  local seat = type(now.seat) == "string" and now.seat ~= was.seat and now.seat
  if not seat and (FURTHER[now.status] or 0) <= (FURTHER[was.status] or 0) then
    return nil
  end
  return string.format("of what %s proposes for cards that are %s, %s becomes %s%s, before %s", about.role, about.card.status,
    about.proposal.status or "nothing", now.status, seat and " for the seat " .. seat or "", was.status or "nothing")
end

local function effects_of(entry)
  local all = { setmetatable({}, cjson.array_mt) }
  for _, ok in ipairs({ true, false }) do
    local effects = setmetatable({}, cjson.array_mt)
    for i, tool in ipairs(entry.about.tools) do
      effects[i] = { tool = tool, ok = ok }
    end
    all[#all + 1] = effects
  end
  return all
end

local function add(samples, card, proposal, effects, role)
  for _, content in ipairs({ cjson.null, "so be it" }) do
    local reply = { content = content, proposal = next(proposal) and proposal or cjson.null }
    samples[#samples + 1] = { card, reply, effects, about = { card = card, proposal = proposal, role = role } }
  end
end

local function samples_of(was, now, role)
  local samples, cards = {}, asked.cards(word_delta.of({ was.text }, { now.text }))
  for i = 0, #cards do
    local status = role == "integrity_guard" and "code_review" or "in_progress"
    local card = asked.card({ status = status, card = cards[i] })
    for _, proposal in ipairs(proposals()) do
      for _, effects in ipairs(effects_of(now)) do
        add(samples, card, proposal, effects, role)
      end
    end
  end
  return samples
end

-- A role without a route leaves its proposals as they are.
local function routed(entry)
  return entry.about.route and entry or { path = entry.path, text = NOTHING, about = entry.about }
end

---@param was table entry of the role before
---@param now table
---@param role string
---@return table[] rows
function M.delta(was, now, role)
  was, now = routed(was), routed(now)
  if was.text == now.text or program_delta.is_same(was.text, now.text, "route") then
    return {}
  end
  return choice.delta({ was = was, now = now, field = "route", samples = samples_of(was, now, role), judge = judge })
end

return M
