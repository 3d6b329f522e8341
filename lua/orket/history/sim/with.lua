-- with.lua: what `--with PATH` lays over the scripts and the settings of a recorded run: a script, a
-- directory of them, a directory like a project, an organization.json, or a unified diff of such files.

local beyond = require("orket.history.sim.beyond")
local box = require("orket.core.box")
local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local normal = require("orket.project.config.normal")
local patch = require("orket.history.sim.patch")
local problem_list = require("orket.project.config.problem_list")
local scripts = require("orket.scripts.scripts")
local sources = require("orket.project.config.source")

local M = {}

local ORGANIZATION = "config/organization.json"

---@class Overlay what is changed
---@field texts table<string, string|false> by path; false: the project's own file is gone
---@field process table|nil process_rules of a changed organization
---@field models table|nil its models, by name
---@field ignored string[] files, and keys of an organization.json, that are changed and not judged

local function usage(message, fix)
  return nil, errors.new("ERR_USAGE", message, fix
    or "name a script, a directory with roles/, nodes/ or tools/, or a diff")
end

-- ---- where a script belongs ----

local function named_place(path)
  return path:match("nodes/policy/[^/]+%.lua$") or path:match("%f[^/\0]roles/[^/]+%.lua$")
    or path:match("%f[^/\0]nodes/[^/]+%.lua$") or path:match("%f[^/\0]tools/[^/]+%.lua$")
end

-- By what it returns; one that does not run is a node: nothing serves without it.
local function kind_of(name, text)
  local script = box.prepare(name, text)
  local about = script and script:describe()
  if type(about) ~= "table" then
    return nil
  end
  if about.prompt then
    return "roles"
  end
  return about.run and "tools" or "nodes"
end

-- A file whose directory does not say it: the one script of that name that there is, or what its text says.
local function place_of(path, text, present)
  local place, name, found = named_place(path), path:match("([^/]+)$"), nil
  if place then
    return place
  end
  for _, kind in ipairs(scripts.KINDS) do
    local candidate = kind .. "/" .. name
    if present[candidate] then
      place, found = candidate, (found or 0) + 1
    end
  end
  if found == 1 then
    return place
  end
  local kind = kind_of(name, text)
  return kind and kind .. "/" .. name
end

-- ---- settings ----

-- What the project's own file says now; no table when it is not there or broken.
local function present_organization(project)
  local text = project.root:read(ORGANIZATION)
  local ok, value = pcall(cjson.decode, text or "")
  return ok and type(value) == "table" and value or {}
end

