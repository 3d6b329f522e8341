-- policy_history.lua: the generations that served: found by the beginning of their names, compared with one
-- another.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local policy_delta = require("orket.scripts.permission_delta.policy_delta")
local permission_delta = require("orket.scripts.permission_delta")
local gate_options = require("orket.governance.gate_options")
local tables = require("orket.util.tables")
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
        return nil, errors.new("ERR_USAGE", "several generations begin with " .. word,
          "write more of the name")
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
    if seen and row.kind == "loaded" and row.generation ~= id
      and differs(files, M.files(store, row.generation)) then
      return row.generation
    end
  end
end

local function changed_scripts(was, now)
  local changed, all = setmetatable({}, cjson.array_mt), {}
  for _, files in ipairs({ was, now }) do
    for path in pairs(files) do
      all[path] = was[path] ~= now[path] or nil
    end
  end
  for i, path in ipairs(tables.keys(all)) do
    changed[i] = { path = path, policy = scripts.is_policy(path), was = was[path], now = now[path] }
  end
  return changed
end

---What served, waited and was accepted, the newest first; of what served also which scripts (by their blobs)
---are others than in what served before.
---@param store table
---@return {seq: integer, kind: string, generation: string, against: string?, actor: string, at: string,
---  changed: table[]?}[]
function M.list(store)
  local list, before = {}, nil
  for _, row in ipairs(store:read("servings", {})) do
    if row.kind == "loaded" then
      local files = M.files(store, row.generation)
      row.changed = changed_scripts(before or files, files)
      before = files
    end
    table.insert(list, 1, row)
  end
  return list
end

-- ---- two of them ----

local function lines_of(text)
  local lines = {}
  for line in ((text or ""):gsub("\n?$", "\n", text and 1 or 0)):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

---The files in which two generations differ, each with a whole unified diff.
---@param was table<string, string> by path: texts, or what `text_of` makes one of
---@param now table<string, string>
---@param text_of fun(value: string): string
---@return {path: string, was: string?, now: string?, diff: string}[]
function M.changed(was, now, text_of)
  local changed, all = setmetatable({}, cjson.array_mt), {}
  for _, files in ipairs({ was, now }) do
    for path in pairs(files) do
      all[path] = true
    end
  end
  for _, path in ipairs(tables.keys(all)) do
    if was[path] ~= now[path] then
      local a, b = lines_of(was[path] and text_of(was[path])), lines_of(now[path] and text_of(now[path]))
      changed[#changed + 1] = { path = path, was = was[path], now = now[path],
        diff = table.concat(diff.hunks(a, b), "\n") }
    end
  end
  return changed
end

local function changed_files(store, from, to)
  return M.changed(M.files(store, from), M.files(store, to), function(blob)
    return store:blob(blob)
  end)
end

local TURNED = { -- why of a policy, the other way round
  [policy_delta.GONE] = "it is new, and can only forbid more",
  [policy_delta.CHANGED] = "its text changed, so that it may forbid more",
}

-- What is not possible any more is what would become possible on the way back.
local function reversed(rows)
  local turned = setmetatable({}, cjson.array_mt)
  for _, row in ipairs(rows) do
    if row.tool then
      turned[#turned + 1] = {
        role = row.role, status = row.status, tool = row.tool, arguments = row.arguments,
        was = row.now, now = row.was, why = row.rule or row.why,
      }
    elseif TURNED[row.why] then
      turned[#turned + 1] = { policy = row.policy, was = row.now, now = row.was, why = TURNED[row.why] }
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
  return {
    from = from, to = to, changed = changed_files(store, from, to),
    wider = setmetatable(a and b and permission_delta.rows(a, b, config) or {}, cjson.array_mt),
    narrower = reversed(a and b and permission_delta.rows(b, a, config) or {}),
  }
end

return M
