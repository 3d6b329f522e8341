-- policy.lua: asking the house's policy node about a call that the gate allowed. It can only narrow: no
-- answer is no opinion, "deny" and "ask" count, anything else, a failure included, denies.

local cjson = require("cjson")
local nodes = require("orket.nodes")

local M = {}

local function refusal(decision, rule, why, fix)
  return { decision = decision, rule = "policy." .. rule, why = why, fix = fix or "" }
end

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function is_answer(answer)
  return type(answer) == "table" and (answer.decision == "deny" or answer.decision == "ask")
end

---What the policy has against a call.
---@param entry table|nil the policy node of the generation
---@param call GateCall
---@param card table the card as far as it is known
---@return GateVerdict|nil refusal
function M.objection(entry, call, card)
  if not entry then
    return refusal("deny", "failed", "the policy that the organization chose is not there",
      "give it back, or choose another one")
  elseif nodes.is_shipped(entry) then -- it has no opinion, so that the call need not be shown to it
    return nil
  end
  local answer, err = nodes.ask(entry, "decide", call:view(), card)
  if err then
    return refusal("deny", "failed", "the policy failed: " .. err.message, "mend " .. entry.path)
  elseif answer == cjson.null then
    return nil
  elseif not is_answer(answer) then
    return refusal("deny", "answer", "the policy gave an answer outside its contract", "mend " .. entry.path)
  end
  local rule = (text(answer.rule) or "house"):gsub("^policy%.", "")
  return refusal(answer.decision, rule, text(answer.why) or "the house's policy objects", text(answer.fix))
end

return M