-- The process rules of an organization.json, which are judged; what else is changed in it is not.
local function take_organization(overlay, root, path, project)
  local problems = problem_list.new()
  local source = sources.read(root, path, problems)
  if not source or not sources.check(source, "organization", nil, problems) then
    local first = problems:sorted()[1]
    return nil, errors.new("ERR_CONFIG", string.format("%s:%d: %s", first.file, first.line,
      problem_list.full_line(first)), first.fix)
  end
  for _, key in ipairs(beyond.of_organization(present_organization(project),
    cjson.decode(root:read(path)))) do
    overlay.ignored[#overlay.ignored + 1] = ORGANIZATION .. "#/" .. key
  end
  local organization = normal.organization(source.value)
  overlay.process, overlay.models = organization.process_rules, organization.models
  return overlay
end

-- A text as if it lay in a project, so that it is read as one that does.
local function take_organization_text(overlay, text, project)
  local root = {}
  function root.read()
    return text
  end
  return take_organization(overlay, root, ORGANIZATION, project)
end

-- ---- what is there ----

-- Teams, environments and cards are not judged: those that are other ones than the project's are told.
local function ignore(overlay, root, dir, project)
  for _, entry in ipairs(root:kind(dir) == "directory" and root:list(dir) or {}) do
    local path = dir .. "/" .. entry.name
    if entry.type == "directory" then
      ignore(overlay, root, path, project)
    elseif path ~= ORGANIZATION and root:read(path) ~= project.root:read(path) then
      overlay.ignored[#overlay.ignored + 1] = path
    end
  end
end

local function from_project(root, overlay, project)
  local texts, problems = scripts.texts(root)
  if problems[1] then
    return nil, errors.new(problems[1].err.code, problems[1].path .. ": " .. problems[1].err.message,
      problems[1].err.fix)
  end
  for path, text in pairs(texts) do
    overlay.texts[path] = (text ~= embed.read(path) or root:kind(path) ~= nil) and text or nil
  end
  ignore(overlay, root, "config", project)
  if root:kind(ORGANIZATION) then
    return take_organization(overlay, root, ORGANIZATION, project)
  end
  return overlay
end

local function add(overlay, path, text, present)
  local place = place_of(path, text, present)
  if not place then
    return usage(path .. " is no role, node or tool")
  end
  overlay.texts[place] = text
  return overlay
end

-- A directory of scripts: its name may say which.
local function from_directory(root, dir, overlay, present)
  for _, entry in ipairs(root:list(".") or {}) do
    if scripts.script_name(entry) then
      local text, err = errors.check(root:read(entry.name))
      local ok = text
      if text then
        ok, err = add(overlay, dir .. "/" .. entry.name, text, present)
      end
      if not ok then
        return nil, err
      end
    end
  end
  return overlay
end

local function is_project(root)
  for _, kind in ipairs({ "roles", "nodes", "tools", "config" }) do
    if root:kind(kind) == "directory" then
      return true
    end
  end
  return false
end

-- ---- a patch ----

local function patched(file, base)
  if not file.to then
    return false
  end
  local text = file.from and base(file.from) or not file.from and ""
  if not text then
    return usage("the patch changes " .. file.from .. ", which is not there")
  end
  return patch.apply(text, file)
end

local function take(overlay, path, text, file, project)
  if path == ORGANIZATION and text then
    return take_organization_text(overlay, text, project)
  elseif named_place(path) == path then
    overlay.texts[path] = text or embed.read(path) or false
  else
    overlay.ignored[#overlay.ignored + 1] = path
  end
  if file.from and file.to and file.from ~= file.to and named_place(file.from) == file.from then
    overlay.texts[file.from] = embed.read(file.from) or false -- it was renamed
  end
  return true
end

local function from_patch(text, overlay, project)
  local function base(of)
    return project.texts[of] or of == ORGANIZATION and project.root:read(of) or nil
  end
  local files, err = patch.read(text)
  for _, file in ipairs(files or {}) do
    local changed
    changed, err = patched(file, base)
    local ok = changed ~= nil
    if ok then
      ok, err = take(overlay, file.to or file.from, changed, file, project)
    end
    if not ok then
      return nil, err
    end
  end
  return files and overlay, err
end

-- ---- all of it ----

local function from_file(root, path, overlay, project)
  local name = path:match("([^/]+)$")
  local text, err = errors.check(root:read(name))
  if not text then
    return nil, err
  elseif name == "organization.json" then
    return take_organization(overlay, root, name, project)
  elseif name:find("%.lua$") then
    return add(overlay, path, text, project.texts)
  end
  return from_patch(text, overlay, project)
end

local function open(path)
  local root, err = errors.check(fs.root(path))
  if root then
    return root, "directory"
  end
  local above = path:match("^(.*)/[^/]*$") or "."
  root = fs.root(above == "" and "/" or above)
  local kind, why = nil, err
  if root then
    kind, why = errors.check(root:kind(path:match("([^/]+)$") or ""))
  end
  return kind and root, kind or why
end

-- Nothing there, or something that is no file of its own: a pipe, a link that leads elsewhere.
local function unopened(path, why)
  if why and why.code ~= "ERR_NOT_FOUND" then
    return usage(path .. " cannot be read: " .. why.message, "name the file or the directory itself")
  end
  return usage("there is nothing at " .. path)
end

-- In the place of a script that is gone the shipped one of its path serves.
local function take_away(overlay, without, project)
  for path in without:gmatch("[^,]+") do
    if project.root:kind(path) ~= "file" then
      return usage("the project has no " .. path .. " of its own", "orket script list")
    elseif named_place(path) == path then
      overlay.texts[path] = embed.read(path) or false
    else
      overlay.ignored[#overlay.ignored + 1] = path
    end
  end
  return overlay
end

---Reads what is to be judged.
---@param project table opened
---@param path string
---@param without string|nil paths of the project's own scripts that are gone, with commas between
---@return Overlay|nil
---@return Error|nil
function M.read(project, path, without)
  local overlay, fault = take_away({ texts = {}, ignored = {} }, without or "", project)
  if not overlay then
    return nil, fault
  end
  path = #path > 1 and path:gsub("/+$", "") or path
  local root <close>, kind = open(path)
  if not root then
    return unopened(path, kind)
  end
  local ok, err
  if kind ~= "directory" then
    ok, err = from_file(root, path, overlay, { texts = scripts.texts(project.root), root = project.root })
  elseif is_project(root) then
    ok, err = from_project(root, overlay, project)
  else
    ok, err = from_directory(root, path, overlay, scripts.texts(project.root))
  end
  if ok and not next(overlay.texts) and not overlay.process then
    return usage("nothing at " .. path .. " decides anything"
      .. (overlay.ignored[1] and ": " .. table.concat(overlay.ignored, ", ") or ""))
  end
  return ok and overlay, err
end

---The texts of a generation with what is changed over them.
---@param texts table<string, string>
---@param overlay Overlay
---@return table<string, string> texts
---@return string[] changed paths
function M.over(texts, overlay)
  local over, changed = {}, {}
  for path, text in pairs(texts) do
    over[path] = text
  end
  for _, path in ipairs(tables.keys(overlay.texts)) do
    local text = overlay.texts[path] or nil
    changed[#changed + 1] = over[path] ~= text and path or nil
    over[path] = text
  end
  return over, changed
end

return M
