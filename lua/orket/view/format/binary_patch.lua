-- binary_patch.lua: a file that is no text as `git apply` takes it: the whole bytes before and after, in a
-- stream of zlib that compresses nothing, in git's base 85. Pure.

local M = {}

local DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
local LINE = 52        -- bytes of a line
local STORED = 65535   -- bytes of a block of deflate that is stored as it is

local function adler32(bytes)
  local a, b = 1, 0
  for at = 1, #bytes, 4096 do
    for _, byte in ipairs({ bytes:byte(at, at + 4095) }) do
      a = a + byte
      b = b + a
    end
    a, b = a % 65521, b % 65521
  end
  return b << 16 | a
end

-- RFC 1950 and 1951, stored blocks only.
local function zlib(bytes)
  local parts = { "\x78\x01" }
  for at = 1, math.max(#bytes, 1), STORED do
    local block = bytes:sub(at, at + STORED - 1)
    local is_last = at + STORED > #bytes
    parts[#parts + 1] = ("<BI2I2"):pack(is_last and 1 or 0, #block, ~#block & 0xFFFF)
    parts[#parts + 1] = block
  end
  parts[#parts + 1] = (">I4"):pack(adler32(bytes))
  return table.concat(parts)
end

local DIGIT = {}
for i = 1, #DIGITS do
  DIGIT[i - 1] = DIGITS:sub(i, i)
end

local function base85(word)
  local digits = {}
  for i = 5, 1, -1 do
    digits[i], word = DIGIT[word % 85], word // 85
  end
  return table.concat(digits)
end

-- The length of a line is its first letter: A to Z, then a to z.
local function line_of(piece)
  local count = #piece
  local letter = string.char(count <= 26 and 64 + count or 70 + count)
  local words = { letter }
  piece = piece .. ("\0"):rep(-count % 4)
  for at = 1, #piece, 4 do
    words[#words + 1] = base85((">I4"):unpack(piece, at))
  end
  return table.concat(words)
end

local function add_literal(lines, bytes)
  lines[#lines + 1] = "literal " .. #bytes
  local packed = zlib(bytes)
  for at = 1, #packed, LINE do
    lines[#lines + 1] = line_of(packed:sub(at, at + LINE - 1))
  end
  lines[#lines + 1] = ""
end

---The lines behind the head of a file's patch.
---@param before string|nil bytes; nil: there was no file
---@param after string|nil bytes; nil: there is none
---@return string[]
function M.lines(before, after)
  local lines = { "GIT binary patch" }
  add_literal(lines, after or "")
  add_literal(lines, before or "")
  return lines
end

return M
