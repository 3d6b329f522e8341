-- arm.lua: what is compared: files, each a prompts node or a role, that take the place of the suite's own.
-- What a file is tells its shape. One that would make more possible than the suite's scripts do is refused,
-- unless a person says otherwise.

local errors = require("orket.errors")
local examples = require("orket.scripts.examples")
local fs = require("orket.core.fs")
local permission_delta = require("orket.scripts.permission_delta")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")
local notice = require("orket.scripts.permission_delta.notice")
local scripts = require("orket.scripts.scripts")

local M = {}

M.FEWEST, M.MOST = 2, 8 -- files
local OWN = "own" -- the suite's scripts as they are
local GUARD = "integrity_guard"

---@class EvalArm
---@field name string
---@field kind "own"|"prompts"|"role"|"examples"
---@field path string|nil where a copy has it
---@field text string|nil
---@field hash string
---@field generation table

-- ---- which script it is ----

local function is_function(value)
  return type(value) == "table" and value.type == "function"
end

local function kind_of(file, text)
  local about, err = scripts.describe(file, text)
  if err then
    return nil, err
  end
  about = type(about) == "table" and about or {}
  if about.node == "examples" then
    return "examples"
  elseif about.node == "prompts" or about.node == nil and is_function(about.build) then
    return "prompts"
  elseif about.node == nil and is_function(about.prompt) then
    return "role"
  end
  return nil, errors.new("ERR_SCRIPT_CONTRACT",
    file .. ": it is neither a prompts node, nor a role, nor examples",
    'a prompts node returns { node = "prompts", build = build }, a role { prompt = prompt, tools = {...} }, '
      .. 'examples { node = "examples", roles = {...} }')
end

-- The roles that work on the suite's cards.
local function roles_of(project)
  local roles = {}
  for _, team in pairs(project.teams) do
    for _, seat in pairs(team.seats) do
      for _, role in ipairs(seat.roles) do
        roles[role] = true
      end
    end
  end
  return roles
end

-- The role in whose place the file comes: the one that a person names, that the file is called, or that alone
-- works there.
local function role_of(file, project, named)
  local roles = roles_of(project)
  local stem = file:match("([^/]+)%.lua$") or file
  local name = named or roles[stem] and stem
  if not name then
    roles[GUARD] = nil
    local only = tables.keys(roles)
    name = #only == 1 and only[1] or nil
  elseif not roles[name] then
    return nil, errors.new("ERR_NOT_FOUND", "no seat of the suite has the role '" .. name .. "'",
      "one of: " .. table.concat(tables.keys(roles), ", "))
  end
  if not name then
    return nil, errors.new("ERR_USAGE", file .. ": it is a role, and it does not say which",
      "say it with --role: " .. table.concat(tables.keys(roles), ", "))
  end
  return name
end

-- ---- reading ----

local function text_of(file)
  local above = file:match("^(.+)/[^/]*$") or (file:sub(1, 1) == "/" and "/" or ".")
  local root <close>, err = errors.check(fs.root(above))
  local text
  if root then
    text, err = errors.check(root:read(file:match("([^/]+)$") or ""))
  end
  if not text then
    return nil, errors.new(err.code, file .. ": " .. err.message, err.fix)
  end
  return text
end

local function place(file, text, suite, role)
  local kind, err = kind_of(file, text)
  if not kind then
    return nil, err
  elseif kind == "examples" then
    return { kind = kind, path = examples.PATH }
  elseif kind == "prompts" then
    local node = suite.project.organization.process_rules.prompts_node or "prompts"
    return { kind = kind, path = "nodes/" .. node .. ".lua" }
  end
  local name
  name, err = role_of(file, suite.project, role)
  return name and { kind = kind, path = "roles/" .. name .. ".lua" }, err
end

local function read(file, suite, role)
  if file == OWN then
    return { kind = "own", hash = hash.of("") }
  end
  local text, err = text_of(file)
  local arm
  if text then
    arm, err = place(file, text, suite, role)
  end
  if not arm then
    return nil, err
  end
  arm.text, arm.hash = text, hash.parts({ arm.path, text })
  return arm
end

-- A name that no other arm has.
local function name_of(file, taken)
  local stem = (file:match("([^/]+)$") or file):gsub("%.lua$", "")
  stem = stem:gsub("[^A-Za-z0-9._-]", "-"):gsub("^[^A-Za-z0-9]+", ""):sub(1, 40)
  stem = stem == "" and "arm" or stem
  local name, number = stem, 2
  while taken[name] do
    name, number = stem .. "-" .. number, number + 1
  end
  taken[name] = true
  return name
end

-- ---- what it may ----

local function build(suite, arm, before)
  local texts, unread = scripts.texts(suite.root)
  if unread[1] then
    return nil, unread[1].err
  end
  if arm and arm.path then
    texts[arm.path] = arm.text
  end
  local generation, problems = scripts.build(texts,
    require("orket.governance.gate_options").of(suite.project.organization.process_rules), before)
  if problems[1] then
    local path, problem = problems[1].path, problems[1].err
    local why = problem.message:gsub("^" .. path:gsub("%p", "%%%0") .. ": ", "")
    local whose = arm and "the arm " .. arm.name .. ", as " or ""
    return nil, errors.new(problem.code, whose .. path .. ": " .. why, errors.fix_of(problem))
  end
  return generation
end

-- A new role or a longer list of tools is no other wording.
local function may_serve(suite, arm, own, accepted)
  local rows = permission_delta.rows(own, arm.generation, suite.project)
  if #rows == 0 or accepted or suite.project.organization.process_rules.growth == "auto" then
    return true
  end
  local more = #rows > 1 and ", and " .. #rows - 1 .. " more" or ""
  return nil, errors.new("ERR_DENIED",
    "the arm " .. arm.name .. " makes more possible than the suite's own scripts: "
      .. notice.line(rows[1]) .. more,
    "take it out of the arm, or accept it with --accept")
end

---Reads the arms.
---@param suite table
---@param files string[]
---@param options {role: string?, accept: boolean?}
---@return EvalArm[]|nil
---@return Error|nil
function M.read(suite, files, options)
  local own, err = build(suite)
  local arms, taken = {}, {}
  for i, file in ipairs(own and files or {}) do
    local arm
    arm, err = read(file, suite, options.role)
    if not arm then
      return nil, err
    end
    arm.name = name_of(file, taken)
    arm.generation, err = build(suite, arm, own)
    local ok = arm.generation
    if ok then
      ok, err = may_serve(suite, arm, own, options.accept)
    end
    if not ok then
      return nil, err
    end
    arms[i] = arm
  end
  return own and arms, err
end

return M
