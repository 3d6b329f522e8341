-- journal_figures.lua: what the journal says in figures, for /metrics. They are counted by one query on a
-- thread of the pool (`figures` of queries.sql): once over the whole journal, then over what came since the
-- last time. So they survive a restart, and looking at them costs the loop nothing.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

M.REPLY = { 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300 } -- seconds
M.TURN = { 1, 5, 15, 60, 300, 900, 3600 }
M.CARD = { 10, 60, 300, 900, 3600, 14400, 86400 }

local SERIES = 200 -- of a family; what comes behind them is counted as OTHER
local OTHER = "(other)"

local Figures = {}
Figures.__index = Figures

---@param store Store
---@return table figures
function M.new(store)
  return setmetatable({ store = store, since = 0, families = {} }, Figures)
end

-- ---- counting ----

local function family_of(self, name)
  self.families[name] = self.families[name] or { count = 0, rows = {} }
  return self.families[name]
end

-- A model invents names of tools: there is a bound to how many are counted apart.
local function row_of(family, a, b)
  local key = (a or "") .. "\0" .. (b or "")
  if not family.rows[key] and family.count >= SERIES then
    a, key = OTHER, OTHER .. "\0" .. (b or "")
  end
  if not family.rows[key] then
    family.rows[key], family.count = { a = a, b = b, value = 0 }, family.count + 1
  end
  return family.rows[key]
end

local function add(self, row)
  local a, b = row.a and tostring(row.a), row.b and tostring(row.b)
  local found = row_of(family_of(self, row.family), a, b)
  found.value = found.value + row.value
end

-- A family that begins with "=" says how it is now.
local function forget_states(self)
  for name in pairs(self.families) do
    if name:sub(1, 1) == "=" then
      self.families[name] = nil
    end
  end
end

local function count(self)
  local text, err = errors.check(async.await(self.store.read_aside, self.store, "figures", {
    since = self.since, reply_bounds = cjson.encode(M.REPLY), turn_bounds = cjson.encode(M.TURN),
    card_bounds = cjson.encode(M.CARD),
  }))
  if not text then
    return nil, err
  end
  forget_states(self)
  for _, row in ipairs(cjson.decode(text)) do
    add(self, row)
  end
  self.since = self:value("=upto")
  return true
end

---Counts what came since the last time; those who ask meanwhile wait for the same. In a task.
---@return true|nil ok
---@return Error|nil
function Figures:refresh()
  self.counting = self.counting or async.spawn(function()
    local ok, err = count(self)
    self.counting = nil
    return ok, err
  end)
  return async.join(self.counting)
end

-- ---- what was counted ----

---The value of a family without labels, or the sum of all its values that `fits`.
---@param name string
---@param fits (fun(row: {a: string?, b: string?}): boolean)|nil
---@return number
function Figures:value(name, fits)
  local sum = 0
  for _, row in pairs((self.families[name] or { rows = {} }).rows) do
    sum = sum + (not (fits and not fits(row)) and row.value or 0)
  end
  return sum
end

---Samples of a family: each with its labels by these names.
---@param name string
---@param first string
---@param second string|nil
---@return {labels: string[], value: number}[]
function Figures:samples(name, first, second)
  local rows, list = (self.families[name] or { rows = {} }).rows, {}
  for _, key in ipairs(tables.keys(rows)) do
    local row = rows[key]
    list[#list + 1] = { labels = { first, row.a or "", second, second and (row.b or "") }, value = row.value }
  end
  return list
end

---A histogram of a family.
---@param name string
---@param bounds number[]
---@return {bounds: number[], upto: integer[], sum: number}
function Figures:histogram(name, bounds)
  local upto, rows = {}, (self.families[name] or { rows = {} }).rows
  for i = 1, #bounds + 1 do
    local bucket = rows["\0" .. i - 1]
    upto[i] = (upto[i - 1] or 0) + (bucket and bucket.value or 0)
  end
  return { bounds = bounds, upto = upto, sum = self:value(name .. "_sum") }
end

return M
