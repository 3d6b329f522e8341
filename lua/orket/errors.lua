-- errors.lua: failures as values. An error is {code, class, message, fix?}; its class decides what the engine
-- does with it (architecture.md: refusal, tool error, model failure, failure of the environment, bug).

local sys = require("orket.core.sys")
local strings = require("orket.util.strings")

local M = {}

local MOST = 16384 -- bytes of a message or of a fix

---@class Error
---@field code string    stable name, "ERR_..."
---@field class string   input, refusal, tool, model, limit, environment, system or bug
---@field message string the cause, one sentence
---@field fix string?    how it is fixed, one sentence
---@field detail string? lines that show it
---@field status integer? of HTTP, where the code alone does not say it

---A text of an error that can be printed, sent and recorded: bounded, and valid UTF-8, whatever bytes it was
---made of.
---@param text any
---@return string
function M.plain(text)
  return strings.of_bytes(strings.shortened(tostring(text), MOST))
end

---@param code string
---@param message string any bytes: see plain
---@param fix string?
---@param status integer? of HTTP
---@return Error
function M.new(code, message, fix, status)
  return { code = code, class = sys.error_class(code), message = M.plain(message),
    fix = fix and M.plain(fix), status = status }
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

local KEPT = "nothing that was acknowledged is lost"

-- What helps against a failing machine, whoever met it.
local FIXES = {
  ERR_IO = "look at the disk, its space and its permissions, then run it again; " .. KEPT,
  ERR_STORE_FULL = "free some space; " .. KEPT,
  ERR_CANCELED = "run it again: open turns go on where they were",
  ERR_SCRIPT_SYNTAX = "fix the script at this line",
  ERR_DESCRIPTORS = 'raise the limit of open files (ulimit -n), or lower "concurrency"; ' .. KEPT,
  ERR_MEMORY = "free some memory, then run it again; " .. KEPT,
}

-- What the loop calls a failure of the host.
local LOOP = { EMFILE = "ERR_DESCRIPTORS", ENFILE = "ERR_DESCRIPTORS", ENOMEM = "ERR_MEMORY" }

---What the loop (luv) answered, as an error of the host.
---@param message string|nil
---@param name string|nil of the errno, "EMFILE"
---@return Error
function M.of_loop(message, name)
  local code = LOOP[name] or "ERR_IO"
  return M.new(code, message or "the loop refused", FIXES[code])
end

---True when the machine failed: what was asked for may well be there, and in order.
---@param code string|nil
---@return boolean
function M.is_machine(code)
  local class = code and sys.error_class(code)
  return class == "environment" or class == "system"
end

---True for a failure of the environment: disk, memory, descriptors, a missing library, cancellation,
---shutdown. It is no answer to an agent and no event of a turn: the turn stays open, and the run stops with
---what fixes it. The class of the error decides, not its code: what a journal says of an earlier failure is
---data.
---@param err Error|nil
---@return boolean
function M.is_environment(err)
  return type(err) == "table" and err.class == "environment"
end

---Raises a failure of the environment where the caller would take any answer for a decision; the turn ends
---with it.
---@param err Error|nil
---@return Error|nil err  any other one
function M.pass(err)
  if M.is_environment(err) then
    error(err, 0)
  end
  return err
end

---What was raised, when it is a failure of the environment: an error of that class, or Lua's own words for no
---memory.
---@param what any
---@return Error|nil
function M.of_raised(what)
  if type(what) == "table" then
    return M.is_environment(what) and what or nil
  end
  local line = tostring(what):match("^[^\n]*")
  local is_memory = line:find("not enough memory", 1, true) or line:find("out of memory", 1, true)
  return is_memory and M.new("ERR_MEMORY", line) or nil
end

---What fixes it: its own fix, or what helps against a failing machine.
---@param err Error
---@return string|nil
function M.fix_of(err)
  return err.fix and err.fix ~= "" and err.fix or FIXES[err.code]
end

---A line for a person, and what shows it.
---@param err Error
---@return string
function M.line(err)
  local found = M.fix_of(err)
  local fix = found and "\n  fix: " .. found or ""
  local detail = err.detail and "\n" .. err.detail or ""
  return strings.of_bytes(string.format("%s: %s%s%s", err.code, err.message, detail, fix))
end

return M
