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

-- What the other one cost: what it was asked and had said. Nothing when it was not asked, or told of its failure itself.
local function settle(one, winner, note)
  stop(one)
  local usage = one.reply and one.reply.usage or one.err and one.err.code == "ERR_CANCELED" and one.err.usage
  if usage then
    note({
      attempt = 1, model = one.model.name, code = "ERR_CANCELED", message = winner.model.name .. " answered first",
      usage = usage, ms = (one.reply or one.err).ms, took = (one.reply or one.err).took,
    })
  end
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
    return nil, ones[1].err
  end
  local other = winner == ones[1] and ones[2] or ones[1]
  winner.reply.by = winner.model.name
  winner.reply.hedged = { model = other.model.name, code = settle(other, winner, note) }
  return winner.reply
end

---A reply of a model that has a hedge.
---@param model table with `hedge`, {seconds, model}
---@param ask fun(model: table, abort: Abort): table|nil, Error|nil
---@param note fun(attempt: table) a request that was paid for and is not used
---@return table|nil reply  with `by` and `hedged` when two were asked
---@return Error|nil
function M.complete(model, ask, note)
  local ones = { begin(model, ask) }
  if not ones[1].over then
    local ok, err = wait(ones, model.hedge.seconds)
    if not ok then
      return nil, err
    end
  end
  if ones[1].over then
    winner_of(ones)
    return ones[1].reply, ones[1].err
  end
  ones[2] = begin(model.hedge.model, ask, ones[1].abort)
  ones[1].abort.rival = ones[2].abort
  return race(ones, note)
end

return M
