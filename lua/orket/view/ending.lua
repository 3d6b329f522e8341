-- ending.lua: what a person reads when a run has ended: the outcome, and what to do next.

local cjson = require("cjson")
local dialogue = require("orket.view.dialogue")
local errors = require("orket.errors")
local notice = require("orket.scripts.permission_delta.notice")
local outages = require("orket.reports.outages")
local parked = require("orket.reports.parked")
local places = require("orket.workspace.places")
local tree_files = require("orket.workspace.tree_files")
local turn_record = require("orket.history.turn_record")
local text = require("orket.view.format.text")

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

---What a run came to in turns, tokens, money and seconds in which a process worked on it (its newest session
---apart), and where the epic's files are, below the project.
---@param run table|nil
---@return {id: string, turns: integer, steps: integer, tokens_in: integer, tokens_out: integer,
---  money: number, seconds: integer|nil, sessions: integer, session_seconds: integer|nil,
---  epic: string, files: string|nil}|nil  files: nil when they are in the journal only
function M.totals(run)
  for _, row in ipairs(run and run.store:read("runs", { card = run.epic.id }) or {}) do
    if row.id == run.id then
      local has_files = #run.store:read("tree", { tree = run.epic.id }) > 0
      local has_directory = has_files and tree_files.has_directory(run.store, run.epic.id)
      return { id = row.id, turns = row.turns, steps = row.steps, tokens_in = row.tokens_in,
        tokens_out = row.tokens_out, money = row.money,
        seconds = row.seconds, sessions = row.sessions, session_seconds = row.session_seconds,
        epic = run.epic.id, files = has_directory and places.epic(run.epic.id) or nil }
    end
  end
end

---The same of each run of a rock.
---@param runs {id: string, epic: table, store: Store}[]|nil
---@return table[]
function M.all_totals(runs)
  local all = setmetatable({}, cjson.array_mt)
  for i, run in ipairs(runs or {}) do
    all[i] = M.totals(run)
  end
  return all
end

local function clock(seconds)
  return string.format("%d:%02d", seconds // 60, seconds % 60)
end

-- Of a run that was gone on with, the time in all its sessions and in this one.
local function time_of(totals)
  if not totals.seconds then
    return ""
  elseif totals.sessions < 2 then
    return ", " .. clock(totals.seconds)
  end
  return ", " .. clock(totals.seconds) .. " (this session " .. clock(totals.session_seconds) .. ")"
end

local function total_lines(lines, run, option)
  local totals = M.totals(run)
  if not totals then
    return
  end
  local money = totals.money > 0 and string.format(", cost %.4f", totals.money) or ""
  lines[#lines + 1] = string.format("  %s: %s%d turns, %d steps%s, %d tokens in, %d out%s",
    text.clean(totals.id),
    totals.sessions > 1 and "in all " or "", totals.turns, totals.steps, time_of(totals), totals.tokens_in,
    totals.tokens_out, money)
  local epic, imported = text.clean(totals.epic), #run.store:read("source", { tree = totals.epic }) > 0
  local files = totals.files and text.clean(totals.files)
    or imported and "orket checkout" .. option .. " " .. epic .. " DIR writes them out"
  if files then
    lines[#lines + 1] = string.format("  files: %s (what changed: orket diff%s %s)", files, option, epic)
  end
  if imported then
    lines[#lines + 1] = string.format("  commits for your repository: orket branch%s %s", option, epic)
  end
end

local function card_lines(lines, card, store)
  lines[#lines + 1] = "  " .. text.line(parked.line(card))
  local reply = turn_record.last_reply(store, card.id)
  lines[#lines + 1] = reply and "    " .. dialogue.quote(reply, card.why) or nil
  if card.first then
    lines[#lines + 1] = "    " .. card.first
  end
  lines[#lines + 1] = "    " .. card.command
end

local function parked_lines(lines, cards, store)
  for i, card in ipairs(cards) do
    if i > SHOWN then
      lines[#lines + 1] = "  and " .. #cards - SHOWN .. " more; orket board shows them"
      return
    end
    card_lines(lines, card, store)
  end
end

local function outage_lines(lines, models, option)
  for _, one in ipairs(models) do
    lines[#lines + 1] = "  " .. text.line(outages.line(one))
    for _, line in ipairs(outages.below(one, option)) do
      lines[#lines + 1] = "    " .. text.line(line)
    end
  end
end

local function push_lines(lines, pushes, option)
  for _, one in ipairs(pushes or {}) do
    lines[#lines + 1] = "  " .. text.line(one.message)
    if one.error then
      lines[#lines + 1] = "    " .. text.line(errors.line(one.error))
      lines[#lines + 1] = ("    again with: orket push%s --remote %s %s"):format(option, one.remote,
        text.clean(one.card))
    end
  end
end

-- Cards that wait, of all runs.
local function waiting_lines(lines, runs, dir, option)
  local all = {}
  for _, run in ipairs(runs) do
    outage_lines(lines, outages.list(run.store, run.epic.id), option)
    local waiting = parked.persons(parked.list(run.store, run.epic.id, dir))
    table.move(waiting, 1, #waiting, #all + 1, all)
  end
  parked_lines(lines, parked.folded(all, dir), runs[1].store)
end

---@param run table|nil the run that ended; nil when none began
---@param outcome {status: string?, counts: table?, runs: table[]?, already: string?, error: table?,
---  card: string, dir: string, pushes: Pushed[]?}
---@return string[] lines
function M.lines(run, outcome)
  local card, option = outcome.card, parked.option(outcome.dir)
  if not run and outcome.error then
    return {} -- nothing ran; the error says why
  end
  if outcome.already then
    local lines = { "already " .. outcome.already .. " (orket checkout" .. option .. " " .. card
      .. " DIR writes its files out; orket run --again builds a"
      .. " finished epic anew)" }
    push_lines(lines, outcome.pushes, option)
    return lines
  end
  local summary = M.summary(outcome.counts)
  local lines = { (outcome.status or "failed") .. (summary ~= "" and ": " .. summary or "") }
  for _, one in ipairs(outcome.runs or { run }) do -- a rock has several
    total_lines(lines, one, option)
  end
  push_lines(lines, outcome.pushes, option)
  if run and (outcome.status == "parked" or outcome.status == "failed" or outcome.status == "drained") then
    waiting_lines(lines, outcome.runs or { run }, outcome.dir, option)
  end
  local waiting = run and notice.of(run.store, outcome.dir)
  lines[#lines + 1] = waiting and text.line(waiting) or nil
  if outcome.status == "parked" or outcome.status == "drained" then
    lines[#lines + 1] = "go on with: orket run" .. option .. " " .. card
  end
  return lines
end

return M
