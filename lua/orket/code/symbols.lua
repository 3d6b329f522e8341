-- symbols.lua: what source files define and use, by real parsing, remembered by the hash of their text: of a
-- tree that was looked at before, only what has changed is parsed. It follows from the files alone; nothing
-- of it is in the journal. Memory is bounded: two generations, of which the older one goes.

local async = require("orket.async")
local hash = require("orket.core.hash")
local parsers = require("orket.code.parsers")
local unseen = require("orket.util.unseen")
local sys = require("orket.core.sys")

local M = {}

---@class Definition
---@field line integer
---@field last integer line
---@field kind string function, class, type, macro, declaration
---@field name string
---@field signature string one line
---@field within string|nil the class around it

---@class FileSymbols
---@field definitions Definition[] in the order of lines
---@field uses table<string, integer> how often each name stands in the text
---@field weight integer
---@field unreadable true|nil

---@class Symbols
local Symbols = {}
Symbols.__index = Symbols

local WEIGHT_MAX = 150000 -- definitions and names of one generation, 10 to 15 MB
local BREATH = 100 -- files between two turns of the loop
local SECONDS = 20 -- of one look at many files

-- Too much for the parser, which would be so again.
local UNREADABLE = { definitions = {}, uses = {}, weight = 1, unreadable = true }

---@return Symbols
function M.new()
  return setmetatable({ parsers = parsers.new(), young = {}, old = {}, weight = 0 }, Symbols)
end

-- The innermost class that has not ended: `open` are those around.
local function class_around(open, line)
  while open[1] and open[#open].last < line do
    open[#open] = nil
  end
  return open[#open] and open[#open].name
end

local function definition_of(fact, open)
  local within = class_around(open, fact.line)
  local one = {
    line = fact.line, last = math.max(fact.last, fact.line), kind = fact.fact, name = fact.name,
    signature = unseen.removed(fact.signature), within = within,
  }
  if one.kind == "class" then
    open[#open + 1] = one
  end
  return one
end

local function read(facts)
  local definitions, uses, open = {}, {}, {}
  for _, fact in ipairs(facts) do
    if fact.fact == "use" then
      uses[fact.name] = fact.count
    else
      definitions[#definitions + 1] = definition_of(fact, open)
    end
  end
  return { definitions = definitions, uses = uses, weight = #facts + 1 }
end

function Symbols:remember(key, found)
  if self.weight + found.weight > WEIGHT_MAX then
    self.old, self.young, self.weight = self.young, {}, 0
  end
  self.young[key] = found
  self.weight = self.weight + found.weight
  return found
end

---What one file defines and uses. Inside a task.
---@param file {language: string, text: string}
---@return FileSymbols
function Symbols:of(file)
  local key = file.language .. hash.of(file.text)
  local known = self.young[key]
  if known then
    return known
  elseif self.old[key] then
    return self:remember(key, self.old[key])
  end
  local facts = self.parsers:symbols(file.language, file.text)
  return self:remember(key, facts and read(facts) or UNREADABLE)
end

---What each of some files defines and uses. Inside a task. Files that were made to take the parser's time do
---not take more than a bounded time of the turn: the rest counts as unreadable.
---@param files {language: string, text: string}[]
---@return FileSymbols[]
function Symbols:of_all(files)
  local all, deadline = {}, sys.monotonic() + SECONDS
  for i, file in ipairs(files) do
    all[i] = sys.monotonic() < deadline and self:of(file) or UNREADABLE
    if i % BREATH == 0 then
      async.sleep(0)
    end
  end
  return all
end

return M
