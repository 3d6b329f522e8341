-- bytecode.lua: which globals a Lua text reads and sets, and which of their fields, known from what the
-- compiler made of it: so scopes and shadowed names are the compiler's own. The format is that of Lua 5.4
-- (ldump.c, lopcodes.h). Pure.

local M = {}

local GETTABUP, GETFIELD, SETTABUP = 11, 14, 15 -- lopcodes.h
-- signature, version, format, data, sizes, two test numbers, upvalues
local HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1
local ABSOLUTE = -128 -- in the line information: the line is in the table of absolute ones
-- constants without text: bytes of each type
local SKIP = { [0x00] = 0, [0x01] = 0, [0x11] = 0, [0x03] = 8, [0x13] = 8 }

local Reader = {}
Reader.__index = Reader

function Reader:byte()
  self.at = self.at + 1
  return self.text:byte(self.at)
end

-- Seven bits a byte, the highest first; the last byte has its top bit set.
function Reader:number()
  local value = 0
  while true do
    local byte = self:byte()
    value = value << 7 | byte & 0x7f
    if byte & 0x80 ~= 0 then
      return value
    end
  end
end

function Reader:string()
  local size = self:number()
  local text = size > 0 and self.text:sub(self.at + 1, self.at + size - 1) or nil
  self.at = self.at + math.max(0, size - 1)
  return text
end

function Reader:list(read)
  local list = {}
  for i = 1, self:number() do
    list[i] = read(self) or false
  end
  return list
end

function Reader:constant()
  local kind = self:byte()
  if SKIP[kind] then
    self.at = self.at + SKIP[kind]
    return nil
  end
  return self:string()
end

function Reader:instruction()
  local word = string.unpack("<I4", self.text, self.at + 1)
  self.at = self.at + 4
  return { op = word & 0x7f, a = word >> 7 & 0xff, b = word >> 16 & 0xff, c = word >> 24 & 0xff }
end

local function upvalue(reader)
  reader.at = reader.at + 3
end

local function signed(reader)
  local byte = reader:byte()
  return byte < 128 and byte or byte - 256
end

local function absolute_line(reader)
  return { pc = reader:number(), line = reader:number() }
end

local function local_variable(reader)
  reader:string()
  reader:number()
  reader:number()
end

-- The line of each instruction.
local function lines_of(first, deltas, absolute)
  local lines, line, next_absolute = {}, first, 1
  for i, delta in ipairs(deltas) do
    if delta == ABSOLUTE then
      line, next_absolute = absolute[next_absolute].line, next_absolute + 1
    else
      line = line + delta
    end
    lines[i] = line
  end
  return lines
end

local function add_uses(uses, code, constants, upvalues, lines)
  for i, one in ipairs(code) do
    if one.op == GETTABUP and upvalues[one.b + 1] == "_ENV" then
      local after = code[i + 1]
      local field = after and after.op == GETFIELD and after.b == one.a and constants[after.c + 1] or nil
      uses[#uses + 1] = { name = constants[one.c + 1], field = field, line = lines[i] }
    elseif one.op == SETTABUP and upvalues[one.a + 1] == "_ENV" then
      uses[#uses + 1] = { name = constants[one.b + 1], sets = true, line = lines[i] }
    end
  end
end

local function read_function(reader, uses)
  reader:string()
  local first = reader:number()
  reader:number()
  reader.at = reader.at + 3 -- parameters, vararg, stack
  local code, constants = reader:list(Reader.instruction), reader:list(Reader.constant)
  reader:list(upvalue)
  for _ = 1, reader:number() do
    read_function(reader, uses)
  end
  local deltas, absolute = reader:list(signed), reader:list(absolute_line)
  reader:list(local_variable)
  add_uses(uses, code, constants, reader:list(Reader.string), lines_of(first, deltas, absolute))
end

---@class GlobalUse
---@field name string
---@field field string|nil that is read of it
---@field sets true|nil it is assigned
---@field line integer

---The uses of globals in a text, those of inner functions first.
---@param text string Lua source that compiles
---@return GlobalUse[]
function M.globals(text)
  local uses = {}
  read_function(setmetatable({ text = string.dump(assert(load(text, "=", "t"))), at = HEADER }, Reader), uses)
  return uses
end

return M
