-- table_view.lua: rows in columns, as lines of clean text.

local cjson = require("cjson")
local local_time = require("orket.view.format.local_time")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

local COLUMN_MOST = 40 -- columns of a terminal that one column of a table takes
local GAP = "  "

local function cell(column, row)
  return text.cut(text.clean(column[2](row) or ""), COLUMN_MOST)
end

local function padded(value, width, right)
  local fill = (" "):rep(width - text.width(value))
  return right and fill .. value or value .. fill
end

---The heading and a line for each row; every column is as wide as its widest cell.
---@param columns table[] {name, function(row) -> any, right: boolean?, spare: integer?}
---@param rows table[]
---@return string[] lines
function M.lines(columns, rows)
  local cells, widths = {}, {}
  for c, column in ipairs(columns) do
    cells[c] = { [0] = column[1] }
    widths[c] = #column[1]
    for r, row in ipairs(rows) do
      cells[c][r] = cell(column, row)
      widths[c] = math.max(widths[c], text.width(cells[c][r]))
    end
  end
  local lines = {}
  for r = 0, #rows do
    local parts = {}
    for c, column in ipairs(columns) do
      parts[c] = padded(cells[c][r], widths[c], column.right)
    end
    lines[#lines + 1] = (table.concat(parts, GAP):gsub(" +$", ""))
  end
  return lines
end

local function is_wider(lines, room)
  for _, line in ipairs(lines) do
    if text.width(line) > room then
      return true
    end
  end
  return false
end

-- All columns but the one that is missed least.
local function without_spare(columns)
  local least
  for i, column in ipairs(columns) do
    least = column.spare and (not least or column.spare < columns[least].spare) and i or least
  end
  local rest = table.move(columns, 1, #columns, 1, {})
  return least and table.remove(rest, least) and rest
end

---Prints the rows; on a terminal that is too narrow, without spare columns: those with the lowest number
---first.
---@param columns table[]
---@param rows table[]
function M.print(columns, rows)
  local room = sys.is_tty(1) and sys.window(1) or math.huge
  local lines = M.lines(columns, rows)
  local fewer = without_spare(columns)
  while fewer and is_wider(lines, room) do
    lines, fewer = M.lines(fewer, rows), without_spare(fewer)
  end
  print(table.concat(lines, "\n"))
end

---Prints the rows as a table, as JSON, or that there are none.
---@param columns table[]
---@param rows table[]
---@param ways {json: boolean?, shown: (fun(row: table): table), none: string}  shown: a row as JSON has it
function M.list(columns, rows, ways)
  if ways.json then
    local list = setmetatable({}, cjson.array_mt)
    for i, row in ipairs(rows) do
      list[i] = ways.shown(row)
    end
    print(text.json(list))
  elseif #rows == 0 then
    print(ways.none)
  else
    M.print(columns, rows)
  end
end

-- ---- columns ----

---A column of a field's text.
---@param name string
---@param key string|nil default: the name
---@param spare integer|nil on a narrow terminal the lowest goes first; nil: never
---@return table column
function M.text(name, key, spare)
  return { name, function(row) return row[key or name] or "" end, spare = spare }
end

---A column of numbers.
---@param name string
---@param key string|nil default: the name
---@return table column
function M.number(name, key)
  return { name, function(row) return row[key or name] end, right = true }
end

---A column of a moment: local on a terminal, else UTC.
---@param name string
---@param key string
---@param spare integer|nil
---@param form (fun(at: string): string)|nil of local_time; default: to the second
---@return table column
function M.time(name, key, spare, form)
  return { name, function(row) return (form or local_time.stamp)(row[key]) end, spare = spare }
end

return M
