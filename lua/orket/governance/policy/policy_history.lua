-- policy_history.lua: the generations that served: found by the beginning of their names, compared with one another.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local permission_delta = require("orket.scripts.permission_delta")
local gate_options = require("orket.governance.gate_options")
local tables = require("orket.util.tables")
local recorded = require("orket.scripts.permission_delta.recorded")
local scripts = require("orket.scripts.scripts")

local M = {}

---The generation that a person means.
---@param store table
---@param word string beginning of its name
---@return string|nil id
---@return Error|nil
function M.find(store, word)
  local found
  for _, row in ipairs(store:read("servings", {})) do
    if #word >= 4 and row.generation:sub(1, #word) == word then
      if found and found ~= row.generation then
        return nil, errors.new("ERR_USAGE", "several generations begin with " .. word, "write more of the name")
      end
      found = row.generation
    end
  end
  if not found then
    return nil, errors.new("ERR_NOT_FOUND", "no generation " .. word .. " served or waited",
      "orket log --json has them: scripts.loaded, scripts.waiting")
  end
  return found
end

---Blobs by path.
---@param store table
---@param id string
---@return table<string, string>
function M.files(store, id)
  local row = store:read("generation", { id = id })[1]
  return row and row.files or {}
end

---The last generation that served before this one and is another in what `differs` looks at.
---@param store table
---@param id string
---@param differs fun(files: table<string, string>, before: table<string, string>): boolean
---@return string|nil
function M.before(store, id, differs)
  local rows, files, seen = store:read("servings", {}), M.files(store, id), false
  for i = #rows, 1, -1 do
    local row = rows[i]
    seen = seen or row.kind == "loaded" and row.generation == id
    if seen and row.kind == "loaded" and row.generation ~= id and differs(files, M.files(store, row.generation)) then
      return row.generation
    end
  end
end

-- ---- two of them ----

local function lines_of(text)
  local lines = {}
  for line in ((text or ""):gsub("\n?$", "\n", text and 1 or 0)):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function changed_files(store, from, to)
  local was, now, changed = M.files(store, from), M.files(store, to), setmetatable({}, cjson.array_mt)
  local all = {}
  for _, files in ipairs({ was, now }) do
    for path in pairs(files) do
      all[path] = true
    end
  end
  for _, path in ipairs(tables.keys(all)) do
    if was[path] ~= now[path] then
      local a, b = lines_of(was[path] and store:blob(was[path])), lines_of(now[path] and store:blob(now[path]))
      changed[#changed + 1] = { path = path, was = was[path], now = now[path], diff = table.concat(diff.hunks(a, b), "\n") }
    end
  end
  return changed
end

-- What is not possible any more is what would become possible on the way back.
local function reversed(rows)
  local turned = setmetatable({}, cjson.array_mt)
  for _, row in ipairs(rows) do
    if row.tool then
      turned[#turned + 1] = {
        role = row.role, status = row.status, tool = row.tool, arguments = row.arguments, was = row.now, now = row.was,
        why = row.rule or row.why:gsub(" does not object any more$", " objects"),
      }
    end
  end
  return turned
end

---@param store table
---@param config table of the project
---@param from string
---@param to string
---@return {from: string, to: string, changed: table[], wider: table[], narrower: table[]}
function M.compare(store, config, from, to)
  local rules = gate_options.of(config.organization.process_rules)
  local a, b = scripts.recorded(store, from, rules), scripts.recorded(store, to, rules)
  local calls = a and b and recorded.calls(store)
  return {
    from = from, to = to, changed = changed_files(store, from, to),
    wider = setmetatable(calls and permission_delta.rows(a, b, { config = config, recorded = calls }) or {}, cjson.array_mt),
    narrower = reversed(calls and permission_delta.rows(b, a, { config = config, recorded = calls }) or {}),
  }
end

return M
