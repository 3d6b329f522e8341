-- tokens.lua: the words of a script's text (Lua 5.4), and the text again with one of them on each line: which
-- of them ran is then known from the lines that ran. Pure; for texts that compile.

local M = {}

---@class Token
---@field kind "name"|"word"|"string"|"number"|"mark"
---@field text string as it stands

local RESERVED = "and break do else elseif end false for function goto if in local nil not or repeat return "
  .. "then true until while"
local WORDS = {}
for word in RESERVED:gmatch("%a+") do
  WORDS[word] = true
end

local MARKS = { "%.%.%.", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "%.%.", "." } -- the longest first

-- The end of a long string or comment that begins at `at`; nil when none does.
local function long_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  return level and select(2, text:find("]" .. level .. "]", at, true))
end

local function quoted_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local byte = text:sub(i, i)
    if byte == quote then
      return i
    end
    i = i + (byte == "\\" and 2 or 1)
  end
end

-- Behind blanks and comments.
local function skip(text, at)
  while true do
    at = text:find("[^%s]", at) or #text + 1
    if text:sub(at, at + 1) ~= "--" then
      return at
    end
    local last = long_end(text, at + 2)
    at = (last or (text:find("[\r\n]", at) or #text + 1) - 1) + 1
  end
end

local function number_end(text, at)
  local i = select(2, text:find("^0[xX]", at)) or at - 1
  local exponent = i >= at and "^[pP][+-]?" or "^[eE][+-]?"
  while true do
    local last = select(2, text:find(exponent, i + 1)) or select(2, text:find("^[%w.]", i + 1))
    if not last then
      return i
    end
    i = last
  end
end

local function mark_end(text, at)
  for _, mark in ipairs(MARKS) do
    local last = select(2, text:find("^" .. mark, at))
    if last then
      return last
    end
  end
end

local function read(text, at)
  local first = text:sub(at, at)
  if first:find("[%a_]") then
    local last = select(2, text:find("^[%w_]+", at))
    return last, WORDS[text:sub(at, last)] and "word" or "name"
  elseif first:find("%d") or text:find("^%.%d", at) then
    return number_end(text, at), "number"
  elseif first == '"' or first == "'" then
    return quoted_end(text, at), "string"
  end
  local last = long_end(text, at)
  return last or mark_end(text, at), last and "string" or "mark"
end

---@param text string of a script that compiles
---@return Token[]
function M.read(text)
  local tokens, at = {}, skip(text, 1)
  while at <= #text do
    local last, kind = read(text, at)
    tokens[#tokens + 1] = { kind = kind, text = text:sub(at, last) }
    at = skip(text, last + 1)
  end
  return tokens
end

return M
