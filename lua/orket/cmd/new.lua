-- new.lua: `orket new KIND NAME`: the smallest role, tool, node, policy or epic that is right, as a file of
-- the project.

local config = require("orket.project.config")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local options = require("orket.options")
local project_file = require("orket.project.files.project_file")
local cli_report = require("orket.view.cli_report")
local templates = require("orket.project.new.templates")

local M = {}

M.usage = [[
usage: orket new [-C DIR] role|tool|policy|epic NAME
       orket new [-C DIR] --kind KIND node NAME

Writes a small file that works, to be changed: roles/NAME.lua, tools/NAME.lua, nodes/policy/NAME.lua,
config/epics/NAME.json, or nodes/NAME.lua as a copy of the shipped node KIND (planner, router, evaluator,
prompts, models, loop, memory).
exit: 0 written, 1 there is such a file, or the project has no team yet, 2 usage
]]

-- The first team and environment of the project, and a seat of it that works.
local function places(dir)
  local project = config.read(dir)
  local team = tables.keys(project.teams or {})[1]
  local environment = tables.keys(project.environments or {})[1]
  if not team or not environment then
    return nil, errors.new("ERR_CONFIG", "the project has no team or no environment yet",
      "orket init DIR writes a project with both")
  end
  for _, seat in ipairs(tables.keys(project.teams[team].seats)) do
    if not tables.has(project.teams[team].seats[seat].roles, "integrity_guard") then
      return { TEAM = team, ENVIRONMENT = environment, SEAT = seat }
    end
  end
  return nil, errors.new("ERR_CONFIG", "the team " .. team .. " has no seat that works",
    "add one to config/teams/" .. team .. ".json")
end

local function values_of(args, dir)
  local values, err = {}, nil
  if args.what == "epic" then
    values, err = places(dir)
  end
  if values then
    values.NAME, values.KIND = args.name, args.kind
  end
  return values, err
end

local function fault_of(args)
  local template = templates.kinds[args.what]
  if not template then
    return "there is no kind '" .. args.what .. "': role, tool, node, policy or epic"
  elseif not args.name:match("^%w[%w._-]*$") or #args.name > 64 then
    return "NAME is letters, digits, '.', '_', '-', at most 64"
  elseif (args.what == "node") ~= (args.kind ~= nil) then
    return args.kind and "--kind is for a node" or "a node needs --kind: "
      .. table.concat(templates.nodes(), ", ")
  elseif args.kind and not templates.node(args.kind) then
    return "there is no node '" .. args.kind .. "': " .. table.concat(templates.nodes(), ", ")
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", kind = "value" }, { "what", "name" })
  message = args and fault_of(args) or message
  if message then
    return options.refuse(M.usage, message)
  end
  local dir, template = args.C or ".", templates.kinds[args.what]
  local values, err = values_of(args, dir)
  local path = values and templates.fill(template.path, values)
  local written = nil
  if values then
    local pattern = template.text or templates.node(args.kind)
    written, err = project_file.add(dir, path, templates.fill(pattern, values))
  end
  if not written then
    return cli_report.failure(err)
  end
  print("wrote " .. path .. "\n  next: " .. templates.fill(template.next, values))
  return 0
end

return M
