-- wrap.lua: lines that fit a terminal: broken at blanks, the rest indented below the first piece. Elsewhere a
-- line stays one, for grep and for logs. Colours take no columns.

local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

local INDENT = 2 -- columns below the line's own
local INDENT_MOST = 20

local function colour_at(line, at)
  return line:match("^\27%[[%d;]*m()", at)
end

-- The place behind the first piece.
local function stop_of(line, start, columns)
  local at, width, blank = start, 0, nil
  while at <= #line do
    local behind = colour_at(line, at)
    if not behind then
      local code = utf8.codepoint(line, at)
      width, behind = width + text.width(utf8.char(code)), utf8.offset(line, 2, at)
      if width > columns and at > start then
        return blank or at
      end
      blank = code == 32 and width > 1 and behind or blank
    end
    at = behind
  end
  return #line + 1
end

---A visible line in pieces of so many columns, broken at blanks where there are any; later pieces have other
---columns when that is said.
---@param line string
---@param columns integer
---@param rest integer|nil
---@return string[]
function M.pieces(line, columns, rest)
  local out, start = {}, 1
  repeat
    local stop = stop_of(line, start, #out == 0 and columns or rest or columns)
    out[#out + 1] = line:sub(start, stop - 1)
    start = stop
  until start > #line
  return out
end

---A line as a terminal of so many columns shows it.
---@param line string
---@param columns integer
---@return string lines
function M.fit(line, columns)
  local indent = (" "):rep(math.min(INDENT_MOST, #line:match("^ *") + INDENT, columns // 2))
  local pieces = M.pieces(line, columns, columns - #indent)
  for i, piece in ipairs(pieces) do
    local shown = i < #pieces and piece:gsub(" +$", "") or piece
    pieces[i] = (i > 1 and indent or "") .. shown
  end
  return table.concat(pieces, "\n")
end

---Lines as they fit the terminal, if the descriptor is one.
---@param lines string
---@param fd integer|nil  1 when nil
---@return string
function M.fitted(lines, fd)
  fd = fd or 1
  local columns = sys.is_tty(fd) and sys.window(fd)
  return (columns and lines:gsub("[^\n]+", function(line)
    return utf8.len(line) and M.fit(line, columns) or line
  end) or lines)
end

---Prints lines, on a terminal each as it fits.
---@param lines string
function M.print(lines)
  print(M.fitted(lines))
end

return M
