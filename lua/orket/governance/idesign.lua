-- idesign.lua: the iDesign rules of an organization: where a source file may lie, what it is called, what its
-- classes are called, and which layer may know which. Judged on the text that is about to be written, by real
-- parsing (orket.core.parser); whatever cannot be judged is refused. docs/idesign.md.

local parsers = require("orket.code.parsers")
local tables = require("orket.util.tables")
local place = require("orket.governance.idesign.place")
local idesign_source = require("orket.governance.idesign.idesign_source")

local M = {}

---@class Violation
---@field rule string  idesign.…
---@field severity "error"|"warning"
---@field line integer
---@field column integer
---@field why string
---@field fix string

---@class IDesign
local IDesign = {}
IDesign.__index = IDesign

local SAID = 5 -- violations that one refusal tells

local DEFAULTS = {
  prefixes = { "product", "src" },
  categories = {
    "managers", "engines", "accessors", "utils", "controllers", "tests", "schemas", "models",
    "infrastructure", "services", "agent_output", "verification",
  },
  layers = { managers = {}, engines = { "managers" }, accessors = { "managers", "engines" } },
  languages = { "python", "javascript", "typescript", "c", "lua" },
  methods = 15,
  exempt = {
    "__init__.py", "__main__.py", "index.js", "index.mjs", "index.cjs", "index.jsx", "index.ts", "index.tsx",
    "init.lua", "README.md",
  },
  outside = { "django", "multiprocessing", "openssl", "sqlalchemy" },
  lenient = {},
}

-- The organization switched them on (architecture.idesign.enabled) or the epic did (its pattern is
-- "iDesign"), and the epic did not switch them off (its idesign is false).
local function is_on(configured, governance)
  if governance.idesign == false then
    return false
  end
  return configured ~= nil and configured.enabled == true or tostring(governance.pattern):lower() == "idesign"
end

---The rules that hold for an epic, or nil.
---@param organization table
---@param epic table its card
---@return IDesign|nil
function M.of(organization, epic)
  local configured = (organization.architecture or {}).idesign
  return is_on(configured, epic.architecture_governance or {}) and M.new(configured) or nil
end

---Names in `layers` that are neither a layer nor a category: a rule about them would forbid nothing.
---@param configured table architecture.idesign
---@return {layer: string, at: integer, name: string}[] strays
---@return table<string, boolean> known
function M.strays(configured)
  local known, strays = {}, {}
  for _, name in ipairs(configured.categories or DEFAULTS.categories) do
    known[name] = true
  end
  for layer in pairs(configured.layers or {}) do
    known[layer] = true
  end
  for _, layer in ipairs(tables.keys(configured.layers or {})) do
    for i, name in ipairs(configured.layers[layer]) do
      strays[#strays + 1] = not known[name] and { layer = layer, at = i, name = name } or nil
    end
  end
  return strays, known
end

---@param configured table|nil architecture.idesign; what it does not say is as shipped
---@return IDesign
function M.new(configured)
  local self = setmetatable({ parsers = parsers.new() }, IDesign)
  self.rules = place.rules(setmetatable({}, {
    __index = function(_, key)
      local own = configured and configured[key]
      return own == nil and DEFAULTS[key] or own
    end,
  }))
  return self
end

-- ---- judging ----

local function limit(why)
  return { {
    rule = "idesign.limit", severity = "error", line = 1, column = 1, why = why,
    fix = "write plain text in smaller, less deeply nested files",
  } }
end

---What is wrong with a text at a path. Inside a task.
---@param path string canonical, beneath the tree
---@param text string
---@return Violation[] in the order of lines
function IDesign:violations(path, text)
  local file = place.file(self.rules, path)
  local found = place.violations(self.rules, file)
  if #found > 0 or not file.language then
    return found
  end
  local broken = idesign_source.unreadable(text, file.language)
  if broken then
    return { broken }
  end
  local facts, err = self.parsers:facts(file.grammar, text)
  if not facts then
    return limit(err.message)
  end
  return idesign_source.violations(self.rules, file, facts)
end

local function said(path, violation)
  return ("%s:%d:%d: %s"):format(path, violation.line, violation.column, violation.why)
end

local function refusal_of(path, wrong)
  local first, lines = wrong[1], {}
  for i = 1, math.min(#wrong, SAID) do
    lines[i] = said(path, wrong[i])
  end
  if #wrong > SAID then
    lines[#lines + 1] = "and " .. #wrong - SAID .. " more"
  end
  return {
    decision = "deny", rule = first.rule, why = table.concat(lines, "; "), fix = first.fix,
    where = path .. ":" .. first.line,
  }
end

---What the rules have against writing a text. Inside a task.
---@param path string
---@param text string
---@return GateVerdict|nil refusal
---@return string[]|nil warnings
function IDesign:objection(path, text)
  local wrong, warnings = {}, {}
  for _, violation in ipairs(self:violations(path, text)) do
    if violation.severity == "error" then
      wrong[#wrong + 1] = violation
    else
      warnings[#warnings + 1] = violation.rule .. ": " .. said(path, violation)
    end
  end
  if #wrong > 0 then
    return refusal_of(path, wrong)
  end
  return nil, #warnings > 0 and warnings or nil
end

return M
