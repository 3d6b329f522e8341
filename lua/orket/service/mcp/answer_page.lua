-- answer_page.lua: an answer as a model reads it, not longer than its client takes: the rows of its longest
-- list that fit, and in `more` which ones they are and how the next ones are asked for. Where no row fits,
-- long texts are shortened. Pure.

local cjson = require("cjson")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")

local M = {}

local TEXT = 4096 -- bytes of a text that is shortened
local NOTE = 1024 -- bytes that `more` takes

---The argument of tools that takes `more.cursor`.
M.CURSOR = { type = "integer", minimum = 0,
  description = "goes on with an answer that was too long for one: its more.cursor" }

local function size_of(value)
  return #(cjson.try_encode(value) or "")
end

-- The name of the longest list among the fields of an answer; of equal ones always the same.
local function longest_list(value)
  local longest, most = nil, 0
  for _, name in ipairs(tables.keys(value)) do
    local count = type(value[name]) == "table" and #value[name] or 0
    if count > most then
      longest, most = name, count
    end
  end
  return longest
end

local function with(value, name, field)
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[key] = item
  end
  copy[name] = field
  return copy
end

local function rows_within(list, from, room, least)
  local rows, bytes = setmetatable({}, cjson.array_mt), 0
  for i = from + 1, #list do
    bytes = bytes + size_of(list[i]) + 1
    if bytes > room and #rows >= least then
      break
    end
    rows[#rows + 1] = list[i]
  end
  return rows
end

local function shortened(value)
  if type(value) == "string" and #value > TEXT then
    local beginning = strings.cut(value, TEXT)
    return ("%s … (%d bytes left out)"):format(beginning, #value - #beginning)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[key] = shortened(item)
  end
  return copy
end

-- Which rows these are, as fields and in a sentence.
local function describe(list, name, from, count, tool)
  local last = from + count
  local more = { list = name, first = from + 1, last = last, of = #list }
  if last < #list then
    more.cursor = last
    more.note = ("These are %d to %d of %d %s. Call the tool %s with the same arguments and cursor %d for "
      .. "the next ones, or ask for less."):format(from + 1, last, #list, name, tool, last)
  elseif count == 0 then
    more.note = ("There are %d %s, and none behind this cursor."):format(#list, name)
  else
    more.note = ("These are %d to %d of %d %s, the last ones."):format(from + 1, last, #list, name)
  end
  return more
end

-- Rows from a cursor on, `least` of them however long they are; the `next` that the route itself goes on with
-- is for behind the last row.
local function page_of(value, name, from, bounds)
  local list = value[name]
  local rows = rows_within(list, from, bounds.most - NOTE - size_of(with(value, name, nil)), bounds.least)
  if from == 0 and #rows == #list then
    return value
  elseif #rows == 0 and from < #list then
    return nil
  end
  local page = with(value, name, rows)
  page.more = describe(list, name, from, #rows, bounds.tool)
  page.next = not page.more.cursor and value.next or nil
  return page
end

local function fitting(value, from, bounds)
  local name = longest_list(value)
  if name then
    return page_of(value, name, from, bounds)
  end
  return size_of(value) <= bounds.most and value or nil
end

---The part of an answer that a cursor asks for.
---@param value table
---@param from integer|nil the cursor: rows that are known
---@param most integer bytes as JSON
---@param tool string its name
---@return table
function M.of(value, from, most, tool)
  from = from or 0
  local page = fitting(value, from, { most = most, least = 0, tool = tool })
  if page then
    return page
  end
  local short = shortened(value)
  page = fitting(short, from, { most = most, least = 1, tool = tool }) or short
  page.more = page.more or {}
  page.more.texts = ("Texts longer than %d bytes are shortened."):format(TEXT)
  return page
end

return M
