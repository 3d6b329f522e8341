-- presence.lua: who looks at which card. A client over a WebSocket says so ({"look": "CARD"}, or null), and
-- all clients get it. It is not an event: nothing of it is in the journal, and it ends with the connection.

local async = require("orket.async")
local cjson = require("cjson")
local live_events = require("orket.service.live_events")
local tables = require("orket.util.tables")

local M = {}

local MESSAGE = 1024 -- bytes of what a client may say of this
local PAUSE = 0.1 -- seconds between two reports
local SEATS = 20 -- that are heard for one: however much its clients say, it costs the same
local NAMES = 20 -- that are named of a card's readers

local Presence = {}
Presence.__index = Presence

local Seat = {}
Seat.__index = Seat

---@param store Store
---@param hub table live_events
---@return table presence
function M.new(store, hub)
  return setmetatable({ store = store, hub = hub, seats = {}, waiting = {}, changed = {}, reported = {} },
    Presence)
end

-- ---- reports ----

-- The names of readers by card.
local function readers(self)
  local cards = {}
  for seat in pairs(self.seats) do
    if seat.card then
      cards[seat.card] = cards[seat.card] or {}
      cards[seat.card][seat.who] = true
    end
  end
  return cards
end

local function report_of(card, names)
  local who = tables.keys(names or {})
  local some = table.move(who, 1, math.min(#who, NAMES), 1, {})
  return { card = card, who = setmetatable(some, cjson.array_mt), count = #who }
end

local function key_of(report)
  return report.count > 0 and report.count .. " " .. table.concat(report.who, "\0") or nil
end

-- Each card once, and only when it is not as it was reported last.
local function report(self)
  local changed, cards = self.changed, readers(self)
  self.changed = {}
  for card in pairs(changed) do
    local row = report_of(card, cards[card])
    local key = key_of(row)
    if key ~= self.reported[card] then
      self.reported[card] = key
      self.hub:tell("presence", row)
    end
  end
end

-- ---- what clients say ----

local function look(seat, card)
  local changed = seat.presence.changed
  if card ~= seat.card then
    changed[seat.card or card], changed[card or seat.card] = true, true
    seat.card = card
  end
end

-- A card that there is; anything else a client says is not looked at.
local function card_of(self, text)
  local ok, said = pcall(cjson.decode, text)
  local card = ok and type(said) == "table" and said.look
  if card == cjson.null then
    return true, nil
  end
  return type(card) == "string" and self.store:read("card_state", { id = card })[1] ~= nil, card
end

-- What it said last.
local function hear(seat)
  local said = seat.said
  seat.said = nil
  local ok, card
  if said then
    ok, card = card_of(seat.presence, said)
  end
  if ok then
    look(seat, card)
  end
end

-- Those that have waited longest.
local function hear_some(self)
  local all = self.waiting
  self.waiting = table.move(all, SEATS + 1, #all, 1, {})
  for i = 1, math.min(SEATS, #all) do
    hear(all[i])
  end
end

local function is_idle(self)
  return #self.waiting == 0 and next(self.changed) == nil
end

local function report_all(self)
  while not is_idle(self) and async.sleep(PAUSE) do
    hear_some(self)
    report(self)
  end
  self.reporting = nil
end

local function begin_reporting(self)
  if not (self.reporting or self.over or is_idle(self)) then
    self.reporting = async.spawn(report_all, self)
  end
end

-- A message costs nothing but this; of several the last one counts.
local function take(seat, text)
  if #text > MESSAGE then
    return
  elseif not seat.said then
    table.insert(seat.presence.waiting, seat)
    begin_reporting(seat.presence)
  end
  seat.said = text
end

-- ---- one connection ----

-- What is known when a client comes.
local function greet(self, response)
  for card, names in pairs(readers(self)) do
    response:write(live_events.SOCKET.plain("presence", report_of(card, names)))
  end
end

---A client is there until this is closed.
---@param response HttpResponse a WebSocket
---@param who string
---@return table seat
function Presence:sit(response, who)
  local seat = setmetatable({ presence = self, who = who }, Seat)
  greet(self, response)
  self.seats[seat] = true
  response:on_message(function(text)
    take(seat, text)
  end)
  return seat
end

function Seat:__close()
  self.said, self.presence.seats[self] = nil, nil
  look(self, nil)
  begin_reporting(self.presence)
end

---Nothing more is reported.
function Presence:close()
  self.over = true
  if self.reporting then
    async.cancel(self.reporting)
  end
end

return M
