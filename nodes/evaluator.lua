-- evaluator.lua: what becomes of a card whose turn failed. It is asked after failures only; the law
-- limits its answer (a bug always parks, and so does the last retry).

-- A model that is not reachable is tried again; a budget, a refusal or a bug needs a person.
local ANSWERS = {
  model = { action = "retry" },
  system = { action = "retry" },
  tool = { action = "retry" },
  limit = { action = "park", reason = "resource" },
  refusal = { action = "park", reason = "review" },
  bug = { action = "park", reason = "system" },
  input = { action = "park", reason = "input" },
}

---@param card {retry_count: integer, max_retries: integer}
---@param failure {class: string, code: string, message: string, count: integer} count: with this one
---@return {action: "retry"|"park", reason: string?} reason: the wait reason of a parked card
local function decide(card, failure)
  local answer = ANSWERS[failure.class] or ANSWERS.bug
  if answer.action == "retry" and failure.count > (some(card.max_retries) or 3) then
    return { action = "park", reason = "system" }
  end
  return answer
end

local function self_test()
  assert(decide({ max_retries = 2 }, { class = "model", count = 2 }).action == "retry")
  assert(decide({ max_retries = 2 }, { class = "model", count = 3 }).action == "park")
  assert(decide({}, { class = "limit", count = 1 }).reason == "resource")
end

return { node = "evaluator", decide = decide, self_test = self_test }
