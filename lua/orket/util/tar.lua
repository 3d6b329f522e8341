-- tar.lua: entries of a tar archive (POSIX.1-2001, pax): what a file is preceded by, and what fills its last
-- block. Pure. The same files make the same bytes: no times, no users.

local M = {}

local BLOCK = 512
local NAME_MOST = 100 -- bytes in a header; longer ones, and those that are not ASCII, have a pax record

local function field(text, size)
  return text .. ("\0"):rep(size - #text)
end

local function octal(number, size)
  return ("%0" .. size - 1 .. "o\0"):format(number)
end

-- name, mode, uid, gid, size, mtime, sum, type, linkname, magic and version, user, group, devices, prefix
local function header(name, mode, size, kind, link)
  local before = field(name, 100) .. octal(mode, 8) .. octal(0, 8) .. octal(0, 8) .. octal(size, 12)
    .. octal(0, 12)
  local after = kind .. field(link, 100) .. "ustar\00000" .. field("", 32) .. field("", 32) .. octal(0, 8)
    .. octal(0, 8) .. field("", 155) .. field("", 12)
  local sum = 0
  for i = 1, #before do
    sum = sum + before:byte(i)
  end
  for i = 1, #after do
    sum = sum + after:byte(i)
  end
  return before .. ("%06o\0 "):format(sum + 8 * 32) .. after
end

-- "17 path=a/long/name\n": its length counts itself.
local function record(key, value)
  local rest = " " .. key .. "=" .. value .. "\n"
  local length = #rest + 1
  while #tostring(length) + #rest ~= length do
    length = #tostring(length) + #rest
  end
  return length .. rest
end

---What fills the last block of so many bytes.
---@param size integer
---@return string
function M.padding(size)
  return ("\0"):rep(-size % BLOCK)
end

-- The record that a text needs which no header can hold; "" when it needs none.
local function record_of(key, text)
  local needs_one = #text > NAME_MOST or text:find("[\128-\255]")
  return needs_one and record(key, text) or ""
end

-- What stands in the header itself where a record says the whole.
local function short(text)
  return (text:gsub("[\128-\255]", "_"):sub(1, NAME_MOST))
end

local function extended(name, link)
  local records = record_of("path", name) .. record_of("linkpath", link)
  if records == "" then
    return ""
  end
  return header("pax/" .. short(name):sub(1, NAME_MOST - 4), 420, #records, "x", "") .. records
    .. M.padding(#records)
end

---What stands before the bytes of a file.
---@param name string its path, without "/" at the beginning
---@param size integer bytes
---@param is_executable boolean|nil
---@return string
function M.file(name, size, is_executable)
  return extended(name, "") .. header(short(name), is_executable and 493 or 420, size, "0", "")
end

---A link.
---@param name string
---@param to string
---@return string
function M.link(name, to)
  return extended(name, to) .. header(short(name), 511, 0, "2", short(to))
end

---The end of an archive.
M.END = ("\0"):rep(2 * BLOCK)

return M
