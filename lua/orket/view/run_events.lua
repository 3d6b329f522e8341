-- run_events.lua: which events a view of some runs shows, of all that the owner of a project commits.

local M = {}

local function is_of_board(run, event)
  return run.board.cards[event.card] ~= nil or run.epic.id == event.card
    or event.kind == "card.created" and event.body.epic == run.epic.id
end

---What the runs themselves recorded, and what happened on the board to their cards or to no card at all.
---@param runs table[]
---@param card string|nil what was asked for, such as a rock
---@param event StoreEvent
---@return boolean
function M.concern(runs, card, event)
  local on_board = event.run == "board"
  if on_board and (not event.card or event.card == card) then
    return true
  end
  for _, run in ipairs(runs) do
    if event.run == run.id or on_board and is_of_board(run, event) then
      return true
    end
  end
  return false
end

---A project as views take it, whose store tells them of these events alone.
---@param project {dir: string, store: Store}
---@param subscribe fun(hear: fun(event: StoreEvent))
---@return table project
function M.project(project, subscribe)
  local store, facade = project.store, setmetatable({}, { __index = project })
  facade.store = {}
  for _, name in ipairs({ "read", "message", "conversation", "blob" }) do
    facade.store[name] = function(_, ...) return store[name](store, ...) end
  end
  function facade.store.subscribe(_, hear)
    return subscribe(hear)
  end
  return facade
end

return M
