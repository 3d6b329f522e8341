-- shown_runs.lua: the runs that a view shows: those of a rock are under way together.

local M = {}

local ShownRuns = {}
ShownRuns.__index = ShownRuns

---@return table shown
function M.new()
  return setmetatable({ list = {} }, ShownRuns)
end

---One that begins takes the place of those that are over.
---@param run table
function ShownRuns:add(run)
  local list = {}
  for _, one in ipairs(self.list) do
    list[#list + 1] = not one.is_over and one or nil
  end
  list[#list + 1] = run
  self.list = list
end

---Their cards, in the order of the board.
---@return table[]
function ShownRuns:cards()
  local cards = {}
  for _, run in ipairs(self.list) do
    for _, card in pairs(run.board.cards) do
      cards[#cards + 1] = card
    end
  end
  table.sort(cards, function(a, b)
    return a.ordinal < b.ordinal
  end)
  return cards
end

---"a.1", or "a.1 and 2 more".
---@return string
function ShownRuns:name()
  local more = #self.list - 1
  return self.list[1].id .. (more > 0 and " and " .. more .. " more" or "")
end

---All of them stop.
---@return boolean
function ShownRuns:are_stopping()
  for _, run in ipairs(self.list) do
    if not (run.draining or run.is_over) then
      return false
    end
  end
  return true
end

---The run that has a card.
---@param card string
---@return table|nil
function ShownRuns:of_card(card)
  for _, run in ipairs(self.list) do
    if run.board.cards[card] then
      return run
    end
  end
end

return M
