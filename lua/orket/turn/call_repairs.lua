-- call_repairs.lua: native calls that miss their tool's form where only one meaning is left, made to fit
-- before the gate judges them like any other. What was changed is recorded with the reply; a replay takes it
-- from there. Pure.

local cjson = require("cjson")
local tables = require("orket.util.tables")
local call_paths = require("orket.turn.call_paths")
local strings = require("orket.util.strings")
local dialects = require("orket.llm.text.dialects")

local M = {}

local NOTE = 60 -- bytes of a name or a path in a note

local function short(value)
  return strings.cut(tostring(value), NOTE)
end

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= cjson.array_mt
end

-- ---- the name ----

local function folded(name)
  return (name:lower():gsub("[_%-]", ""))
end

---The one tool that a name can mean, and that is offered; exact names are left alone.
---@param name string
---@param tools table<string, any> by their names
---@param offered string[]
---@return string
function M.tool_of(name, tools, offered)
  if tools[name] then
    return name
  end
  local plain = name:gsub("^functions%.", "")
  if tools[plain] then
    return tables.has(offered, plain) and plain or name
  end
  local found, count = nil, 0
  for other in pairs(tools) do
    if folded(other) == folded(plain) then
      found, count = other, count + 1
    end
  end
  return count == 1 and tables.has(offered, found) and found or name
end

-- ---- the arguments as JSON ----

-- As the text reader reads them: one whole call, and nothing beside it.
local function read_loosely(text)
  local written = '<tool_call>\n{"name": "repaired", "arguments": ' .. text .. "}\n</tool_call>"
  local found = dialects.read({ written }, { dialect = "hermes" })
  local call = found and found.calls[1]
  local is_one = call and #found.calls == 1 and found.faults.count == 0 and found.thought == 0
    and not found.content:find("%S")
  return is_one and call.name == "repaired" and call.state ~= "partial" and cjson.decode(call.arguments)
    or nil
end

-- A text that was cut off would be completed by the reader: it ends as an object does, and so does the reply.
local function is_cut(text, finish)
  return finish == "length" or not text:find("}%s*$") and not text:find("}%s*```%s*$")
end

local function arguments_of(text, notes, finish)
  local value = cjson.decode(text)
  if type(value) == "string" then
    local inner = cjson.decode(value)
    if is_object(inner) then
      notes[#notes + 1] = "arguments were JSON inside a text"
      return inner
    end
  elseif value == nil and not is_cut(text, finish) then
    value = read_loosely(text:match("^%s*```%w*%s*\n(.*)\n%s*```%s*$") or text)
    notes[#notes + 1] = value and "arguments were not strict JSON" or nil
  end
  return is_object(value) and value or nil
end

-- ---- what is in them ----

local WRAPPERS = { arguments = true, parameters = true, input = true }

local function is_known(key, about)
  for target, names in pairs(about.aliases or {}) do
    for _, name in ipairs(names) do
      if name == key and about.schema.properties[target] then
        return true
      end
    end
  end
  return about.schema.properties[key] ~= nil
end

local function unwrapped(arguments, about, notes)
  local key, inside = next(arguments)
  if not WRAPPERS[key] or next(arguments, key) or about.schema.properties[key] then
    return arguments
  end
  inside = type(inside) == "string" and cjson.decode(inside) or inside
  if not is_object(inside) or not next(inside) then
    return arguments
  end
  for name in pairs(inside) do
    if not is_known(name, about) then
      return arguments
    end
  end
  notes[#notes + 1] = "arguments were inside " .. key
  return inside
end

local function rename(arguments, about, notes)
  for target, names in pairs(about.aliases or {}) do
    local used, count = nil, arguments[target] ~= nil and 2 or 0
    for _, name in ipairs(names) do
      if arguments[name] ~= nil and not about.schema.properties[name] then
        used, count = name, count + 1
      end
    end
    if count == 1 and about.schema.properties[target] then
      arguments[target], arguments[used] = arguments[used], nil
      notes[#notes + 1] = used .. " is " .. target
    end
  end
end

local BOOLEANS = { ["true"] = true, ["false"] = false }

local function typed(value, wanted)
  if type(value) == "string" then
    if wanted == "boolean" then
      return BOOLEANS[value]
    elseif wanted == "integer" and value:find("^%-?%d+$") and #value < 18 then
      return math.tointeger(value)
    elseif wanted == "number" and value:find("^%-?%d+%.?%d*$") and #value < 18 then
      return math.tointeger(value) or tonumber(value)
    end
  elseif wanted == "string" and (math.type(value) == "integer" or type(value) == "boolean") then
    return tostring(value)
  end
end

-- A value as its schema wants it, and what was changed.
local function fitted(key, value, schema, tree)
  local other
  if type(value) ~= schema.type then
    other = typed(value, schema.type)
  end
  if other ~= nil then
    return other, key .. " was a " .. type(value)
  elseif schema.format == "path" and call_paths.is_odd(value) then
    local path = call_paths.fitted(value, tree)
    return path, path ~= value and ("%s %s is %s"):format(key, short(value), short(path)) or nil
  end
  return value
end

local function fit(arguments, about, notes, tree)
  for key, schema in pairs(about.schema.properties) do
    local value = arguments[key]
    if value ~= nil and type(schema) == "table" then
      arguments[key], notes[#notes + 1] = fitted(key, value, schema, tree)
    end
  end
end

-- What most calls are: each argument is one of the tool's, and as its schema wants it.
local function is_fitting(arguments, properties)
  for key, value in pairs(arguments) do
    local schema, kind = properties[key], type(value)
    if type(schema) ~= "table" or kind ~= (schema.type or kind)
      or schema.format == "path" and call_paths.is_odd(value) then
      return false
    end
  end
  return true
end

-- ---- a reply ----

local function repair(call, tools, offered, finish, tree)
  local notes = {}
  local name = M.tool_of(call.name, tools, offered)
  local about = tools[name] and tools[name].about
  local properties = about and about.schema and about.schema.properties
  local arguments = type(properties) == "table" and arguments_of(call.arguments, notes, finish) or nil
  if arguments and not is_fitting(arguments, properties) then
    arguments = unwrapped(arguments, about, notes)
    rename(arguments, about, notes)
    fit(arguments, about, notes, tree)
    table.sort(notes)
  end
  if arguments and #notes > 0 then
    call.arguments = cjson.encode(arguments)
  end
  if name ~= call.name then
    table.insert(notes, 1, short(call.name) .. " is " .. name)
    call.name = name
  end
  return #notes > 0 and notes or nil
end

---Repairs the calls of a reply that has just come; its message says them as repaired. What a journal has
---stays as it is.
---@param reply table as llm.complete answers it
---@param generation table
---@param role string
---@param tree {files: table<string, any>}|nil the card's
---@return table<string, string[]>|nil repairs  by the id of the call; nil: there was none
function M.apply(reply, generation, role, tree)
  if reply.is_recorded then
    return reply.repairs
  end
  local repairs, offered = nil, generation.roles[role].about.tools or {}
  for _, call in ipairs(reply.calls) do
    call.repaired = repair(call, generation.tools, offered, reply.finish, tree)
    if call.repaired then
      repairs = repairs or {}
      repairs[call.id] = call.repaired
    end
  end
  if repairs then
    local message = cjson.decode(reply.message)
    for i, call in ipairs(reply.calls) do
      local called = message.tool_calls[i]["function"]
      called.name, called.arguments = call.name, call.arguments
    end
    reply.message = cjson.encode(message)
  end
  return repairs
end

return M
