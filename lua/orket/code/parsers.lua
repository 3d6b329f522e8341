-- parsers.lua: the parser (orket.core.parser), for who has many texts: a few run at once, since each is a
-- process; further texts wait.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local parser = require("orket.core.parser")
local tables = require("orket.util.tables")

local M = {}

---@class Parsers
local Parsers = {}
Parsers.__index = Parsers

local AT_ONCE = 4

---@return Parsers
function M.new()
  return setmetatable({ running = 0, waiting = {} }, Parsers)
end

function Parsers:enter()
  while self.running >= AT_ONCE do
    local _, err = async.suspend(function(wake)
      table.insert(self.waiting, wake)
      return function()
        tables.drop(self.waiting, wake)
      end
    end)
    if err then
      return nil, err
    end
  end
  self.running = self.running + 1
  return true
end

function Parsers:leave()
  self.running = self.running - 1
  local wake = table.remove(self.waiting, 1)
  if wake then
    wake()
  end
end

local function ask(self, fn, language, text)
  local json
  local entered, err = self:enter()
  if entered then
    json, err = errors.check(async.await(fn, language, text))
    self:leave()
  end
  errors.pass(async.canceled() or err)
  local facts = json and cjson.decode(json)
  if type(facts) ~= "table" then
    return nil, err or errors.new("ERR_PROTOCOL", "the parser gave no facts")
  end
  return facts
end

---What stands in a text. Inside a task; raises a failure of the machine, and that the task was canceled.
---@param language string
---@param text string UTF-8
---@return table[]|nil facts core/parser/parser.h
---@return Error|nil ERR_LIMIT
function Parsers:facts(language, text)
  return ask(self, parser.facts, language, text)
end

---What a text defines and uses, likewise.
---@param language string
---@param text string UTF-8
---@return table[]|nil facts
---@return Error|nil
function Parsers:symbols(language, text)
  return ask(self, parser.symbols, language, text)
end

return M
