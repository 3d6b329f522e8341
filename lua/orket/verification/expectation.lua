-- expectation.lua: what a fixture expects of an answer, and the first thing in which an answer differs. It is
-- compared here, in the engine: the program under test is given inputs, and never sees what is expected.
-- Pure.

local cjson = require("cjson")
local doc = require("orket.core.doc")
local schema = require("orket.core.schema")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")

local M = {}

local TOLD = 400 -- bytes of a text that a difference quotes

local function quoted(text)
  return cjson.encode(strings.shortened(strings.of_bytes(text), TOLD))
end

---A value as a difference tells it.
---@param value any
---@return string
function M.format_value(value)
  if value == nil then
    return "nothing"
  end
  local text = cjson.try_encode(value)
  return text and strings.shortened(text, TOLD) or "what JSON cannot hold"
end

-- Arrays and objects differ also when both are empty; 1 and 1.0 are one number.
local function is_equal(wanted, got)
  if type(wanted) ~= "table" or type(got) ~= "table" then
    return wanted == got
  elseif getmetatable(wanted) ~= getmetatable(got) then
    return false
  end
  for key, value in pairs(wanted) do
    if not is_equal(value, got[key]) then
      return false
    end
  end
  for key in pairs(got) do
    if wanted[key] == nil then
      return false
    end
  end
  return true
end

---@param wanted any a value of JSON
---@param got any
---@return string|nil difference
function M.value(wanted, got)
  if not is_equal(wanted, got) then
    return "expected " .. M.format_value(wanted) .. ", got " .. M.format_value(got)
  end
end

---@param name string what it is: "stdout", "body"
---@param wanted string exactly this
---@param got string
---@return string|nil difference
function M.text(name, wanted, got)
  if wanted ~= got then
    return name .. ": expected " .. quoted(wanted) .. ", got " .. quoted(got)
  end
end

---A regular expression, as schemas have them; nil and why, when it is none.
---@param pattern string
---@return orket.schema|nil
---@return string|nil message
function M.pattern(pattern)
  return schema.compile({ type = "string", pattern = pattern })
end

---@param name string
---@param pattern string a regular expression that is found in the text
---@param got string
---@return string|nil difference
function M.match(name, pattern, got)
  local compiled, message = M.pattern(pattern)
  if not compiled then
    return name .. ": the pattern cannot be used: " .. message
  end
  local fits, _, code = compiled:check(strings.of_bytes(got), 1)
  if code == "ERR_LIMIT" then
    return name .. ": the pattern costs too much on " .. #got .. " bytes"
  elseif not fits then
    return name .. ": no match for " .. quoted(pattern) .. " in " .. quoted(got)
  end
end

---@param name string
---@param wanted table<string, any> values by JSON pointer; "" is the whole
---@param got string a text of JSON
---@return string|nil difference
function M.json(name, wanted, got)
  local tree, message = doc.parse(got)
  if not tree then
    return name .. " is not JSON: " .. message .. "; it is " .. quoted(got)
  end
  for _, pointer in ipairs(tables.keys(wanted)) do
    local difference = M.value(wanted[pointer], tree:value(pointer))
    if difference then
      return name .. pointer .. ": " .. difference
    end
  end
end

return M
