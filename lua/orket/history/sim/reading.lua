-- reading.lua: what a walk has the journal read: the least that some turn needs whose two sides differ. It
-- grows as the walk meets such turns, and then the events behind them are read again.

local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

local Reading = {}
Reading.__index = Reading

local PAGE = 200 -- events read at once

-- The tools whose allowed calls are read, as their bodies name them; nil: all of them.
local function tools_of(self, pair)
  for _, tools in pairs(pair.calls == true and { true } or pair.calls) do
    if tools == true then
      return nil
    end
    for tool in pairs(tools) do
      self.tools[tool] = true
    end
  end
  local texts = setmetatable({}, cjson.array_mt)
  for i, tool in ipairs(tables.keys(self.tools)) do
    texts[i] = '"tool":' .. cjson.encode(tool)
  end
  return cjson.encode(texts)
end

---Two sides that a turn is judged by.
---@param pair SimPair|nil
---@param asks {calls: boolean, messages: boolean, outcomes: boolean, views: boolean}|nil what is needed of
---  the journal for them
---@return boolean grown
function Reading:add(pair, asks)
  if not pair or self.whole or self.known[pair] then
    return false
  end
  self.known[pair] = true
  for what, wanted in pairs(asks) do
    self.params[what] = wanted and 1 or self.params[what]
  end
  self.params.tools = self.params.tools and tools_of(self, pair)
  self.events, self.told = {}, nil
  return true
end

---The next events, and whether there may be more behind them.
---@param since integer
---@return table[] events
---@return boolean more
function Reading:page(since)
  self.params.since = since
  self.events, self.told = self.store:read("simulated", self.params), nil
  return self.events, #self.events == PAGE
end

-- What the turns of a page are told at first, by run and turn, each with what was ranked for it before.
local function told(events)
  local runs = {}
  for _, event in ipairs(events) do
    local kind = event.kind
    if kind == "turn.prompted" or kind == "memory.ranked" then
      local turns = runs[event.run] or {}
      local one = turns[event.turn] or {}
      runs[event.run], turns[event.turn] = turns, one
      if kind == "turn.prompted" then
        one.body = one.body or event.body
      elseif not one.body then
        one.ranked = event.body
      end
    end
  end
  return runs
end

---What a turn that begins is told at first: a few events later, most often on the same page.
---@param event table turn.started, on the page
---@return {body: table, ranked: table?}|nil
function Reading:prompted(event)
  self.told = self.told or told(self.events)
  local one = self.told[event.run] and self.told[event.run][event.turn]
  return one and one.body and one or self.store:read("prompted", { seq = event.seq })[1]
end

---@param store Store
---@param whole boolean|nil everything is read
---@return table reading
function M.new(store, whole)
  local all = whole and 1 or 0
  return setmetatable({
    store = store, whole = whole, known = {}, tools = {}, events = {},
    params = { limit = PAGE, calls = all, messages = all, outcomes = all, views = all, tools = not whole
      and "[]" or nil },
  }, Reading)
end

return M
