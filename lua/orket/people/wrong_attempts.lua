-- wrong_attempts.lua: what wrong credentials cost: each one under a name (an account, an address, a server)
-- makes the next answer wait longer, until the name has been quiet for a while. Nothing is locked, because a
-- person who guesses could lock others out.

local sys = require("orket.core.sys")

local M = {}

local SHORTEST, LONGEST = 0.1, 5 -- seconds, doubling
local KNOWN_MOST = 10000 -- names; above it those that are forgiven are dropped

---@class WrongAttempts
---@field forgiven number seconds after which wrong ones do not count any more
---@field entries table<string, {wrong: integer, since: number, noted: number|nil, unnoted: integer}>
---@field count integer of entries
local WrongAttempts = {}
WrongAttempts.__index = WrongAttempts

---@param forgiven number seconds
---@return WrongAttempts
function M.new(forgiven)
  return setmetatable({ forgiven = forgiven, entries = {}, count = 0 }, WrongAttempts)
end

local function entry_of(self, name)
  local entry = self.entries[name]
  return entry and sys.monotonic() - entry.since <= self.forgiven and entry or nil
end

local function drop(self, name)
  if self.entries[name] then
    self.entries[name], self.count = nil, self.count - 1
  end
end

local function drop_forgiven(self)
  for name in pairs(self.entries) do
    if not entry_of(self, name) then
      drop(self, name)
    end
  end
end

local function new_entry(self, name)
  if self.count >= KNOWN_MOST then
    drop_forgiven(self)
  end
  drop(self, name)
  self.count = self.count + 1
  self.entries[name] = { wrong = 0, unnoted = 0 }
  return self.entries[name]
end

---Counts a wrong one.
---@param name string
function WrongAttempts:add(name)
  local entry = entry_of(self, name) or new_entry(self, name)
  entry.wrong, entry.unnoted, entry.since = entry.wrong + 1, entry.unnoted + 1, sys.monotonic()
end

---How long the next answer waits.
---@param name string
---@return number seconds
function WrongAttempts:delay(name)
  local entry = entry_of(self, name)
  return entry and math.min(LONGEST, SHORTEST * 2 ^ math.min(entry.wrong - 1, 10)) or 0
end

---How many wrong ones there were since the last answer of this function; nil: that was less than `every`
---seconds ago.
---@param name string
---@param every number
---@return integer|nil
function WrongAttempts:unnoted(name, every)
  local entry, now = self.entries[name], sys.monotonic()
  if entry.noted and now - entry.noted < every then
    return nil
  end
  local count = entry.unnoted
  entry.noted, entry.unnoted = now, 0
  return count
end

---Forgives them at once: the right one was given.
---@param name string
function WrongAttempts:forgive(name)
  drop(self, name)
end

return M
