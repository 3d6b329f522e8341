-- words.lua: in what the two prompts of a turn differ, message by message. The words of a role are said of
-- each of its cards: two messages that were just compared are not compared again.

local cjson = require("cjson")
local diff = require("orket.util.diff")

local M = {}

local Words = {}
Words.__index = Words

local function lines_of(path, value)
  return value and diff.lines(value, path) or {}
end

local function compared(path, before, after)
  return diff.unified(lines_of(path, before), lines_of(path, after))
end

-- Of the messages in this place, as the last turn of the role had them, or anew.
local function of(self, role, at, before, after)
  local place = role .. " " .. at
  local last = self.last[place]
  if not last or last.before ~= before or last.after ~= after then
    last = { before = before, after = after,
      diff = compared("[" .. at .. "]", before and cjson.decode(before), after and cjson.decode(after)) }
    self.last[place] = last
  end
  return last.diff
end

---@param role string
---@param before {messages: string[]?, fails: string?} messages as JSON, or why there are none
---@param after {messages: string[]?, fails: string?}
---@return string diff of all messages that are not the same
function Words:differ(role, before, after)
  local parts, was, is = {}, before.messages or {}, after.messages or {}
  for at = 1, math.max(#was, #is) do
    parts[#parts + 1] = was[at] ~= is[at] and of(self, role, at, was[at], is[at]) or nil
  end
  parts[#parts + 1] = before.fails ~= after.fails and compared("fails", before.fails, after.fails) or nil
  return table.concat(parts, "\n@@\n")
end

---@return table words
function M.new()
  return setmetatable({ last = {} }, Words)
end

return M
