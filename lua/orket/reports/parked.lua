-- parked.lua: the cards that wait for a person: why, and the command that answers each.

local approvals = require("orket.governance.approvals.approvals")
local tables = require("orket.util.tables")
local local_time = require("orket.view.format.local_time")
local pause = require("orket.llm.pause")
local approval_format = require("orket.governance.approvals.approval_format")

local M = {}

local ANSWER = 'orket answer%s %s "TEXT"'
local RETRY = "orket retry%s %s"

local CURE = { -- wait reason -> command, and what to do before it
  input = { ANSWER },
  review = { ANSWER },
  resource = { RETRY, "raise the limit that it names, or free what is missing, then:" },
  dependency = { "orket move%s %s canceled",
    "change depends_on in its file, orket sync, orket retry; or give it up:" },
  system = { RETRY, "fix what it names, then:" },
}

-- A card that goes on when its model answers.
local PAUSED = { RETRY, "it goes on by itself in a run; to ask now:" }

-- Of an operation with an unknown outcome: the card's reason alone does not say it.
local UNCERTAIN = { "orket answer%s %s happened",
  "check whether it happened, then answer happened, did-not or again:" }

local function uncertain_of(store)
  local by_card = {}
  for _, one in ipairs(store:read("uncertain", {})) do
    by_card[one.card] = by_card[one.card] or one.operation
  end
  return by_card
end

local function questions_of(store)
  local by_card = {}
  for _, row in ipairs(approvals.pending(store)) do
    by_card[row.card] = row
  end
  return by_card
end

-- The models that cards wait for, and the caps, both by card.
local function waits_of(store)
  local models, caps = {}, {}
  for _, row in ipairs(store:read("capped", {})) do
    if pause.ending(row.waits) then
      models[row.card] = row.model
    else
      caps[row.card] = row.waits
    end
  end
  return models, caps
end

local ASKED = "needs approval: %s (rule %s), %s. Review: %s; "
  .. "then orket deny%s %s --why TEXT, or approve it once:"

-- A question of yes or no: what exactly, and until when.
local function question(row, dir)
  if not row then
    return nil
  end
  local exact, option = approval_format.line(row), M.option(dir)
  return {
    id = row.id, rule = row.rule, expires_at = row.expires_at, exact = exact,
    command = "orket approve" .. option .. " " .. row.id,
    first = string.format(ASKED, exact, approval_format.rule(row),
      local_time.expiry(row.expires_at, approvals.seconds_left(row)),
      approval_format.full_command(row.id, option), option, row.id),
  }
end

---The event that moved a card to where it is: as long as it is the last one, a parked card asks the same.
---@param store Store
---@param id string
---@return table|nil event
function M.move(store, id)
  return store:read("last_events", { card = id, kind = "card.moved", limit = 1 })[1]
end

---" -C DIR" for a command line, quoted when it has to be; empty for the current directory.
---@param dir string|nil
---@return string
function M.option(dir)
  if not dir or dir == "." then
    return ""
  elseif dir:find("[^%w%./_%-]") then
    dir = "'" .. dir:gsub("'", "'\\''") .. "'"
  end
  return " -C " .. dir
end

-- A conversation in which the person has the word waits for nothing.
local function waiting_of(store, epic)
  local rows = {}
  for _, row in ipairs(store:read("parked", { epic = epic })) do
    local is_silent = row.type == "plan" and row.wait_reason == "input" and row.id:find("^CHAT%-%d+%-talk$")
    rows[#rows + 1] = not is_silent and row or nil
  end
  return rows
end

---@param store table
---@param epic string|nil  card id; nil for the whole board
---@param dir string|nil the project's directory as the person named it
---@return {id: string, status: string, reason: string, why: string?, command: string, first: string?,
---  operation: table?, approval: table?, event: integer?, model: string?, cap: string?}[]  event: that parked
---  it; model, cap: that it waits for
function M.list(store, epic, dir)
  local cards, uncertain, questions = {}, uncertain_of(store), questions_of(store)
  local models, caps = waits_of(store)
  for _, row in ipairs(waiting_of(store, epic)) do
    local cure = CURE[row.wait_reason] or CURE.system
    if uncertain[row.id] then
      cure = UNCERTAIN
    elseif models[row.id] then
      cure = PAUSED
    end
    local asked, move = question(questions[row.id], dir), M.move(store, row.id)
    cards[#cards + 1] = {
      id = row.id, status = row.status, reason = row.wait_reason, why = move and move.body.why or nil,
      model = models[row.id], cap = caps[row.id], event = move and move.seq,
      command = asked and asked.command or cure[1]:format(M.option(dir), row.id), first = asked
        and asked.first or cure[2],
      operation = uncertain[row.id], approval = asked and { id = asked.id, rule = asked.rule,
        asks = asked.exact, expires_at = asked.expires_at },
    }
  end
  return cards
end

-- What a person does for all of them at once.
local function is_retried(card)
  return not card.approval and not card.operation and card.reason == "system"
end

---Cards that wait for the same, as one: it has their number, `times`, and the command for all of them.
---@param cards table[] of M.list
---@param dir string|nil
---@return table[]
function M.folded(cards, dir)
  local folded, first = {}, {}
  for _, card in ipairs(cards) do
    local why = is_retried(card) and card.why
    local like = why and first[why]
    if like then
      like.times, like.command = (like.times or 1) + 1, "orket retry" .. M.option(dir) .. " --all"
    else
      folded[#folded + 1] = tables.pick(card, tables.keys(card))
      first[why or card.id] = folded[#folded]
    end
  end
  return folded
end

---The cards of one line of M.folded, and what they wait for.
---@param card table
---@return string
function M.line(card)
  local who, times = card.id .. " waits", ""
  if card.times then
    who, times = string.format("%s and %d more wait", card.id, card.times - 1), " ×" .. card.times
  end
  local why = card.why and ": " .. card.why or ""
  return who .. " (" .. (card.reason or card.status) .. ")" .. times .. why
end

---Those that wait for a person, not for a model.
---@param cards table[] of M.list
---@return table[]
function M.persons(cards)
  local some = {}
  for _, card in ipairs(cards) do
    some[#some + 1] = not card.model and card or nil
  end
  return some
end

return M
