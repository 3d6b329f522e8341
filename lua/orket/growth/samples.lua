-- samples.lua: the argument classes in which two generations are compared: for each tool one call that fits its
-- schema, then every property with other values. Values come from the schema, from the rules of the house, and
-- from the very words and numbers of the policies that changed: what a policy looks for is in its text. Pure.

local cjson = require("cjson")
local code = require("orket.policy.code")

local M = {}

local PATHS = { "a.txt", "src/main.c", "docs/deep/down/page.md", "tests/test_x.py", "README.md", ".config/x" }
local TEXTS = { "", "x", "a line\nand another\n" }
local LARGE = 20000 -- bytes
local SIZE_MOST = 200000
local LITERAL_MOST = 200 -- bytes of one
local LITERALS = 500 -- of all policies together
local CALLS = 4000 -- of one tool

-- Words that a policy says of calls and of Lua, and not of what it looks for.
local OURS = {}
for word in ([[tool role arguments paths path content card status type id operations operation op destructive outward risky labels
  decision deny ask rule why fix when decide pairs ipairs find match gsub sub lower upper format table concat insert string
  self_test assert error tostring tonumber some view run turn seat operation_hash]]):gmatch("%S+") do
  OURS[word] = true
end

local function add(list, seen, value)
  if not seen[value] then
    seen[value] = true
    list[#list + 1] = value
  end
end

-- A pattern or a glob as a text that it may match.
local function plain(literal)
  return (literal:gsub("^%^", ""):gsub("%$$", ""):gsub("%[.-%][*+-]?", "x"):gsub("%%%a[*+-]?", "x"):gsub("%%(.)", "%1")
    :gsub("%.[*+-]", "x"):gsub("%*+", "x"):gsub("%?", "x"))
end

local function paths_of(literal, list, seen)
  local path = plain(literal):gsub("^/+", ""):gsub("/+$", "")
  for _, one in ipairs({ path, path .. "/x", path .. "x", "x/" .. path, "x/" .. path .. "/x" }) do
    if path ~= "" and not one:find("[%c\\]") then
      add(list, seen, one)
    end
  end
end

-- Numbers in a policy are mostly bounds: below, at and above.
local function sizes_of(text, list, seen)
  for digits in text:gmatch("%f[%w]%d+%f[%W]") do
    local n = math.tointeger(tonumber(digits))
    for size = n and n - 1 or 0, n and n + 1 or -1 do
      if size >= 0 and size <= SIZE_MOST then
        add(list, seen, size)
      end
    end
  end
end

---What the texts look for.
---@param texts string[]
---@param house table[]|nil rules of the house
---@return {paths: string[], texts: string[], sizes: integer[], words: table<string, true>}
function M.vocabulary(texts, house)
  local found = { paths = table.move(PATHS, 1, #PATHS, 1, {}), texts = table.move(TEXTS, 1, #TEXTS, 1, {}), sizes = {}, words = {} }
  local seen = { paths = {}, texts = {}, sizes = {} }
  local literals = 0
  for _, text in ipairs(texts) do
    sizes_of(text, found.sizes, seen.sizes)
    for _, literal in ipairs(code.read(text).constants) do
      if type(literal) == "string" and not found.words[literal] then
        found.words[literal] = true
        literals = literals + (OURS[literal] and 0 or 1)
        if literals <= LITERALS and not OURS[literal] and #literal <= LITERAL_MOST and utf8.len(literal) then
          paths_of(literal, found.paths, seen.paths)
          add(found.texts, seen.texts, plain(literal))
          add(found.texts, seen.texts, "x " .. plain(literal) .. " x")
        end
      end
    end
  end
  for _, rule in ipairs(house or {}) do
    for _, glob in ipairs(rule.paths or {}) do
      paths_of(glob, found.paths, seen.paths)
    end
  end
  for _, size in ipairs(found.sizes) do
    found.texts[#found.texts + 1] = ("x"):rep(size)
  end
  found.texts[#found.texts + 1] = ("x"):rep(LARGE)
  found.is_cut = literals > LITERALS
  return found
end

-- ---- values of one property ----

local function numbers(property, vocabulary)
  local list = { property.minimum or 0, property.maximum, 1 }
  return table.move(vocabulary.sizes, 1, #vocabulary.sizes, #list + 1, list)
end

local function values(property, vocabulary)
  local kind = property.type
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

---Calls of a tool, one property after the other.
---@param schema table
---@param vocabulary table
---@return {arguments: table, about: string}[]
---@return boolean is_cut  there would be more
function M.calls(schema, vocabulary)
  local all, list, names, is_cut = { base = {}, values = {} }, {}, {}, false
  for name, property in pairs(type(schema) == "table" and schema.properties or {}) do
    names[#names + 1] = name
    all.values[name] = values(type(property) == "table" and property or {}, vocabulary)
    all.base[name] = all.values[name][property.type == "string" and property.format ~= "path" and not property.enum and 2 or 1]
  end
  table.sort(names)
  list[1] = { arguments = all.base, about = "any" }
  for _, name in ipairs(names) do
    is_cut = vary(schema, all, name, list) or is_cut
  end
  return list, is_cut
end

return M
