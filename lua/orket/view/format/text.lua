-- text.lua: text of other people on a terminal: cleaned of what would steer it, measured and cut in
-- columns. Pure.

local cjson = require("cjson")
local tables = require("orket.util.tables")
local strings = require("orket.util.strings")
local unseen = require("orket.util.unseen")

local M = {}

local WIDE = { -- code points of two columns
  0x1100, 0x115F, 0x231A, 0x231B, 0x2329, 0x232A, 0x23E9, 0x23EC, 0x23F0, 0x23F0, 0x23F3, 0x23F3,
  0x25FD, 0x25FE, 0x2614, 0x2615, 0x2648, 0x2653, 0x267F, 0x267F, 0x2693, 0x2693, 0x26A1, 0x26A1,
  0x26AA, 0x26AB, 0x26BD, 0x26BE, 0x26C4, 0x26C5, 0x26CE, 0x26CE, 0x26D4, 0x26D4, 0x26EA, 0x26EA,
  0x26F2, 0x26F3, 0x26F5, 0x26F5, 0x26FA, 0x26FA, 0x26FD, 0x26FD, 0x2705, 0x2705, 0x270A, 0x270B,
  0x2728, 0x2728, 0x274C, 0x274C, 0x274E, 0x274E, 0x2753, 0x2755, 0x2757, 0x2757, 0x2795, 0x2797,
  0x27B0, 0x27B0, 0x27BF, 0x27BF, 0x2B1B, 0x2B1C, 0x2B50, 0x2B50, 0x2B55, 0x2B55, 0x2E80, 0x303E,
  0x3041, 0x4DBF, 0x4E00, 0xA4CF, 0xA960, 0xA97F, 0xAC00, 0xD7A3, 0xF900, 0xFAFF, 0xFE10, 0xFE19,
  0xFE30, 0xFE6F, 0xFF00, 0xFF60, 0xFFE0, 0xFFE6, 0x16FE0, 0x18AFF, 0x1AFF0, 0x1B2FF, 0x1F004, 0x1F004,
  0x1F0CF, 0x1F0CF, 0x1F18E, 0x1F18E, 0x1F191, 0x1F19A, 0x1F200, 0x1F320, 0x1F32D, 0x1F335, 0x1F337, 0x1F37C,
  0x1F37E, 0x1F393, 0x1F3A0, 0x1F3CA, 0x1F3CF, 0x1F3D3, 0x1F3E0, 0x1F3F0, 0x1F3F4, 0x1F3F4, 0x1F3F8, 0x1F43E,
  0x1F440, 0x1F440, 0x1F442, 0x1F4FC, 0x1F4FF, 0x1F53D, 0x1F54B, 0x1F54E, 0x1F550, 0x1F567, 0x1F57A, 0x1F57A,
  0x1F595, 0x1F596, 0x1F5A4, 0x1F5A4, 0x1F5FB, 0x1F64F, 0x1F680, 0x1F6C5, 0x1F6CC, 0x1F6CC, 0x1F6D0, 0x1F6D2,
  0x1F6D5, 0x1F6DF, 0x1F6EB, 0x1F6EC, 0x1F6F4, 0x1F6FC, 0x1F7E0, 0x1F7EB, 0x1F90C, 0x1F93A, 0x1F93C, 0x1F945,
  0x1F947, 0x1F9FF, 0x1FA70, 0x1FAFF, 0x20000, 0x3FFFD,
}

local NARROW = { -- code points of no column: marks that sit on the one before
  0x0300, 0x036F, 0x0483, 0x0489, 0x0591, 0x05BD, 0x0610, 0x061A, 0x064B, 0x065F, 0x0900, 0x0902,
  0x093C, 0x093C, 0x0941, 0x0948, 0x094D, 0x094D, 0x0E31, 0x0E31, 0x0E34, 0x0E3A, 0x0E47, 0x0E4E,
  0x1AB0, 0x1AFF, 0x1DC0, 0x1DFF, 0x20D0, 0x20FF, 0xFE00, 0xFE0F, 0xFE20, 0xFE2F, 0x1F3FB, 0x1F3FF,
  0xE0100, 0xE01EF,
}

local STEERS = { -- controls, and what turns or hides text on a terminal
  0x00, 0x1F, 0x7F, 0x9F, 0xAD, 0xAD, 0x061C, 0x061C, 0x180E, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E,
  0x2060, 0x206F, 0xFEFF, 0xFEFF, 0xE0000, 0xE007F,
}

