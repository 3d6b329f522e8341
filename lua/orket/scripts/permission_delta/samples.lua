-- samples.lua: the argument classes in which two generations are compared: for each tool one call that fits its
-- schema, then every property with other values, then two of them at once. Values come from the schema, and from
-- what the policies look for (scripts/permission_delta/word_delta.lua). Pure.

local cjson = require("cjson")

local M = {}

local CALLS = 4000 -- of one tool
local FEW = 8 -- values that are combined, whatever they are

-- ---- values of one property ----

local function numbers(property, vocabulary)
  local list = { property.minimum or 0, 1, property.maximum }
  return table.move(vocabulary.numbers, 1, #vocabulary.numbers, #list + 1, list)
end

-- The first type that it may have; a text where it says none.
local function values(property, vocabulary)
  local kind = type(property.type) == "table" and property.type[1] or property.type or "string"
  if property.enum then
    return property.enum
  elseif property.const ~= nil then
    return { property.const }
  elseif kind == "string" then
    return property.format == "path" and vocabulary.paths or vocabulary.texts
  elseif kind == "integer" or kind == "number" then
    return numbers(property, vocabulary)
  elseif kind == "boolean" then
    return { true, false }
  elseif kind == "array" then
    local items = {}
    for i, value in ipairs(values(type(property.items) == "table" and property.items or { type = "string" }, vocabulary)) do
      items[i] = setmetatable({ value }, cjson.array_mt)
    end
    return items
  end
  return { {} }
end

local function copy(map)
  local made = {}
  for key, value in pairs(map) do
    made[key] = value
  end
  return made
end

local function is_required(schema, name)
  for _, one in ipairs(schema.required or {}) do
    if one == name then
      return true
    end
  end
  return false
end

-- Each with the property that it is about.
local function vary(schema, all, name, list)
  for _, value in ipairs(all.values[name]) do
    if #list >= CALLS then
      return true
    end
    local arguments = copy(all.base)
    arguments[name] = value
    list[#list + 1] = { arguments = arguments, about = name }
  end
  if not is_required(schema, name) then
    local arguments = copy(all.base)
    arguments[name] = nil
    list[#list + 1] = { arguments = arguments, about = "no " .. name }
  end
end

---What a policy does not speak of it does not decide by, unless it goes through all that there is.
---@param words table<string, true> of its text
---@param word string
---@param names string[]|nil others that stand for it
---@return boolean
function M.speaks_of(words, word, names)
  if words[word] or words.pairs or words.next or words.encode then
    return true
  end
  for _, name in ipairs(names or {}) do
    if words[name] then
      return true
    end
  end
  return false
end

-- What a policy may look for in a property while it looks for something in another one.
local function hot(schema, vocabulary, all, name)
  local property = type(schema.properties[name]) == "table" and schema.properties[name] or {}
  local is_path = property.format == "path"
  if #all.values[name] <= FEW then
    return all.values[name]
  elseif property.type ~= "string" or not M.speaks_of(vocabulary.words, name, is_path and { "paths" } or nil) then
    return {}
  end
  return is_path and vocabulary.hot_paths or vocabulary.hot_texts
end

local function pair(all, one, first, two, second, list)
  local arguments = copy(all.base)
  arguments[one], arguments[two] = first, second
  list[#list + 1] = { arguments = arguments, about = one }
end

-- Pairs of properties, each with the very words of the policies.
local function combine(schema, vocabulary, all, names, list)
  for i, one in ipairs(names) do
    for j = i + 1, #names do
      for _, first in ipairs(hot(schema, vocabulary, all, one)) do
        for _, second in ipairs(hot(schema, vocabulary, all, names[j])) do
          if #list >= CALLS then
            return true
          end
          pair(all, one, first, names[j], second, list)
        end
      end
    end
  end
end

---Calls of a tool: one property after the other, and two of them with the words of the policies.
---@param schema table
---@param vocabulary table
---@return {arguments: table, about: string}[]
---@return boolean is_cut  there would be more
function M.calls(schema, vocabulary)
  local all, list, names, is_cut = { base = {}, values = {} }, {}, {}, false
  for name, property in pairs(type(schema) == "table" and schema.properties or {}) do
    names[#names + 1] = name
    all.values[name] = values(type(property) == "table" and property or {}, vocabulary)
    all.base[name] = all.values[name][type(property) == "table" and property.type == "string" and property.format ~= "path" and not property.enum and 2 or 1]
  end
  table.sort(names)
  list[1] = { arguments = all.base, about = "any" }
  for _, name in ipairs(names) do
    is_cut = vary(schema, all, name, list) or is_cut
  end
  return list, combine(schema, vocabulary, all, names, list) or is_cut
end

return M
