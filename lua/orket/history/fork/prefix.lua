-- prefix.lua: the events of a turn from its very start: those of a fork's turn begin in another run.

local usage = require("orket.llm.usage")

local M = {}

local PAID = { ["step.reply"] = true, ["step.failed"] = true, ["memory.ranked"] = true,
  ["window.summarised"] = true }

-- What the turn goes on with, when it was forked: {of = {run, turn}, at}.
local function source_of(store, run, turn)
  for _, event in ipairs(store:read("stream", { run = run, turn = 0 })) do
    if event.kind == "turn.forked" and event.body.turn == turn then
      return event.body
    end
  end
end

local function is_fork(store, run)
  local row = store:read("run", { id = run })[1]
  return row ~= nil and row.body.of ~= nil
end

local function add(events, more, upto)
  for _, event in ipairs(more) do
    if not upto or event.seq <= upto then
      events[#events + 1] = event
    end
  end
  return events
end

---@param store Store
---@param run string
---@param turn integer
---@param upto integer|nil the last seq
---@return table[] events
---@return integer inherited how many of them are another run's
function M.events(store, run, turn, upto)
  local own = store:read("stream", { run = run, turn = turn })
  local source = is_fork(store, run) and source_of(store, run, turn)
  if not source then
    return add({}, own, upto), 0
  end
  local events = M.events(store, source.of.run, source.of.turn, source.at)
  local inherited = #events
  return add(events, own, upto), inherited
end

---The streams that a turn's events lie in, each up to a commit: those of forks begin with their sources'.
---@param store Store
---@param run string
---@param turn integer
---@param upto integer
---@return {run: string, turn: integer, upto: integer}[]
function M.parts(store, run, turn, upto)
  local source = is_fork(store, run) and source_of(store, run, turn)
  local parts = source and M.parts(store, source.of.run, source.of.turn, source.at) or {}
  parts[#parts + 1] = { run = run, turn = turn, upto = upto }
  return parts
end

---What the first events of a turn cost.
---@param events table[]
---@param count integer
---@return {tokens_in: integer, tokens_out: integer, calls: integer, money: integer, took: integer}
function M.cost(events, count)
  local cost = usage.nothing()
  for i = 1, count do
    if PAID[events[i].kind] then
      usage.add(cost, events[i].body)
    end
  end
  return cost
end

return M
