-- pager.lua: a text of which a terminal shows a part, in place of the board: never cut, lines are wrapped. It
-- knows whether all of it was on the screen. Pure.

local style = require("orket.view.format.style")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local Pager = {}
Pager.__index = Pager

local INDENT = "  "

---@param title string
---@param body fun(columns: integer): string[]  lines of clean text, none wider
---@param at_end boolean|nil  it opens at its end
---@return table pager
function M.new(title, body, at_end)
  return setmetatable({ title = title, body = body, top = at_end and math.huge or 1, seen = 0, columns = 0 },
    Pager)
end

---A text that grows: it is asked for its lines again with each picture, opens at its end, and stays there
---until the reader moves up.
---@param title string
---@param body fun(columns: integer): string[]
---@return table pager
function M.follow(title, body)
  local pager = M.new(title, body, true)
  pager.grows, pager.is_at_end = true, true
  return pager
end

---Lines of a text as a body: wrapped.
---@param lines string[] visible ones
---@return fun(columns: integer): string[]
function M.wrapped(lines)
  return function(columns)
    local out = {}
    for _, line in ipairs(lines) do
      for _, piece in ipairs(wrap.pieces(line, columns)) do
        out[#out + 1] = piece
      end
    end
    return out
  end
end

---True when each line was on the screen.
---@return boolean
function Pager:is_read()
  return self.lines ~= nil and self.seen >= #self.lines
end

---Moves by lines; by pages: by as many as are shown.
---@param lines number
---@param pages integer|nil
function Pager:move(lines, pages)
  self.top, self.is_at_end = self.top + lines + (pages or 0) * (self.room or 1), false
end

-- The first line that is shown of a text that grows: of its end, or the one before, about so in another
-- width.
local function top_of(self, columns, count)
  if self.is_at_end then
    return math.huge
  elseif self.columns == columns then
    return self.top
  end
  return self.top * count // #self.lines
end

-- In a window of another width the lines are other ones.
local function lay_out(self, columns)
  if self.columns == columns and not self.grows then
    return
  end
  local lines = {}
  for i, line in ipairs(wrap.pieces(text.visible(self.title), columns - 1)) do
    lines[i] = " " .. style.paint(line, "1")
  end
  for _, line in ipairs(self.body(columns - #INDENT)) do
    lines[#lines + 1] = INDENT .. line
  end
  if self.grows then
    self.top = self.lines and top_of(self, columns, #lines) or self.top
  else
    self.top = self.lines and 1 or self.top
  end
  self.lines, self.columns, self.seen = lines, columns, 0
end

local function where(self, last)
  local more = last < #self.lines and ", space for more" or ""
  local title = self.top > 1 and ", " .. text.visible(self.title) or "" -- which is above
  return string.format("lines %d-%d of %d%s%s", math.min(self.top, last), last, #self.lines, more, title)
end

---The picture: a part of the text, where that is, and the last line.
---@param columns integer
---@param rows integer of the window
---@param last fun(): string  the line below, when it is known what is shown
---@return string[] lines fewer than that
function Pager:rows(columns, rows, last)
  lay_out(self, columns)
  self.room = math.max(1, rows - 3)
  self.top = math.tointeger(math.max(1, math.min(self.top, #self.lines - self.room + 1)))
  local stop = math.min(#self.lines, self.top + self.room - 1)
  self.is_at_end = stop == #self.lines
  local out = table.move(self.lines, self.top, stop, 1, {})
  -- what was skipped was not seen
  self.seen = self.top <= self.seen + 1 and math.max(self.seen, stop) or self.seen
  out[#out + 1] = " " .. style.paint(text.cut(where(self, stop), columns - 1), "90")
  out[#out + 1] = " " .. text.cut(text.clean(last()), columns - 1)
  return out
end

return M
