-- ending.lua: what a person reads when a run has ended: the outcome, and what to do next.

local text = require("orket.view.text")
local notice = require("orket.growth.notice")
local outages = require("orket.outages")
local parked = require("orket.parked")

local M = {}

local SHOWN = 20 -- parked cards that are spelled out

---"2 done, 1 ready": the cards of a run by status.
---@param counts table<string, integer>|nil
---@return string
function M.summary(counts)
  local parts = {}
  for status, count in pairs(counts or {}) do
    parts[#parts + 1] = count .. " " .. status
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function card_lines(lines, card)
  lines[#lines + 1] = string.format("  %s waits (%s)%s", card.id, card.reason or card.status,
    card.why and ": " .. text.line(card.why) or "")
  if card.first then
    lines[#lines + 1] = "    " .. card.first
  end
  lines[#lines + 1] = "    " .. card.command
end

local function parked_lines(lines, cards)
  for i, card in ipairs(cards) do
    if i > SHOWN then
      lines[#lines + 1] = "  and " .. #cards - SHOWN .. " more; orket board shows them"
      return
    end
    card_lines(lines, card)
  end
end

local function outage_lines(lines, models, option)
  for _, one in ipairs(models) do
    lines[#lines + 1] = "  " .. text.line(outages.line(one))
    lines[#lines + 1] = "    " .. text.line(outages.cards(one))
    lines[#lines + 1] = "    to ask now: orket retry" .. option .. " --all"
  end
end

---@param run table|nil the run that ended; nil when none began
---@param outcome {status: string?, counts: table?, already: string?, error: table?, card: string, dir: string}
---@return string[] lines
function M.lines(run, outcome)
  local card, option = outcome.card, parked.option(outcome.dir)
  if not run and outcome.error then
    return {} -- nothing ran; the error says why
  end
  if outcome.already then
    return { "already " .. outcome.already .. " (orket run" .. option .. " --again EPIC builds an epic anew, orket checkout" .. option
      .. " EPIC DIR writes its files out)" }
  end
  local summary = M.summary(outcome.counts)
  local lines = { (outcome.status or "failed") .. (summary ~= "" and ": " .. summary or "") }
  if run and (outcome.status == "parked" or outcome.status == "failed" or outcome.status == "drained") then
    outage_lines(lines, outages.list(run.store, run.epic.id), option)
    parked_lines(lines, parked.persons(parked.list(run.store, run.epic.id, outcome.dir)))
  end
  local waiting = run and notice.of(run.store, outcome.dir)
  lines[#lines + 1] = waiting and text.line(waiting) or nil
  if outcome.status == "parked" or outcome.status == "drained" then
    lines[#lines + 1] = "go on with: orket run" .. option .. " " .. card
  end
  return lines
end

return M
