-- status.lua: which policies serve: with which text, since when, whether their self-test passed; which files
-- do not serve and why; what waits to be accepted.

local cjson = require("cjson")
local code = require("orket.project.config.code")
local config = require("orket.project.config")
local embed = require("orket.core.embed")
local fs = require("orket.core.fs")
local gate_options = require("orket.governance.gate_options")
local tables = require("orket.util.tables")
local scripts = require("orket.scripts.scripts")
local waits = require("orket.scripts.serving.waits")

local M = {}

local function array(items)
  return setmetatable(items, cjson.array_mt)
end

local function files_of(store, id)
  local row = store:read("generation", { id = id })[1]
  return row and row.files or {}
end

-- The time from when on all that served had this, without a break.
local function since(store, served, same)
  local at
  for i = #served, 1, -1 do
    local row = served[i]
    if row.kind == "loaded" then
      if not same(files_of(store, row.generation), row) then
        break
      end
      at = row.at
    end
  end
  return at
end

local function serving(store, served)
  local now = store:read("serving", {})[1]
  return now and {
    generation = now.generation,
    since = since(store, served, function(_, row) return row.generation == now.generation end),
  }
end

local function self_test(entry)
  return type(entry.about.self_test) == "table" and "passed" or "none"
end

local function is_asked(path, chosen)
  return scripts.is_policy(path) or path == "nodes/" .. chosen .. ".lua"
end

-- How the file of a policy compares with the text that serves; `files` is nil before anything served.
local function file_of(entry, text, serves)
  if not entry then
    return "gone"
  elseif not serves then
    return "new"
  end
  return entry.text == text and "serves" or "changed"
end

local function policy_of(store, served, files, path, entry)
  local text = files and files[path] and store:blob(files[path]) or entry.text
  local function is_same(before)
    return before[path] == files[path]
  end
  return {
    path = path, hash = files and files[path] or nil, shipped = text == embed.read(path),
    since = files and files[path] and since(store, served, is_same) or nil,
    file = file_of(entry, text, not files or files[path]),
    self_test = entry and entry.text == text and self_test(entry) or nil,
  }
end

-- The policies of what serves and those of the files; before anything served, the latter alone.
local function policies(store, served, generation, built, chosen, waiting)
  local files, found, paths = generation and files_of(store, generation), array({}), {}
  for _, map in ipairs({ files or {}, built.files }) do
    for path in pairs(map) do
      paths[path] = is_asked(path, chosen) or nil
    end
  end
  for _, path in ipairs(tables.keys(paths)) do
    local one = policy_of(store, served, files, path, built.files[path])
    one.waits = waiting ~= nil and tables.has(waiting.files, path)
    found[#found + 1] = one
  end
  return found
end

local function waiting_of(store, dir)
  local row = waits.of(store, dir)
  return row and {
    generation = row.generation, against = row.against, at = row.at, delta = array(row.delta),
    files = array(row.files),
  }
end

-- Of policies alone: what is wrong with other scripts is said by orket validate.
local function problems(root, rules, chosen)
  local found = array({})
  for _, one in ipairs(code.problems(root, rules)) do
    if not one.warning and (is_asked(one.file, chosen) or one.file == "nodes"
      or one.file == scripts.POLICIES) then
      found[#found + 1] = { path = one.file, line = one.line, message = one.message, fix = one.fix }
    end
  end
  return found
end

---@param store table
---@param dir string
---@return table|nil {serving?, policies[], problems[], waiting?}  a
---  policy: {path, hash?, since?, shipped, self_test?,
---file: serves, new, changed or gone, waits: that is so until the waiting scripts are accepted}
---@return Error|Error[]|nil
function M.of(store, dir)
  local project, err = config.load(dir)
  if not project then
    return nil, err
  end
  local root <close> = fs.root(dir)
  local rules = gate_options.of(project.organization.process_rules)
  local chosen = project.organization.process_rules.policy_node or "policy"
  local built = scripts.build(scripts.texts(root), rules) or { files = {} }
  local served = store:read("servings", {})
  local now, waiting = serving(store, served), waiting_of(store, dir)
  return {
    serving = now, policies = policies(store, served, now and now.generation, built, chosen, waiting),
    problems = problems(root, rules, chosen), waiting = waiting,
  }
end

return M
