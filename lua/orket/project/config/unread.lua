-- unread.lua: keys of the configuration that nothing acts on: kept for people and for files of other
-- programs. `orket validate` names each that is set, so that no user waits for its effect. Pure.

local tables = require("orket.util.tables")

local M = {}

local CARD = { "metrics", "references" }
local KEYS = {
  organization = { "vision", "ethos", "departments", "branding", "contact", "architecture/cicd_rules",
    "architecture/preferred_stack" },
  epics = { "iterations", "handshake_enabled", "example_task", "lessons_learned", table.unpack(CARD) },
  issues = { "sprint", table.unpack(CARD) },
  rocks = CARD,
}

-- As it is written: what was read has defaults.
local function is_written(source, pointer)
  local value = source.doc:value(pointer)
  return value ~= nil and value ~= false
end

local function add(problems, origin, kind)
  for _, key in ipairs(origin and KEYS[kind] or {}) do
    local pointer = origin.path .. "/" .. key
    if is_written(origin.source, pointer) then
      problems[#problems + 1] = {
        file = origin.source.file, line = origin.source:line(pointer), path = pointer,
        message = "nothing acts on '" .. key:match("[^/]*$") .. "'",
        fix = "keep it as a note for people, or remove it", warning = true,
      }
    end
  end
end

---@param project table
---@param origins table<table, {source: Source, path: string}>
---@return Problem[] warnings
function M.problems(project, origins)
  local problems = {}
  add(problems, origins[project.organization], "organization")
  for _, kind in ipairs({ "rocks", "epics" }) do
    for _, name in ipairs(tables.keys(project[kind])) do
      local card = project[kind][name]
      add(problems, origins[card], kind)
      for _, issue in ipairs(kind == "epics" and card.issues or {}) do
        add(problems, origins[issue], "issues")
      end
    end
  end
  return problems
end

return M
