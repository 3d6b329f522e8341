-- ledger.lua: caps, what is used of each, and what is held for requests under way. Pure: no clock, no store.
--
-- reserve, then commit: a request holds what it may cost at most in every cap of its path, all of them or
-- none, and gives back what it did not need. Where the room is smaller than that, one request goes alone; the
-- others wait for it, first come, first served. So a cap is passed by one reply at most, however many ask at
-- once. What is held lives in this process only: a crash leaves nothing held.

local M = {}

M.WARNED_AT = 80 -- per cent of a cap

---@class Cap
---@field path string "epics/x/tokens"
---@field kind string
---@field limit integer
---@field used integer
---@field held integer what requests under way may cost
---@field flying integer how many they are
---@field warned boolean

local Ledger = {}
Ledger.__index = Ledger

---@return table ledger
function M.new()
  return setmetatable({ caps = {}, queue = {} }, Ledger)
end

local function is_near(cap)
  return cap.used * 100 >= cap.limit * M.WARNED_AT
end

---A cap of its own, in no ledger.
---@param path string
---@param kind string
---@param limit integer
---@param used integer
---@return Cap
function M.cap(path, kind, limit, used)
  local cap = { path = path, kind = kind, limit = limit, used = used, held = 0, flying = 0 }
  cap.warned = is_near(cap)
  return cap
end

---The cap of this path, from now on with this limit; a new one begins with what used() says.
---@param path string
---@param kind string
---@param limit integer
---@param used fun(): integer
---@return Cap
function Ledger:cap(path, kind, limit, used)
  local cap = self.caps[path]
  if not cap then
    cap = M.cap(path, kind, limit, used())
    self.caps[path] = cap
  elseif cap.limit ~= limit then -- the configuration was changed
    cap.limit = limit
    cap.warned = is_near(cap)
  end
  return cap
end

---The first cap of which nothing is left.
---@param caps Cap[]
---@return Cap|nil
function M.reached(caps)
  for _, cap in ipairs(caps) do
    if cap.used >= cap.limit then
      return cap
    end
  end
end

local function has_room(caps, wanted)
  for _, cap in ipairs(caps) do
    if cap.flying > 0 and (wanted[cap.kind] or 0) > cap.limit - cap.used - cap.held then
      return false
    end
  end
  return true
end

local function hold(caps, wanted)
  for _, cap in ipairs(caps) do
    cap.held, cap.flying = cap.held + (wanted[cap.kind] or 0), cap.flying + 1
  end
  return { caps = caps, wanted = wanted }
end

local function give_back(held)
  for _, cap in ipairs(held.caps) do
    cap.held, cap.flying = cap.held - (held.wanted[cap.kind] or 0), cap.flying - 1
  end
  held.settled = true
end

local function any(set, caps)
  for _, cap in ipairs(caps) do
    if set[cap] then
      return true
    end
  end
  return false
end

local function add_all(set, caps)
  for _, cap in ipairs(caps) do
    set[cap] = true
  end
end

local function held_for(one)
  local wanted = one.wants()
  return has_room(one.caps, wanted) and hold(one.caps, wanted) or nil
end

-- What the queue comes to now: who has an answer, and who still waits. Nobody passes somebody with whom it
-- shares a cap.
local function sort_queue(self)
  local answered, waiting, taken = {}, {}, {}
  for _, one in ipairs(self.queue) do
    if any(taken, one.caps) then
      waiting[#waiting + 1] = one
    elseif M.reached(one.caps) then
      one.reached = M.reached(one.caps)
      answered[#answered + 1] = one
    else
      one.held = held_for(one)
      table.insert(one.held and answered or waiting, one)
      add_all(taken, one.held and {} or one.caps)
    end
  end
  return answered, waiting
end

local function serve(self)
  if #self.queue == 0 then
    return
  end
  local answered
  answered, self.queue = sort_queue(self)
  for _, one in ipairs(answered) do
    if not one.gone then -- somebody woken before it ended its wait
      one.wake(one.held, one.reached)
    end
  end
end

---Holds what a request may cost. nil and the cap of which nothing is left; nil alone: it has to wait.
---@param caps Cap[]
---@param wanted table<string, integer> by kind
---@return table|nil held
---@return Cap|nil reached
function Ledger:reserve(caps, wanted)
  local reached = M.reached(caps)
  if reached then
    return nil, reached
  end
  for _, one in ipairs(self.queue) do
    local theirs = {}
    add_all(theirs, one.caps)
    if any(theirs, caps) then
      return nil
    end
  end
  return has_room(caps, wanted) and hold(caps, wanted) or nil
end

---Waits in line: wake(held, reached) is called once, when others gave back.
---@param caps Cap[]
---@param wants fun(): table<string, integer> what it may cost, asked anew each time: by then more is known
---@param wake fun(held: table|nil, reached: Cap|nil)
---@return fun() leave ends the wait, and gives back what was held for it
function Ledger:wait(caps, wants, wake)
  local one = { caps = caps, wants = wants, wake = wake }
  table.insert(self.queue, one)
  return function()
    one.gone = true
    if one.held then
      self:release(one.held)
    end
    for i, other in ipairs(self.queue) do
      if other == one then
        table.remove(self.queue, i)
        return serve(self)
      end
    end
  end
end

---Books what was spent.
---@param caps Cap[]
---@param spent table<string, integer> by kind
---@return Cap[] crossed the caps of which it is the first time that 80 % are used
function M.charge(caps, spent)
  local crossed = {}
  for _, cap in ipairs(caps) do
    cap.used = cap.used + (spent[cap.kind] or 0)
    if not cap.warned and is_near(cap) then
      cap.warned = true
      crossed[#crossed + 1] = cap
    end
  end
  return crossed
end

---The request is over: what it cost is booked, the rest given back.
---@param held table
---@param spent table<string, integer>
---@return Cap[] crossed
function Ledger:commit(held, spent)
  give_back(held)
  local crossed = M.charge(held.caps, spent)
  serve(self)
  return crossed
end

---It cost nothing. A second time does nothing.
---@param held table
function Ledger:release(held)
  if not held.settled then
    give_back(held)
    serve(self)
  end
end

---A new period: nothing is used.
---@param cap Cap
function M.renew(cap)
  cap.used, cap.warned = 0, false
end

return M
