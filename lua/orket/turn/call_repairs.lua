-- call_repairs.lua: native calls that miss their tool's form where only one meaning is left, made to fit before the gate
-- judges them like any other. What was changed is recorded with the reply; a replay takes it from there. Pure.

local cjson = require("cjson")
local later = require("orket.later")
local list = require("orket.list")
local texts = require("orket.text")
local dialects = later("orket.dialects")

local M = {}

local NOTE = 60 -- bytes of a name or a path in a note

local function short(value)
  return texts.cut(tostring(value), NOTE)
end

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= cjson.array_mt
end

-- ---- the name ----

local function folded(name)
  return (name:lower():gsub("[_%-]", ""))
end

-- The one tool that a name can mean, and that is offered; exact names are left alone.
local function tool_of(name, tools, offered)
  if tools[name] then
    return name
  end
  local plain = name:gsub("^functions%.", "")
  if tools[plain] then
    return list.has(offered, plain) and plain or name
  end
  local found, count = nil, 0
  for other in pairs(tools) do
    if folded(other) == folded(plain) then
      found, count = other, count + 1
    end
  end
  return count == 1 and list.has(offered, found) and found or name
end

-- ---- the arguments as JSON ----

-- As the text reader reads them: one whole call, and nothing beside it.
local function read_loosely(text)
  local found = dialects.read({ '<tool_call>\n{"name": "repaired", "arguments": ' .. text .. "}\n</tool_call>" }, { dialect = "hermes" })
  local call = found and found.calls[1]
  local is_one = call and #found.calls == 1 and found.faults.count == 0 and found.thought == 0 and not found.content:find("%S")
  return is_one and call.name == "repaired" and call.state ~= "partial" and cjson.decode(call.arguments) or nil
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

-- Where an absolute path begins that means the machine and not the card's tree: those are refused as they stand.
local MACHINE = {}
for name in ("bin boot dev etc home lib lib32 lib64 media mnt nix opt private proc root run sbin srv sys tmp usr var Users Volumes"):gmatch("%S+") do
  MACHINE[name] = true
end

-- A path beneath the card's tree, with its slashes right; what leaves the tree stays for the gate to refuse.
local function path_of(path)
  local slashed = path:gsub("\\", "/")
  if not slashed:find("^/") then
    return slashed
  elseif ("/" .. slashed .. "/"):find("/../", 1, true) then
    return slashed
  end
  local inside = slashed:gsub("^[/]+", "")
  if MACHINE[inside:match("^[^/]*")] then
    return slashed
  end
  return inside == "" and "." or inside
end

-- A value as its schema wants it, and what was changed.
local function fitted(key, value, schema)
  local other
  if type(value) ~= schema.type then
    other = typed(value, schema.type)
  end
  if other ~= nil then
    return other, key .. " was a " .. type(value)
  elseif schema.format == "path" and type(value) == "string" and (value:find("^/") or value:find("\\", 1, true)) then
    local path = path_of(value)
    return path, path ~= value and ("%s %s is %s"):format(key, short(value), short(path)) or nil
  end
  return value
end

local function fit(arguments, about, notes)
  for key, schema in pairs(about.schema.properties) do
    local value = arguments[key]
    if value ~= nil and type(schema) == "table" then
      arguments[key], notes[#notes + 1] = fitted(key, value, schema)
    end
  end
end

-- ---- a reply ----

local function repair(call, tools, offered, finish)
  local notes = {}
  local name = tool_of(call.name, tools, offered)
  local about = tools[name] and tools[name].about
  local properties = about and about.schema and about.schema.properties
  local arguments = type(properties) == "table" and arguments_of(call.arguments, notes, finish) or nil
  if arguments then
    arguments = unwrapped(arguments, about, notes)
    rename(arguments, about, notes)
    fit(arguments, about, notes)
    table.sort(notes)
    call.arguments = #notes > 0 and cjson.encode(arguments) or call.arguments
  end
  if name ~= call.name then
    table.insert(notes, 1, short(call.name) .. " is " .. name)
    call.name = name
  end
  return #notes > 0 and notes or nil
end

---Repairs the calls of a reply that has just come; its message says them as repaired. What a journal has stays as it is.
---@param reply table as llm.complete answers it
---@param generation table
---@param role string
---@return table<string, string[]>|nil repairs  by the id of the call; nil: there was none
function M.apply(reply, generation, role)
  if reply.is_recorded then
    return reply.repairs
  end
  local repairs, offered = nil, generation.roles[role].about.tools or {}
  for _, call in ipairs(reply.calls) do
    call.repaired = repair(call, generation.tools, offered, reply.finish)
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
