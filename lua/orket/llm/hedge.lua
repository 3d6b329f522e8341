-- hedge.lua: a second request when the first has not come to its end after a while (`hedge` in a profile): the first
-- complete reply wins, the other request is ended, and both are paid for. A first one that fails is no slow one: it goes
-- the way of every failure.

local async = require("orket.async")

local M = {}

---@class HedgedRequest
---@field model table
---@field abort Abort
---@field task table
---@field over boolean?
---@field reply table?
---@field err table?

local function begin(model, ask, rival)
  local one = { model = model, abort = { rival = rival } }
  one.task = async.spawn(function()
    local ok, reply, err = pcall(ask, model, one.abort)
    one.reply, one.err, one.bug = ok and reply, ok and err or nil, not ok and reply or nil
    one.over = true
    if one.tell then
      one.tell(true)
    end
  end)
  return one
end

local function cancel(ones)
  for _, one in ipairs(ones) do
    async.cancel(one.task)
  end
end

-- Until one of them is over, or some seconds have passed. When the turn itself is canceled they all are.
local function wait(ones, seconds)
  local clock
  local ok, err = async.suspend(function(wake)
    for _, one in ipairs(ones) do
      one.tell = wake
    end
    clock = seconds and async.spawn(function()
      if async.sleep(seconds) then
        wake(true)
      end
    end)
    return function()
      cancel(ones)
    end
  end)
  if clock then
    async.cancel(clock)
  end
  return ok, err
end

local function under_way(ones)
  local some = {}
  for _, one in ipairs(ones) do
    some[#some + 1] = not one.over and one or nil
  end
  return some
end

local function winner_of(ones)
  for _, one in ipairs(ones) do
    if one.bug then
      error(one.bug, 0)
    elseif one.reply then
      return one
    end
  end
end

-- A request that is out is ended by the transport, which tells what had come of it; one that waits is just not made.
local function stop(one)
  if not one.over and one.abort.stop then
    one.abort.stop()
    wait({ one })
  elseif not one.over then
    cancel({ one })
  end
end

-- What a request cost that is not used: what it was asked and had said. Nothing when it was not asked, or recorded
-- its failure itself.
local function lost(one, why, note)
  local usage = one.reply and one.reply.usage or one.err and one.err.code == "ERR_CANCELED" and one.err.usage
  if usage then
    note({
      attempt = 1, model = one.model.name, code = "ERR_CANCELED", message = why,
      usage = usage, ms = (one.reply or one.err).ms, took = (one.reply or one.err).took,
    })
  end
end

-- Neither was answered: what was ended cost something all the same.
local function failed(ones, note)
  for _, one in ipairs(ones) do
    lost(one, one.err and one.err.message, note)
  end
  return nil, ones[1].err
end

local function settle(one, winner, note)
  stop(one)
  lost(one, winner.model.name .. " answered first", note)
  return one.reply and "late" or one.err and one.err.code or "ERR_CANCELED"
end

-- Both were asked: the first reply, or the first one's failure when both failed.
local function race(ones, note)
  local winner = winner_of(ones)
  while not winner and #under_way(ones) > 0 do
    local ok, err = wait(under_way(ones))
    if not ok then
      return nil, err
    end
    winner = winner_of(ones)
  end
  if not winner then
    return failed(ones, note)
  end
  local other = winner == ones[1] and ones[2] or ones[1]
  winner.reply.by = winner.model.name
  winner.reply.hedged = { model = other.model.name, code = settle(other, winner, note) }
  return winner.reply
end

-- A run that stops does not wait for them any more: those that are out answer with what they had come to.
local function end_all(ones)
  for _, one in ipairs(ones) do
    if one.abort.stop then
      one.abort.stop()
    elseif not one.over then
      async.cancel(one.task)
    end
  end
end

local function complete(ones, model, ask, note)
  ones[1] = begin(model, ask)
  if not ones[1].over then
    local ok, err = wait(ones, model.hedge.seconds)
    if ok and not ones[1].over and async.canceled() then -- the run stops: no second model is asked
      ok, err = wait(ones)
    end
    if not ok then
      return nil, err
    end
  end
  if ones[1].over then
    if not winner_of(ones) then
      return failed(ones, note)
    end
    return ones[1].reply
  end
  ones[2] = begin(model.hedge.model, ask, ones[1].abort)
  ones[1].abort.rival = ones[2].abort
  return race(ones, note)
end

---A reply of a model that has a hedge.
---@param model table with `hedge`, {seconds, model}
---@param ask fun(model: table, abort: Abort): table|nil, Error|nil
---@param note fun(attempt: table) a request that was paid for and is not used
---@return table|nil reply  with `by` and `hedged` when two were asked
---@return Error|nil
function M.complete(model, ask, note)
  local ones = {}
  local closing <close> = async.shield(function()
    end_all(ones)
  end)
  return complete(ones, model, ask, note)
end

return M
