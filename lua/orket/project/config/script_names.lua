-- script_names.lua: names in a script that its box does not have: a misspelled global or field is nil when it
-- is reached, which may be in the middle of a turn. Warnings: a script may ask for what another version has.

local bytecode = require("orket.project.config.bytecode")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local scripts = require("orket.scripts.scripts")

local M = {}

-- What a box has, as the box itself says it: global -> its fields, or false. It names `brief` and so has it.
local PROBE = [[
local names = {}
for name, value in pairs(_G) do
  names[name] = false
  if type(value) == "table" and name ~= "_G" then
    names[name] = {}
    for field in pairs(value) do
      names[name][field] = true
    end
  end
end
return { names = names, brief = brief ~= nil }
]]

local known = {} -- kind of script -> names

local function names_of(kind)
  if not known[kind] then
    local probe = assert(scripts.boxed(kind .. "/names.lua", PROBE))
    known[kind] = probe:describe().names
  end
  return known[kind]
end

local function guess(word, names, prefix)
  local near = suggest.find(word, tables.keys(names))
  return near and "did you mean " .. prefix .. near .. "?" or nil
end

-- What is wrong with one use; nil when nothing is.
local function fault_of(use, names, own)
  local fields = names[use.name]
  if use.sets then
    return "sets the global '" .. use.name .. "'", "write local " .. use.name
  elseif fields == nil and not own[use.name] then
    return "unknown global '" .. use.name .. "'",
      guess(use.name, names, "") or "docs/roles.md and docs/tools.md list what a script has"
  elseif fields and use.field and not fields[use.field] and not own[use.name] then
    return use.name .. " has no field '" .. use.field .. "'",
      guess(use.field, fields, use.name .. ".") or "it has " .. table.concat(tables.keys(fields), ", ")
  end
end

---@param entry {path: string, kind: string, text: string} a script that compiles
---@return Problem[] warnings, one for each name
function M.problems(entry)
  local names, uses, own, said, problems = names_of(entry.kind), bytecode.globals(entry.text), {}, {}, {}
  for _, use in ipairs(uses) do
    own[use.name] = own[use.name] or use.sets
  end
  for _, use in ipairs(uses) do
    local message, fix = fault_of(use, names, own)
    if message and not said[message] then
      said[message] = true
      problems[#problems + 1] = { file = entry.path, line = use.line, path = "", message = message, fix = fix,
        warning = true }
    end
  end
  return problems
end

return M
