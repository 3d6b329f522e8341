-- table.lua: rows in columns, as lines of clean text.

local text = require("orket.view.text")

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
---@param columns table[] {name, function(row) -> any, right: boolean?}
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

return M
