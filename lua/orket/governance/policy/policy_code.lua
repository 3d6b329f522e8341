-- policy_code.lua: what a text of a script consists of, read from its compiled form (Lua 5.4): the lines that
-- hold code, the constants, and whether two texts are the same program. Nothing of it runs.

local M = {}

local HEADER = 31 -- bytes: signature, version, format, data, sizes, two numbers
local ABSOLUTE = -128 -- a line that stands in the list of absolute ones

local Reader = {}
Reader.__index = Reader

function Reader:byte()
  local byte = self.bytes:byte(self.at)
  self.at = self.at + 1
  return byte
end

function Reader:size()
  local value = 0
  repeat
    local byte = self:byte()
    value = value << 7 | byte & 0x7f
  until byte & 0x80 ~= 0
  return value
end

function Reader:text()
  local size = self:size()
  if size == 0 then
    return nil
  end
  local text = self.bytes:sub(self.at, self.at + size - 2)
  self.at = self.at + size - 1
  return text
end

local CONSTANT = { -- by type
  [0x03] = function(self) return self:number("<i8") end,
  [0x13] = function(self) return self:number("<d") end,
  [0x04] = Reader.text,
  [0x14] = Reader.text,
}

function Reader:number(format)
  self.at = self.at + 8
  return (string.unpack(format, self.bytes, self.at - 8))
end

function Reader:skip(size)
  local count = self:size()
  self.at = self.at + count * size
  return count
end

local function read_constants(self, program)
  for _ = 1, self:size() do
    local read = CONSTANT[self:byte()]
    program.constants[#program.constants + 1] = read and read(self)
  end
end

-- The lines of a function's instructions. The last one is the return that nobody wrote.
local function read_lines(self, first)
  local count, at = self:size(), self.at
  self.at = at + count
  local absolute = {}
  for i = 1, self:size() do
    self:size()
    absolute[i] = self:size()
  end
  local lines, line, next_absolute = {}, first, 1
  for i = 0, count - 2 do
    local step = string.unpack("b", self.bytes, at + i)
    if step == ABSOLUTE then
      line, next_absolute = absolute[next_absolute], next_absolute + 1
    else
      line = line + step
    end
    lines[line] = true
  end
  return lines
end

local function read_names(self)
  for _ = 1, self:size() do -- local variables
    self:text()
    self:size()
    self:size()
  end
  for _ = 1, self:size() do -- upvalues
    self:text()
  end
end

local function read_function(self, program, depth)
  self:text()
  local first = self:size()
  self:size()
  local began = self.at
  self.at = self.at + 3 -- parameters, varargs, stack
  self:skip(4)
  read_constants(self, program)
  self:skip(3)
  program.form[#program.form + 1] = depth .. ":" .. self.bytes:sub(began, self.at - 1)
  local own = { first = first, depth = depth }
  program.functions[#program.functions + 1] = own
  for _ = 1, self:size() do
    read_function(self, program, depth + 1)
  end
  own.lines = read_lines(self, first)
  read_names(self)
end

local function compiled(text)
  local chunk = load(text, "=code", "t", {})
  return chunk
end

---@param text string of a script that compiles
---@return {constants: any[], form: string[],
---  functions: {first: integer, depth: integer, lines: table<integer, true>}[]}
function M.read(text)
  local program = { constants = {}, functions = {}, form = {} }
  local reader = setmetatable({ bytes = string.dump(compiled(text)), at = HEADER + 2 }, Reader)
  read_function(reader, program, 0)
  return program
end

---The lines that a call can reach: those of functions; what the text does when it is loaded is not among
---them, nor is its self-test.
---@param text string
---@return table<integer, true>
function M.lines(text)
  local source, lines = {}, {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    source[#source + 1] = line
  end
  for _, one in ipairs(M.read(text).functions) do
    if one.depth > 0 and not (source[one.first] or ""):find("self_test", 1, true) then
      for line in pairs(one.lines) do
        lines[line] = true
      end
    end
  end
  return lines
end

---True when the texts differ in words for people only: comments, blanks.
---@param a string
---@param b string
---@return boolean
function M.is_same(a, b)
  return a == b or table.concat(M.read(a).form) == table.concat(M.read(b).form)
end

return M
