-- jail.lua: `orket try jail`: one program in a jail, and what became of it.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local options = require("orket.options")
local proc = require("orket.core.proc")
local size = require("orket.util.size")
local strings = require("orket.util.strings")

local M = {}

M.usage = "jail [--root DIR] [--wall S] [--cpu S] [--mem SIZE] [--procs N] [--fsize SIZE] [--output SIZE] "
  .. "-- ARGV..."

local KNOWN = {
  root = "value", wall = "value", cpu = "value", mem = "value", procs = "value", fsize = "value",
  output = "value",
}

local function seconds(value)
  local number = tonumber(value)
  return number and number > 0 and number <= 86400 and number or nil
end

local function count(value)
  local number = math.tointeger(tonumber(value))
  return number and number > 0 and number <= 1000000 and number or nil
end

local function some_bytes(value)
  local bytes = size.bytes(value)
  return bytes and bytes > 0 and bytes <= 1 << 49 and bytes or nil
end

local SECONDS = { seconds, "seconds above 0", "0.5, 30, at most 86400" }
local SIZE = { some_bytes, "a size such as 64M", "whole bytes above 0, or 512K, 64M, 1G" }
local LIMITS = {
  wall = SECONDS, cpu = SECONDS, mem = SIZE, fsize = SIZE, output = SIZE,
  procs = { count, "a number above 0", "whole, at most 1000000" },
}

local function failure(message, fix)
  return errors.new("ERR_USAGE", message, fix)
end

-- Where a root is what is wrong, the caller fixes it.
local function of_root(request, err)
  if request.root ~= nil and (err.code == "ERR_NOT_FOUND" or err.code == "ERR_NOT_DIR") then
    return errors.new("ERR_USAGE", "--root " .. err.message,
      "name a directory that is there; without --root it is an empty scratch")
  end
  return err
end

---@param args string[]
---@return table|nil request {argv, root, wall, cpu, mem, procs, fsize, output}
---@return string? message
function M.request(args)
  local mark
  for i, word in ipairs(args) do
    mark = mark or word == "--" and i
  end
  local before = table.move(args, 1, mark and mark - 1 or #args, 1, {})
  local request, message = options.parse(before, KNOWN, {})
  if not request then
    return nil, message
  elseif not mark or not args[mark + 1] then
    return nil, "the program comes after --"
  end
  request.argv = table.move(args, mark + 1, #args, 1, {})
  return request
end

local function is_argv(argv)
  for i, word in ipairs(type(argv) == "table" and argv or {}) do
    if type(word) ~= "string" or word:find("\0", 1, true) or (i == 1 and word == "") then
      return false
    end
  end
  return type(argv) == "table" and argv[1] ~= nil
end

local function order_of(request)
  if not is_argv(request.argv) then
    return nil, failure("argv is a list of texts, the first names the program",
      "no text has a NUL, and the first is not empty")
  elseif request.root ~= nil and (type(request.root) ~= "string" or request.root:find("\0", 1, true)) then
    return nil, failure("root is the name of a directory")
  end
  local order = { argv = request.argv, cwd = request.root, scratch = request.root == nil or nil }
  for name, limit in pairs(LIMITS) do
    if request[name] ~= nil then
      order[name] = limit[1](request[name])
      if not order[name] then
        return nil, failure(name .. " must be " .. limit[2], limit[3])
      end
    end
  end
  return order
end

local function shown(result)
  return {
    exit = result.exit or cjson.null, signal = result.signal or cjson.null,
    limit = result.limit or cjson.null,
    stdout = strings.of_bytes(result.stdout), stderr = strings.of_bytes(result.stderr), ms = result.ms,
    layers = setmetatable(result.layers, cjson.array_mt),
  }
end

---@param request table
---@return table answer  {exit, signal, limit, …}, or {error, code} where these are null
---@return true|Error accepted  Error: there is no result, nothing ran
function M.answer(request)
  local result
  local order, err = order_of(request)
  if order then
    proc.hide({}) -- there is no project here
    async.main(function()
      result, err = errors.check(async.await(proc.run, order))
      return 0
    end)
  end
  if result then
    return shown(result), true
  end
  err = of_root(request, err or errors.new("ERR_BUG", "no answer"))
  local none = cjson.null
  return { error = err.code .. ": " .. err.message, code = err.code, exit = none, signal = none,
    limit = none }, err
end

return M
