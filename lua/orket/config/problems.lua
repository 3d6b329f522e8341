-- problems.lua: what is wrong with a project, collected: everything at once, each with its file, line
-- and cure.

local M = {}

---@class Problem
---@field file string      relative to the project
---@field line integer
---@field path string      JSON pointer to the value, "" = the whole file
---@field message string   the cause
---@field fix string?      the cure
---@field warning boolean? true: worth saying, refuses nothing

---@class Problems
---@field list Problem[]
local Problems = {}
Problems.__index = Problems

---@return Problems
function M.new()
  return setmetatable({ list = {} }, Problems)
end

---@param file string
---@param line integer
---@param path string
---@param message string
---@param fix string?
function Problems:add(file, line, path, message, fix)
  self.list[#self.list + 1] = { file = file, line = line, path = path, message = message, fix = fix }
end

---A problem with a value of a source.
---@param source Source
---@param pointer string
---@param message string
---@param fix string?
function Problems:at(source, pointer, message, fix)
  self:add(source.file, source:line(pointer), pointer, message, fix)
end

---Like at, but the project still loads.
function Problems:warn(source, pointer, message, fix)
  self:at(source, pointer, message, fix)
  self.list[#self.list].warning = true
end

---Errors and warnings, each in the order of files and lines.
---@return Problem[] errors
---@return Problem[] warnings
function Problems:sorted()
  local errors, warnings = {}, {}
  for at, problem in ipairs(self.list) do
    local list = problem.warning and warnings or errors
    list[#list + 1], problem.at = problem, at
  end
  local function before(a, b)
    if a.file ~= b.file then
      return a.file < b.file
    elseif a.line ~= b.line then
      return a.line < b.line
    end
    return a.at < b.at
  end
  table.sort(errors, before)
  table.sort(warnings, before)
  for _, problem in ipairs(self.list) do
    problem.at = nil
  end
  return errors, warnings
end

return M
