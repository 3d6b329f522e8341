-- live_events.lua: the journal as it is written, for clients of the service, as text/event-stream or over a
-- WebSocket. Events are committed, have an id (their commit number) and come again after it when a client
-- asks for what it missed; deltas are what a model says at this moment, have no id, and are sent only to
-- who keeps up.
--
-- A client that reads slowly is one that catches up: it is not written to until there is room, and then what
-- it missed is read from the journal. Nothing is queued for it here.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")

local M = {}

local PAGE = 500 -- events read at once
local ROOM = 65536 -- bytes unsent of a client that keeps up
local BEAT = 15 -- seconds between two signs of life

local Hub = {}
Hub.__index = Hub

local Client = {}
Client.__index = Client

-- ---- what is sent ----

---@class EventForm how events are written for a client
---@field event fun(event: StoreEvent): string
---@field plain fun(name: string, data: table): string what is no event: a delta, who looks at a card, that
---  the alerts may be others
---@field beat string a sign of life; also written to wait for room, and to a client that has caught up
---@field beginning fun(newest: integer): string|nil  what comes first: the newest event, which a client may
---  not have yet

---@type EventForm
M.STREAM = {
  beginning = function(newest)
    return ("retry: 1000\n: last %d\n\n"):format(newest) -- a browser comes again after so many milliseconds
  end,
  event = function(event)
    return ("id: %d\nevent: %s\ndata: %s\n\n"):format(event.seq, event.kind, cjson.encode(event))
  end,
  plain = function(name, data)
    return ("event: %s\ndata: %s\n\n"):format(name, cjson.encode(data))
  end,
  beat = ": beat\n\n",
}

---@type EventForm
M.SOCKET = {
  event = function(event)
    return cjson.encode({ id = event.seq, event = event.kind, data = event })
  end,
  plain = function(name, data)
    return cjson.encode({ event = name, data = data })
  end,
  beat = "", -- a ping
}

---For browsers, which do not see pings.
---@type EventForm
M.PAGE = {
  beginning = function(newest)
    return cjson.encode({ event = "last", data = { seq = newest } })
  end,
  event = M.SOCKET.event, plain = M.SOCKET.plain, beat = cjson.encode({ event = "beat" }),
}

local function is_of(filter, run, card)
  return (not filter.run or filter.run == run) and (not filter.card or filter.card == card)
end

