-- status.lua: which policies serve: with which text, since when, whether their self-test passed; which files do
-- not serve and why; what waits to be accepted.

local cjson = require("cjson")
local code = require("orket.config.code")
local config = require("orket.config")
local embed = require("orket.core.embed")
local fs = require("orket.core.fs")
local house = require("orket.house")
local list = require("orket.list")
local scripts = require("orket.scripts")
local waits = require("orket.serving.waiting")

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

-- The policies of what serves; before anything did, those of the files.
local function policies(store, served, generation, built, chosen)
  local files, found = generation and files_of(store, generation), array({})
  for _, path in ipairs(list.keys(files or built.files)) do
    if is_asked(path, chosen) then
      local text = files and store:blob(files[path]) or built.files[path].text
      local entry = built.files[path]
      found[#found + 1] = {
        path = path, hash = files and files[path] or nil, shipped = text == embed.read(path),
        since = files and since(store, served, function(before) return before[path] == files[path] end) or nil,
        file = not entry and "gone" or entry.text == text and "serves" or "changed",
        self_test = entry and entry.text == text and self_test(entry) or nil,
      }
    end
  end
  return found
end

local function waiting(store, dir)
  local row = waits.of(store, dir)
  return row and { generation = row.generation, against = row.against, at = row.at, delta = array(row.delta) }
end

-- Of policies alone: what is wrong with other scripts is said by orket validate.
local function problems(root, rules, chosen)
  local found = array({})
  for _, one in ipairs(code.problems(root, rules)) do
    if is_asked(one.file, chosen) or one.file == "nodes" or one.file == scripts.POLICIES then
      found[#found + 1] = { path = one.file, line = one.line, message = one.message, fix = one.fix }
    end
  end
  return found
end

---@param store table
---@param dir string
---@return table|nil {serving?, policies[], problems[], waiting?}
---@return Error|Error[]|nil
function M.of(store, dir)
  local project, err = config.load(dir)
  if not project then
    return nil, err
  end
  local root <close> = fs.root(dir)
  local rules = house.of(project.organization.process_rules)
  local chosen = project.organization.process_rules.policy_node or "policy"
  local built = scripts.build(scripts.texts(root), rules) or { files = {} }
  local served = store:read("servings", {})
  local now = serving(store, served)
  return {
    serving = now, policies = policies(store, served, now and now.generation, built, chosen),
    problems = problems(root, rules, chosen), waiting = waiting(store, dir),
  }
end

return M