local function is_in(ranges, code)
  local low, high = 1, #ranges // 2
  while low <= high do
    local middle = (low + high) // 2
    if code < ranges[2 * middle - 1] then
      high = middle - 1
    elseif code > ranges[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

local function columns_of(code)
  if code < 0x300 then
    return 1
  elseif is_in(NARROW, code) then
    return 0
  end
  return is_in(WIDE, code) and 2 or 1
end

local function valid(text)
  local parts, from = {}, 1
  local ok, at = utf8.len(text)
  while not ok do
    parts[#parts + 1] = text:sub(from, at - 1)
    from = at + 1
    ok, at = utf8.len(text, from)
  end
  return from == 1 and text or table.concat(parts, "?") .. "?" .. text:sub(from)
end

---One line that cannot steer a terminal: control characters and the like become blanks.
---@param text any
---@return string
function M.clean(text)
  text = tostring(text)
  if not text:find("[^\32-\126]") then
    return text
  end
  local out = {}
  for _, code in utf8.codes(valid(text)) do
    out[#out + 1] = is_in(STEERS, code) and " " or utf8.char(code)
  end
  return table.concat(out)
end

-- What a reader takes for something else: blanks of other kinds, characters that each font draws as it likes.
local BLANKS = {
  0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x2800, 0x2800, 0x3000, 0x3000,
  0xE000, 0xF8FF, 0x110BD, 0x110BD, 0x110CD, 0x110CD,
}

local function spelled(code)
  if code == 9 then
    return "    "
  elseif code < 32 then
    return utf8.char(0x2400 + code) -- its picture
  elseif unseen.is(code) or is_in(BLANKS, code) then
    return ("⟨U+%04X⟩"):format(code)
  end
  return utf8.char(code)
end

-- Bytes that are not UTF-8, each spelled out.
local function broken(text)
  local parts, from = {}, 1
  local ok, at = utf8.len(text)
  while not ok do
    parts[#parts + 1] = text:sub(from, at - 1) .. ("⟨%02X⟩"):format(text:byte(at))
    from = at + 1
    ok, at = utf8.len(text, from)
  end
  return table.concat(parts) .. text:sub(from)
end

---One line of what a person has to judge: it cannot steer a terminal, and nothing in it is hidden. What
---`clean` makes a blank is spelled out: ␛, ␍, ⟨U+202E⟩. A tab is four blanks.
---@param text any
---@return string
function M.visible(text)
  text = tostring(text)
  if not text:find("[^\32-\126]") then
    return text
  end
  local out = {}
  for _, code in utf8.codes(broken(text)) do
    out[#out + 1] = spelled(code)
  end
  return table.concat(out)
end

---A text of several lines, which stay lines behind the indent; each is visible.
---@param text any
---@param indent string
---@return string
function M.visible_block(text, indent)
  return indent .. (tostring(text):gsub("[^\n]+", M.visible):gsub("\n", "\n" .. indent))
end

---A text of several lines as a clean one.
---@param text any
---@return string
function M.line(text)
  text = tostring(text)
  local joined = text:gsub("(%s+)()", function(blanks, behind)
    return blanks:find("\n", 1, true) and text:sub(behind, behind + 4) == "fix: " and "; " or " "
  end)
  return (M.clean(joined):gsub("%s+", " "))
end

---The same for a text of several lines, which stay lines.
---@param text any
---@return string
function M.block(text)
  return (tostring(text):gsub("[^\n]+", M.clean))
end

-- JSON may hold DEL, the C1 controls and what turns text as they are; a terminal acts on them. (Patterns: the
-- first byte of each is itself.)
local STEERING = { "\127", "\194[\128-\159]", "\226\128[\142\143\168-\174]", "\226\129[\166-\169]" }

local function escape(bytes)
  return ("\\u%04x"):format(utf8.codepoint(bytes))
end

local DEPTH = 32 -- of what is written in parts

local CANNOT = { ERR_LIMIT = true, ERR_UTF8 = true }

-- What is more than the codec writes at once is written in parts: each member of it by itself. Bytes that are
-- no text, as names of files and arguments may have, are shown as U+FFFD.
local function encoded(value, depth)
  local whole, message, code = cjson.try_encode(value)
  if whole then
    return whole
  elseif code == "ERR_UTF8" and type(value) == "string" then
    return cjson.encode(strings.of_bytes(value))
  elseif not CANNOT[code] or type(value) ~= "table" or depth == DEPTH then
    error(message, 0)
  end
  local parts, keys = {}, tables.keys(value)
  local is_array = #keys == #value
  for i, key in ipairs(keys) do
    parts[i] = (is_array and "" or encoded(key, depth) .. ":") .. encoded(value[key], depth + 1)
  end
  return (is_array and "[%s]" or "{%s}"):format(table.concat(parts, ","))
end

---A value as JSON for standard output: equal to what the codec writes, without a byte that steers a terminal.
---@param value any
---@return string
function M.json(value)
  local out = encoded(value, 0)
  for _, pattern in ipairs(STEERING) do
    out = out:find(pattern:sub(1, 1), 1, true) and out:gsub(pattern, escape) or out
  end
  return out
end

---Columns that a cleaned text takes.
---@param text string
---@return integer
function M.width(text)
  if not text:find("[\128-\255]") then
    return #text
  end
  local width = 0
  for _, code in utf8.codes(text) do
    width = width + columns_of(code)
  end
  return width
end

---The beginning of a cleaned text, at most so many columns wide; what was cut shows as "…".
---@param text string
---@param columns integer
---@return string
function M.cut(text, columns)
  if columns <= 0 then
    return ""
  elseif M.width(text) <= columns then
    return text
  end
  local width, stop = 0, 1
  for at, code in utf8.codes(text) do
    width = width + columns_of(code)
    if width > columns - 1 then
      stop = at
      break
    end
  end
  return text:sub(1, stop - 1) .. "…"
end

---The end of a cleaned text, at most so many columns wide.
---@param text string
---@param columns integer
---@return string
function M.tail(text, columns)
  local width = M.width(text)
  for at, code in utf8.codes(text) do
    if width <= columns then
      return text:sub(at)
    end
    width = width - columns_of(code)
  end
  return ""
end

---Exactly so many columns: cut, or filled with blanks.
---@param text string
---@param columns integer
---@return string
function M.fit(text, columns)
  text = M.cut(text, columns)
  return text .. (" "):rep(columns - M.width(text))
end

return M
