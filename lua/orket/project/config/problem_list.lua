-- problem_list.lua: what is wrong with a project, collected: everything at once, each with its file, line and
-- fix.

local errors = require("orket.errors")

local M = {}

---@class Problem
---@field file string      relative to the project
---@field line integer
---@field path string      JSON pointer to the value, "" = the whole file
---@field message string   the cause
---@field fix string?      the cure
---@field code string?     of a failing machine; nothing: what is written there is wrong
---@field retired boolean? a warning of a key that had an effect once
---@field warning boolean? true: worth saying, refuses nothing

---@class Problems
---@field list Problem[]
---@field breathe fun() called between two pieces of a load
local Problems = {}
Problems.__index = Problems

local function go_on()
end

---@param breathe fun()|nil see config.read
---@return Problems
function M.new(breathe)
  return setmetatable({ list = {}, breathe = breathe or go_on }, Problems)
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

---A file or a directory that the machine did not give, or did not let us check: what is written there may be
---right.
---@param file string
---@param message string
---@param code string
---@param fix string?
function Problems:unread(file, message, code, fix)
  fix = errors.fix_of({ code = code, fix = fix }) or "look at it, its permissions and the disk"
  self:add(file, 1, "", "cannot be checked: " .. message, fix)
  self.list[#self.list].code = code
end

---A problem as a line.
---@param problem Problem
---@return string
function M.line(problem)
  return (problem.code and problem.code .. ": " or "") .. problem.message
end

---The same with the key that it is about.
---@param problem Problem
---@return string
function M.full_line(problem)
  return M.line(problem) .. (problem.path and problem.path ~= "" and " (at " .. problem.path .. ")" or "")
end

---Like at, but the project still loads.
function Problems:warn(source, pointer, message, fix)
  self:at(source, pointer, message, fix)
  self.list[#self.list].warning = true
end

---A key of older versions: it is named by `orket run` as well.
function Problems:retired(source, pointer, message, fix)
  self:warn(source, pointer, message, fix)
  self.list[#self.list].retired = true
end

---Errors and warnings, each in the order of files and lines.
---@return Problem[] errors
---@return Problem[] warnings
function Problems:sorted()
  local refused, warnings = {}, {}
  for at, problem in ipairs(self.list) do
    local list = problem.warning and warnings or refused
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
  table.sort(refused, before)
  table.sort(warnings, before)
  for _, problem in ipairs(self.list) do
    problem.at = nil
  end
  return refused, warnings
end

return M
