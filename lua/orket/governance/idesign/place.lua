-- place.lua: what the name of a file says: its language, its category, and what iDesign has against the name.
-- Pure.

local parser = require("orket.core.parser")

local M = {}

local function set(list)
  local all = {}
  for _, name in ipairs(list) do
    all[name] = true
  end
  return all
end

-- The word that a layer's files and classes have in their names: managers -> manager.
local function word_of(layer)
  return layer:lower():gsub("ies$", "y"):gsub("s$", "")
end

---The rules as lookups.
---@param configured table prefixes, categories, layers, languages, methods, exempt, outside, lenient
---@return table rules
function M.rules(configured)
  local rules = {
    prefixes = set(configured.prefixes), categories = set(configured.categories),
    listed = configured.categories, languages = set(configured.languages),
    exempt = set(configured.exempt), outside = configured.outside, lenient = set(configured.lenient),
    methods = configured.methods, layers = {}, words = {},
  }
  for layer, others in pairs(configured.layers) do
    rules.layers[layer] = set(others)
    for name in pairs(set({ layer, table.unpack(others) })) do
      rules.words[name] = word_of(name)
      rules.categories[name] = true
    end
  end
  return rules
end

---The parts of a name, without the leading directories that do not count.
---@param rules table
---@param parts string[]
---@return string[] parts
function M.counted(rules, parts)
  local at, seen = 1, {}
  while at < #parts and rules.prefixes[parts[at]] and not seen[parts[at]] do
    seen[parts[at]] = true
    at = at + 1
  end
  return table.move(parts, at, #parts, 1, {})
end

---@param rules table
---@param path string
---@return {path: string, name: string, parts: string[], directory: string[], category: string?,
---  language: string?, grammar: string?, layer: string?}
function M.file(rules, path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part ~= "." then
      parts[#parts + 1] = part
    end
  end
  local name = parts[#parts] or ""
  local grammar = parser.grammar(name)
  local language = grammar == "tsx" and "typescript" or grammar
  local counted = M.counted(rules, parts)
  local category = #counted > 1 and counted[1] or nil
  local is_known = language and rules.languages[language]
  return {
    path = path, name = name, parts = parts, directory = table.move(parts, 1, #parts - 1, 1, {}),
    category = category, language = is_known and language or nil, grammar = is_known and grammar or nil,
    layer = rules.layers[category] and category or nil,
  }
end

local function wrong(rule, why, fix)
  return { { rule = "idesign." .. rule, severity = "error", line = 1, column = 1, why = why, fix = fix } }
end

---What is wrong with where the file lies and what it is called.
---@param rules table
---@param file table
---@return Violation[]
function M.violations(rules, file)
  if file.language and #file.parts < 2 then
    return wrong("root", "a source file does not lie directly in the tree's root",
      "put it into a directory of its category: " .. table.concat(rules.listed, ", "))
  elseif file.language and not rules.categories[file.category] then
    return wrong("category",
      file.category and "'" .. file.category .. "' is no category" or "the file has no category",
      "put it beneath one of: " .. table.concat(rules.listed, ", "))
  elseif file.layer and not rules.exempt[file.name]
    and not file.name:lower():find(rules.words[file.layer], 1, true) then
    return wrong("naming", ("a file in %s has '%s' in its name"):format(file.layer, rules.words[file.layer]),
      "rename it, or put it where it belongs")
  end
  return {}
end

return M
