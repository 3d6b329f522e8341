-- outages.lua: the models that cards of the board wait for: unreachable ones, and those that asked for a
-- pause. Read from the journal, for people.

local approvals = require("orket.governance.approvals.approvals")
local instants = require("orket.util.instants")
local local_time = require("orket.view.format.local_time")
local tables = require("orket.util.tables")
local pause = require("orket.llm.pause")

local M = {}

local EVENTS = 1000 -- newest pauses that are looked at
local SHOWN = 3     -- cards that are named
local DUE = 120     -- seconds after which no run is trying any more

local function waiting(store, epic)
  local models = {}
  for _, row in ipairs(store:read("capped", {})) do
    if pause.ending(row.waits) and (not epic or row.epic == epic) then
      models[row.model] = models[row.model] or { model = row.model, cards = {} }
      table.insert(models[row.model].cards, row.card)
    end
  end
  return models
end

---The models that are waited for, by name; what is said of each is from its newest pause.
---@param store Store
---@param epic string|nil its card; nil: the whole board
---@return {model: string, cards: string[], until: string?, since: string?, message: string?, cure: string?}[]
function M.list(store, epic)
  local models = waiting(store, epic)
  local names = tables.keys(models)
  table.sort(names)
  for _, event in ipairs(names[1] and store:read("last_events", { kind = "model.paused", limit = EVENTS })
    or {}) do
    local one = models[event.body.model]
    if one and not one["until"] then
      one["until"], one.since, one.message = event.body["until"], event.body.since, event.body.message
        or event.body.why
      one.cure = event.body.cure
    end
  end
  local all = {}
  for i, name in ipairs(names) do
    all[i] = models[name]
  end
  return all
end

---What a card waits for.
---@param store Store
---@param card string
---@return {model: string, until: string?, since: string?, message: string?, cure: string?}|nil
function M.of(store, card)
  local row = store:read("capped", { card = card })[1]
  for _, one in ipairs(row and pause.ending(row.waits) and M.list(store, row.epic) or {}) do
    if one.model == row.model then
      one.cards = nil
      return one
    end
  end
end

local function next_try(one)
  local left = approvals.seconds_left({ expires_at = one["until"] })
  if left > 0 then
    return "next try in " .. local_time.span(left)
  end
  local past = instants.since(one["until"])
  return past > DUE and "not tried since " .. local_time.stamp(one["until"]) or "next try now"
end

---What it is with one of them.
---@param one table of M.list
---@return string
function M.what(one)
  if not one["until"] then
    return "the model " .. one.model .. " is waited for"
  end
  return "the model " .. one.model .. (one.since and " is unreachable" or " is not asked")
end

---One of them as a line for people.
---@param one table of M.list
---@return string
function M.line(one)
  local what, message = M.what(one), one.message and ": " .. one.message or ""
  if not one["until"] then
    return what
  elseif not one.since then
    return what .. " until " .. local_time.stamp(one["until"]) .. message
  end
  return ("%s since %s, %s%s"):format(what, local_time.stamp(one.since), next_try(one), message)
end

local function cards(one)
  local names = table.concat(one.cards, ", ", 1, math.min(SHOWN, #one.cards))
  local more = #one.cards > SHOWN and " and " .. #one.cards - SHOWN .. " more" or ""
  return names .. more .. (#one.cards == 1 and " waits for it and goes on by itself in a run"
    or " wait for it and go on by themselves in a run")
end

---What stands below its line: which cards wait for it, what may end that, and how to ask now.
---@param one table of M.list
---@param option string of the commands, for the project
---@return string[]
function M.below(one, option)
  local lines = { cards(one) }
  lines[#lines + 1] = one.cure and "fix: " .. one.cure or nil
  lines[#lines + 1] = "to ask now: orket retry" .. option .. " --all"
  return lines
end

return M
