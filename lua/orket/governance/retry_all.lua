-- retry_all.lua: `orket retry --all`: every parked card that a retry is right for, one act of the person for
-- each. A card that waits for an answer, a yes or no, a canceled dependency or room under a cap is left as it
-- is: a retry gives it nothing.

local errors = require("orket.errors")
local pause = require("orket.llm.pause")

local M = {}

local RIGHT = { resource = true, system = true } -- what a retry helps against, unless a reason is asked for
local REASONS = { resource = true, system = true, review = true, input = true, dependency = true }

local function by_card(rows)
  local cards = {}
  for _, row in ipairs(rows) do
    cards[row.card] = row
  end
  return cards
end

local function chosen(row, reason)
  if reason then
    -- a conversation waits for words
    return row.wait_reason == reason and not (reason == "input" and row.type == "plan")
  end
  return RIGHT[row.wait_reason]
end

-- Cards that wait for something that a retry does not bring.
local function others(store)
  local uncertain, asked, capped = by_card(store:read("uncertain", {})),
    by_card(store:read("approvals", { status = "pending" })),
    by_card(store:read("capped", {}))
  return function(id)
    local cap = capped[id] and capped[id].waits
    if uncertain[id] or asked[id] then
      return "a person"
    end
    return cap and not pause.ending(cap) and "a cap" or nil
  end
end

local function count(n, one, more)
  return n .. (n == 1 and one or more)
end

local function message(done, failed, capped)
  local text = "no parked card to retry"
  if done > 0 then
    text = count(done, " card is", " cards are") .. " tried again"
  end
  text = failed == 0 and text or text .. ", " .. failed .. " could not be"
  return capped == 0 and text or text .. "; " .. count(capped, " waits", " wait")
    .. " for room under a cap: raise it, then orket resume"
end

---@param project table opened as owner
---@param request PersonRequest  reason: cards that wait for this alone
---@param retry fun(request: PersonRequest): table|nil, Error|nil  of one card
---@return table|nil answer {retried: string[], failed: {card, code, message}[], message}
---@return Error|nil
function M.perform(project, request, retry)
  if request.reason ~= nil and not REASONS[request.reason] then
    return nil, errors.new("ERR_USAGE", "'" .. tostring(request.reason) .. "' is no reason to wait",
      "one of: resource, system, review, input, dependency")
  end
  local waits, answer, capped = others(project.store), { retried = {}, failed = {} }, 0
  for _, row in ipairs(project.store:read("parked", {})) do
    local other = chosen(row, request.reason) and waits(row.id)
    if other == "a cap" then
      capped = capped + 1
    elseif chosen(row, request.reason) and not other then
      local done, err = retry({ act = "retry", card = row.id, who = request.who })
      if done then
        table.insert(answer.retried, row.id)
      else
        table.insert(answer.failed, { card = row.id, code = err.code, message = err.message })
      end
    end
  end
  answer.message = message(#answer.retried, #answer.failed, capped)
  return answer
end

return M
