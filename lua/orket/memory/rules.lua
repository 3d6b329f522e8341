-- memory/rules.lua: what is remembered by rule (`process_rules.memory`): why a review sent work back, what a
-- person answered, why a person said yes or no. One row for each, cut and with an end, for the card's epic.

local async = require("orket.async")
local errors = require("orket.errors")
local notes = require("orket.memory.note")
local strings = require("orket.util.strings")

local M = {}

local MOST = 2000 -- bytes of a text
local DAYS = 90

local function is_on(config, rule)
  local rules = (config.organization.process_rules or {}).memory
  return rules and rules[rule] and rules
end

local function note(rules, rule, text, labels)
  return { text = strings.cut(text, MOST), rule = rule, days = rules.days or DAYS, labels = labels }
end

local function into(tx, card)
  return function(kind, body)
    tx:event(kind, card, body)
  end
end

---A review sends work back: its reason.
---@param turn Turn
---@param proposal {status: string, why: string?}
function M.review(turn, proposal)
  local rules = turn.review and is_on(turn.engine.project.config, "reviews")
  local sent_back = proposal.status == "in_progress" or proposal.status == "ready_for_testing"
  if rules and sent_back and proposal.why then
    notes.add(function(kind, body)
      turn:record(kind, body)
    end, note(rules, "reviews", "Review of " .. turn.card.id .. ": " .. proposal.why, turn.marks))
  end
end

-- Why the card waits, with the labels of whoever said so.
local function question_of(store, card)
  local move = store:read("last_events", { card = card.id, kind = "card.moved", limit = 1 })[1]
  return move and move.body.why, move and move.body.labels
end

---A person answers a card's question.
---@param project table
---@param tx StoreTx
---@param card table as it waits
---@param answer string
function M.answer(project, tx, card, answer)
  local rules = is_on(project.config, "answers")
  if rules then
    local question, labels = question_of(project.store, card)
    local asked = question and " asked: " .. strings.cut(question, MOST // 2) .. "\nAnswer: " or ", answer: "
    notes.add(into(tx, card.id), note(rules, "answers", card.id .. asked .. answer, labels))
  end
end

---A person has said yes or no, and why.
---@param project table
---@param row table the question
---@param said "approved"|"denied"
---@param why string
---@param begin fun(): StoreTx
---@return true|nil ok
---@return Error|nil
function M.decision(project, row, said, why, begin)
  local rules = is_on(project.config, "decisions")
  if not rules then
    return true
  end
  local tx = begin()
  local of_paths = row.paths and #row.paths > 0 and " of " .. table.concat(row.paths, ", ") or ""
  local what = (row.tool or "?") .. of_paths .. " was " .. said .. " on " .. row.card .. ": " .. why
  notes.add(into(tx, row.card), note(rules, "decisions", what, row.labels))
  return errors.check(async.await(tx.commit, tx))
end

return M
