-- card_state.lua: the files of a card or an epic for a route, now or at an event (CARD@EVENT): what was is
-- read from a snapshot that is made in pieces, so that a run beside it is not held up.

local event_ref = require("orket.history.event_ref")
local reader = require("orket.project.reader")
local tree_state = require("orket.workspace.tree_state")

local M = {}

local function with_state(store, id, at, fn)
  local state <close>, err = tree_state.of(store, id, at)
  if not state then
    return nil, err
  end
  return fn(state)
end

---Answers what fn answers, which has the state while it runs. In a task.
---@generic T
---@param service Service
---@param what string CARD or CARD@EVENT
---@param fn fun(state: TreeState): T|nil, Error|nil
---@return T|nil
---@return Error|nil
function M.with(service, what, fn)
  local id, word = event_ref.split(what)
  if not id or reader.card(service.store, what) then
    return with_state(service.store, what, service.at, fn)
  end
  local event, err = event_ref.event(service.store, word)
  if not event then
    return nil, err
  end
  local snapshot <close>, failure = service.snapshots:open(event.seq)
  if not snapshot then
    return nil, failure
  end
  return with_state(snapshot.store, id, event.seq, fn)
end

return M
