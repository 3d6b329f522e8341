-- pkt_line.lua: the lines of git's protocol (version 0) between two repositories. Pure.

local errors = require("orket.errors")
local strings = require("orket.util.strings")

local M = {}

M.FLUSH = "0000"
M.NO_OBJECT = ("0"):rep(40)

local REFS_MAX = 100000 -- of one repository

---@param text string
---@return string
function M.line(text)
  return ("%04x"):format(#text + 4) .. text
end

local function broken(what)
  return errors.new("ERR_PROTOCOL", "the other repository does not speak git's protocol: " .. what)
end

---The line at a place: its text, "" for a flush, and the place behind it.
---@param bytes string
---@param at integer
---@return string|nil text
---@return integer|Error next
function M.read(bytes, at)
  local size = tonumber(bytes:match("^%x%x%x%x", at) or "", 16)
  if size == 0 then
    return "", at + 4
  elseif not size or size < 4 or at + size - 1 > #bytes then
    return nil, broken(bytes == "" and "it answered nothing" or "a line is cut off")
  end
  local text = bytes:sub(at + 4, at + size - 1)
  local fault = text:match("^ERR (.*)")
  if fault then
    return nil, errors.new("ERR_GIT", "the other repository refused: " .. strings.of_bytes(fault:sub(1, 500)))
  end
  return text, at + size
end

---@class RemoteRefs
---@field refs table<string, string> name -> object
---@field can table<string, boolean> what the other side can do

local function add_ref(found, line)
  local object, name, more = line:match("^(%x+) ([^%c ]+)%z?([^\n]*)\n?$")
  if not object or #object ~= 40 then
    return nil, broken("it names an object that is no SHA-1")
  end
  for word in more:gmatch("%S+") do
    found.can[word] = true
  end
  if object ~= M.NO_OBJECT and name:sub(-3) ~= "^{}" then
    found.refs[name], found.count = object, found.count + 1
  end
  return found.count <= REFS_MAX, broken("it has too many refs")
end

---What a repository says of itself when a service begins.
---@param bytes string
---@param service string
---@return RemoteRefs|nil
---@return Error|nil ERR_PROTOCOL, ERR_GIT
function M.refs(bytes, service)
  local found = { refs = {}, can = {}, count = 0 }
  local line, at = M.read(bytes, 1)
  if line and not line:find("^# service=" .. service:gsub("%-", "%%-") .. "\n?$") then
    return nil, broken("it is no " .. service)
  end
  if line then
    line, at = M.read(bytes, at)
  end
  while line do
    line, at = M.read(bytes, at)
    if line == "" then
      return found
    end
    local ok, err = line, nil
    if line then
      ok, err = add_ref(found, line)
    end
    if not ok then
      return nil, err or at
    end
  end
  return nil, at
end

---The pack of an answer, and the commits whose parents it leaves out.
---@param bytes string
---@return {pack: string, shallow: string[]}|nil
---@return Error|nil
function M.pack(bytes)
  local shallow, at = {}, 1
  while bytes:sub(at, at + 3) ~= "PACK" do
    local line, next_at = M.read(bytes, at)
    if not line then
      return nil, next_at
    end
    shallow[#shallow + 1] = line:match("^shallow (%x+)\n?$")
    at = next_at
  end
  return { pack = bytes:sub(at), shallow = shallow }
end

---What became of a ref that was pushed.
---@param bytes string
---@param ref string
---@return boolean|nil ok
---@return Error|nil ERR_GIT with the other side's reason
function M.report(bytes, ref)
  local line, at = M.read(bytes, 1)
  local unpacked = line
  while line and line ~= "" do
    if line:match("^ok (%S+)\n?$") == ref then
      return true
    end
    local name, why = line:match("^ng (%S+) ([^\n]*)")
    if name == ref or line:find("^unpack ") and not line:find("^unpack ok") then
      return nil, errors.new("ERR_GIT", "the other repository refused: "
        .. strings.of_bytes((why or line):sub(1, 500)))
    end
    line, at = M.read(bytes, at)
  end
  return nil, not line and at or broken(unpacked .. " and no word of " .. ref)
end

return M
