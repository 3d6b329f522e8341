-- errors.lua: failures as values. An error is {code, class, message, fix?}; the code's class decides
-- what the engine does with it (architecture.md: refusal, tool error, model failure, bug).

local sys = require("orket.core.sys")

local M = {}

---@class Error
---@field code string    stable name, "ERR_..."
---@field class string   input, refusal, tool, model, limit, system or bug
---@field message string the cause, one sentence
---@field fix string?    the cure, one sentence
---@field detail string? lines that show it

---@param code string
---@param message string
---@param fix string?
---@return Error
function M.new(code, message, fix)
  return { code = code, class = sys.error_class(code), message = message, fix = fix }
end

---Turns the answer of a C module into Lua's: value… or nil, Error.
---@param value any
---@return any value
---@return any ...
function M.check(value, ...)
  if value ~= nil then
    return value, ...
  end
  local message, code, fix = ...
  if type(message) == "table" then
    return nil, message
  end
  return nil, M.new(code or "ERR_BUG", message or "no answer", fix)
end

---True when the machine failed: what was asked for may well be there, and in order.
---@param code string|nil
---@return boolean
function M.is_machine(code)
  return code ~= nil and sys.error_class(code) == "system"
end

-- What helps against a failing machine, whoever met it.
local CURES = {
  ERR_IO = "look at the disk, its space and its permissions, then run it again; nothing that was acknowledged is lost",
  ERR_STORE_FULL = "free some space; nothing that was acknowledged is lost",
  ERR_SCRIPT_SYNTAX = "mend the script at this line",
  ERR_MEMORY = "free some memory, then run it again; nothing that was acknowledged is lost",
}

---What cures it: its own cure, or what helps against a failing machine.
---@param err Error
---@return string|nil
function M.cure(err)
  return err.fix and err.fix ~= "" and err.fix or CURES[err.code]
end

---A line for a person, and what shows it.
---@param err Error
---@return string
function M.line(err)
  local cure = M.cure(err)
  local fix = cure and "\n  fix: " .. cure or ""
  return string.format("%s: %s%s%s", err.code, err.message, err.detail and "\n" .. err.detail or "", fix)
end

return M