local function is_among(kinds, event)
  for _, kind in ipairs(kinds) do
    if event.kind:sub(1, #kind) == kind then
      return true
    end
  end
  return false
end

local function is_wanted(filter, event)
  return is_of(filter, event.run, event.card) and not (filter.hidden and is_among(filter.hidden, event))
    and (not filter.kinds or is_among(filter.kinds, event))
end

-- ---- one client ----

-- Written to at once; one that has no room left from here on is to catch up. An event that could not be
-- written is not one that it has.
function Client:push(text, seq)
  local unsent = self.response:write(text)
  self.last = unsent and seq or self.last
  if (not unsent or unsent > ROOM) and self.live then
    self.live = false
    self.wake()
  end
end

-- Waits until there is room. False when the client is gone.
local function write(client, text)
  return async.await(client.response.write, client.response, text) ~= nil
end

-- On a thread of the pool: what is wanted may be far between.
local function read_far(store, filter, after, most)
  local text, err = errors.check(async.await(store.read_aside, store, "events_wanted", { since = after,
    run = filter.run, card = filter.card, kinds = filter.kinds and cjson.encode(filter.kinds),
    hidden = filter.hidden and cjson.encode(filter.hidden), limit = most }))
  if not text then
    error(err) -- as store:read does
  end
  return cjson.decode(text)
end

local function read_near(client)
  return client.hub.store:read("events", { since = client.last, run = client.filter.run,
    card = client.filter.card, limit = PAGE })
end

-- False when the client is gone.
local function write_all(client, events)
  for _, event in ipairs(events) do
    client.last = event.seq
    if is_wanted(client.filter, event) and not write(client, client.form.event(event)) then
      return false
    end
  end
  return true
end

-- What was committed after the last event that it has: beside the loop up to the last page, the rest at once,
-- so that nothing comes between that and what is heard live. False when the client is gone.
local function catch_up(client)
  local hub = client.hub
  while true do
    local upto = hub.last -- what was heard of is there for every reader
    local is_far = upto - client.last > PAGE
    local events = is_far and read_far(hub.store, client.filter, client.last, PAGE) or read_near(client)
    if not write_all(client, events) then
      return false
    elseif is_far and #events < PAGE then
      client.last = math.max(client.last, upto)
    elseif not is_far and #events == 0 then
      return true
    end
  end
end

-- Until it falls behind, or is over. It learns that it has all there is.
local function keep_up(client)
  client.live = true
  async.suspend(function(wake)
    client.wake = wake
    client:push(client.form.beat)
  end)
  client.live = false
end

local function forget(client)
  client.hub.clients[client] = nil
  client.hub.count = client.hub.count - 1
end

-- What is in a set now: who is woken by what is done to one may come into it or leave.
local function members(set)
  local list = {}
  for one in pairs(set) do
    list[#list + 1] = one
  end
  return list
end

local function beat(hub)
  while hub.count > 0 and async.sleep(BEAT) do
    for _, client in ipairs(members(hub.clients)) do
      if client.live then
        client:push(client.form.beat)
      end
    end
  end
  hub.beating = nil
end

local function remember(hub, client)
  hub.clients[client], hub.count = true, hub.count + 1
  hub.beating = hub.beating or async.spawn(beat, hub)
end

---A page of what was committed. In a task.
---@param filter {run: string?, card: string?, kinds: string[]?, hidden: string[]?} kinds: beginnings of
---  kinds; hidden: of those that who asks may not see
---@param after integer
---@param most integer
---@return table[] events
---@return integer|nil next what `after` takes for the page behind; nil: this is the last one
function Hub:page(filter, after, most)
  local items = read_far(self.store, filter, after, most)
  return items, #items == most and items[most].seq or nil
end

---Sends events to a client until it leaves or the service ends; in the task of its request.
---@param filter {run: string?, card: string?, kinds: string[]?, hidden: string[]?, deltas: boolean?} see page
---@param last integer the last event that it has
---@param response HttpResponse that has begun
---@param form EventForm
function Hub:follow(filter, last, response, form)
  local client <close> = setmetatable({ hub = self, filter = filter, last = last, response = response,
    form = form }, Client)
  if form.beginning then
    response:write(form.beginning(self.last))
  end
  remember(self, client)
  -- A client that is gone is seen here: what cancels this task is heard of only when the loop goes on.
  while response:is_open() and not self.over and not async.canceled() and catch_up(client) do
    if self.over then
      break
    end
    keep_up(client)
    if response:is_open() and not self.over and not write(client, form.beat) then -- there is room again
      break
    end
  end
  if response:is_open() then
    response:finish()
  end
end

Client.__close = forget

-- ---- all of them ----

-- Encoded once, for the first who wants it.
local function hear(hub, event)
  hub.last = event.seq
  for _, fn in ipairs(members(hub.hearing)) do
    if hub.hearing[fn] then
      fn(event)
    end
  end
  local texts = {}
  for _, client in ipairs(members(hub.clients)) do
    if client.live and event.seq > client.last then
      if is_wanted(client.filter, event) then
        texts[client.form] = texts[client.form] or client.form.event(event)
        client:push(texts[client.form], event.seq)
      else
        client.last = event.seq
      end
    end
  end
end

---Calls fn(event) for each event that is committed from now on, in a callback of the loop: it does not wait.
---@param fn fun(event: StoreEvent)
---@return fun() unsubscribe
function Hub:subscribe(fn)
  self.hearing[fn] = true
  return function()
    self.hearing[fn] = nil
  end
end

-- What comes once and never again: to who follows it and keeps up.
local function tell(self, name, data, run)
  local texts = {}
  for _, client in ipairs(members(self.clients)) do
    local filter = client.filter
    if client.live and filter.deltas and is_of(filter, run or filter.run, data.card) then
      texts[client.form] = texts[client.form] or client.form.plain(name, data)
      client:push(texts[client.form])
    end
  end
end

---A fragment of what a model says in a turn.
---@param turn Turn
---@param words string
---@param progress LlmProgress
function Hub:delta(turn, words, progress)
  tell(self, "delta", { run = turn.run, turn = turn.number, card = turn.card.id, text = words,
    thoughts = progress.thoughts, tool = progress.tool, calls = progress.calls, path = progress.path },
    turn.run)
end

---What is no event and of no run.
---@param name string
---@param data {card: string?}
function Hub:tell(name, data)
  tell(self, name, data)
end

---Ends every stream.
function Hub:close()
  self.over = true
  self.unsubscribe()
  for _, client in ipairs(members(self.clients)) do
    if client.live then
      client.wake()
    end
  end
  if self.beating then
    async.cancel(self.beating)
  end
end

---@param store Store
---@param subscribe (fun(fn: fun(event: StoreEvent)): fun())|nil where events come from: nil: the store, which
---  is opened as owner
---@return table hub {last: the newest event's number}
function M.new(store, subscribe)
  local self = setmetatable({ store = store, clients = {}, count = 0, hearing = {},
    last = store:read("counts", {})[1].events }, Hub)
  local function heard(event)
    hear(self, event)
  end
  self.unsubscribe = subscribe and subscribe(heard) or store:subscribe(heard)
  return self
end

return M
