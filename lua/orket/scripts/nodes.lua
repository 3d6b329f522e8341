-- nodes.lua: asking a decision node. A project's own node runs in a box. A node whose text is the one in
-- the binary is trusted as this file is, and is called as it is: its answer is cheaper than a box.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

-- The memory node is not among them: it reads a view, which is a tree in C until it is in a box.
local PLAIN = { evaluator = true, loop = true, models = true, planner = true, policy = true, prompts = true,
  router = true }

local function some(value)
  if value == cjson.null then
    return nil
  end
  return value
end

-- As in a box: keys come sorted.
local function sorted_pairs(map)
  local keys, i = tables.keys(map), 0
  return function()
    i = i + 1
    return keys[i], map[keys[i]]
  end
end

local function environment()
  return { some = some, pairs = sorted_pairs, ipairs = ipairs, assert = assert, type = type, math = math,
    string = string,
    table = table, tostring = tostring }
end

local function is_plain(entry)
  return PLAIN[entry.name] or entry.name:find("^policy/") ~= nil
end

-- The functions of a shipped node; false when this one is not shipped.
local function shipped(entry)
  if entry.shipped == nil then
    local plain = is_plain(entry) and entry.text == embed.read(entry.path)
    entry.shipped = plain and load(entry.text, "@" .. entry.path, "t", environment())() or false
  end
  return entry.shipped
end

---True for the text that the binary brought, which is called as it is.
---@param entry table
---@return boolean
function M.is_shipped(entry)
  return shipped(entry) ~= false
end

local function answered(ok, answer)
  if not ok then
    return nil, errors.of_raised(answer) or errors.new("ERR_SCRIPT", tostring(answer))
  elseif answer == nil then
    return cjson.null
  end
  return answer
end

---What a node answers; JSON null is no answer. Arguments and answer are plain data, not to be changed.
---@param entry table script entry of a generation
---@param fn string
---@param ... any its arguments
---@return any|nil answer
---@return Error|nil
function M.ask(entry, fn, ...)
  local functions = shipped(entry)
  if functions then
    return answered(pcall(functions[fn], ...))
  end
  return errors.check(entry.script:call(fn, { ... }))
end

return M
