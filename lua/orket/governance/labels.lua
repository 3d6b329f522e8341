-- labels.lua: names that follow what came from outside. A list of labels is sorted, without doubles and never
-- changed; nil is none. Only trusted code makes them, and of what they follow none is ever taken away but by
-- a person (card.trusted). docs/labels.md tells the rest.

local cjson = require("cjson")
local gate = require("orket.core.gate")
local glob = require("orket.core.glob")
local tables = require("orket.util.tables")

local M = {}

M.DEFAULT = "untrusted"

local MOST = 16 -- that one place declares: all there are were written by people, so that there are few
local LONGEST = 32

---@param name any
---@return boolean
function M.is_name(name)
  return type(name) == "string" and #name <= LONGEST and name:find("^[a-z][a-z0-9_-]*$") ~= nil
end

---Both lists as one; the first one itself when the second brings nothing new.
---@param a string[]|nil
---@param b string[]|nil
---@return string[]|nil
function M.union(a, b)
  if not a or not b then
    return a or b
  end
  local all, new = {}, false
  for _, name in ipairs(a) do
    all[name] = true
  end
  for _, name in ipairs(b) do
    new = new or not all[name]
    all[name] = true
  end
  return new and tables.keys(all) or a
end

---The labels of everything in a map of lists.
---@param map table<any, string[]>
---@return string[]|nil
function M.all(map)
  local all
  for _, key in ipairs(tables.keys(map)) do
    all = M.union(all, map[key])
  end
  return all
end

-- ---- what a tool says of its results ----

---Of a tool that declares `untrusted = true`, `labels = {...}`, or both.
---@param about table what the tool's file returned
---@return string[]|nil
function M.of_tool(about)
  local names = {}
  for _, name in ipairs(type(about.labels) == "table" and about.labels or {}) do
    names[name] = true
  end
  names[M.DEFAULT] = about.untrusted == true or nil
  return next(names) and tables.keys(names) or nil
end

---Faults of what a tool declares; nil when there are none.
---@param about table
---@return string|nil fault
---@return string|nil fix
function M.fault(about)
  local names = about.labels
  if about.untrusted ~= nil and type(about.untrusted) ~= "boolean" then
    return "untrusted must be true or false", "untrusted = true: its results come from outside"
  elseif names == nil then
    return nil
  elseif type(names) ~= "table" or #names > MOST or names[1] == nil then
    return "labels must be a list of 1 to " .. MOST .. " names", 'labels = { "web" }'
  end
  for key, name in pairs(names) do
    if math.type(key) ~= "integer" or not M.is_name(name) then
      return "a label is " .. (type(name) == "string" and "'" .. name .. "'" or "no text"),
        "small letters, digits, _ and -, a letter first, at most " .. LONGEST
    end
  end
end

---True when the tool itself reaches beyond the tree: then what it says came from outside only after it has
---asked there.
---@param about table
---@return boolean
function M.asks_outside(about)
  for _, kind in ipairs(about.operations) do
    if gate.effect(kind) == "once" then
      return true
    end
  end
  return false
end

-- ---- what a model is shown of a card ----

local function some(value)
  return value ~= cjson.null and value or nil
end

local function of_dependencies(map)
  local all
  for _, id in ipairs(tables.keys(map)) do
    all = M.union(M.union(all, some(map[id].name)), some(map[id].note))
  end
  return all
end

-- A list in which the items that carry nothing are null.
local function of_items(items)
  local all
  for _, marks in ipairs(items) do
    all = M.union(all, some(marks))
  end
  return all
end

---The labels of a whole view.
---@param found table|nil what of it carries labels: the query `labels`
---@return string[]|nil
function M.of_view(found)
  if not found then
    return nil
  end
  local all
  for _, part in ipairs({ "card", "note", "epic", "verification", "effects" }) do
    local marks = some(found[part])
    all = M.union(all, marks and marks[1] and marks)
  end
  all = M.union(all, of_dependencies(some(found.dependencies) or {}))
  all = M.union(all, M.all(some(found.conflict) or {}))
  return M.union(M.union(all, of_items(some(found.comments) or {})), of_items(found.memory or {}))
end

-- What a person may answer for on the card itself, by what people call it.
local PARTS = { { "text", "card" }, { "note", "note" }, { "log", "verification" }, { "turns", "effects" } }

---What of a card came from outside, for people: its texts, and the files it (or the epic) has changed.
---@param store Store
---@param card string
---@return {what: string, labels: string[]}[]
function M.parts(store, card)
  local row, parts = store:read("labels", { card = card })[1], {}
  local found = row and row.labels
  for _, part in ipairs(found and PARTS or {}) do
    local marks = some(found[part[2]])
    parts[#parts + 1] = marks and marks[1] and { what = part[1], labels = marks } or nil
  end
  local said = found and of_items(some(found.comments) or {})
  parts[#parts + 1] = said and { what = "comments", labels = said } or nil
  for _, file in ipairs(found and store:read("tree_delta", { tree = card }) or {}) do
    parts[#parts + 1] = file.labels and { what = file.path, labels = file.labels } or nil
  end
  return parts
end

---The labels of chosen notes, in their order. The node that chose is a script: what it did not leave as it
---was may have been made of any of them.
---@param chosen any[]
---@param candidates {labels: string[]?}[]
---@return any[] null where a note carries nothing
function M.of_notes(chosen, candidates)
  local known, all = {}, nil
  for _, note in ipairs(candidates) do
    known[cjson.encode(note)] = note.labels or cjson.null
    all = M.union(all, note.labels)
  end
  local marks = setmetatable({}, cjson.array_mt)
  for i, note in ipairs(chosen) do
    marks[i] = known[cjson.encode(note)] or all or cjson.null
  end
  return marks
end

---The labels of a seed's files, as the organization says: `process_rules.labels.files` is a map from patterns
---to lists.
---@param config table|nil
---@return fun(path: string): string[]|nil
function M.of_seed(config)
  local rules = config and (config.organization.process_rules or {}).labels
  local patterns = type(rules) == "table" and rules.files or {}
  return function(path)
    local all
    for _, pattern in ipairs(tables.keys(patterns)) do
      all = M.union(all, glob.match(pattern, path) ~= false and patterns[pattern] or nil)
    end
    return all
  end
end

-- ---- files ----

local function is_beneath(path, directory)
  return directory == "." or path:sub(1, #directory + 1) == directory .. "/"
end

-- The name of a directory is as trusted as the most trusted file in it: somebody made it for that one.
local function of_directory(tree, directory)
  local all
  for path in pairs(tree.files) do
    if is_beneath(path, directory) then
      if not tree.labels[path] then
        return nil
      end
      all = M.union(all, tree.labels[path])
    end
  end
  return all or M.all(tree.labels) -- an empty one the journal does not know
end

-- What the journal does not know was made by a program, of whatever it found.
local function of_file(tree, path)
  return tree.labels[path] or not tree.files[path] and M.all(tree.labels) or nil
end

local function of_list(tree, result)
  local all
  for _, entry in ipairs(result.entries) do
    local path = result.path == "." and entry.name or result.path .. "/" .. entry.name
    all = M.union(all, (entry.type == "directory" and of_directory or of_file)(tree, path))
  end
  return all
end

local function of_matches(tree, result)
  local all
  for _, match in ipairs(result.matches or {}) do
    all = M.union(all, of_file(tree, match.path))
  end
  for _, path in ipairs(result.paths or {}) do
    all = M.union(all, of_file(tree, path))
  end
  return all
end

-- What is ranked or counted was made of every file that was read.
local function of_sources(tree, result)
  local all
  for _, file in ipairs(result.files) do
    all = M.union(all, of_file(tree, file.path))
  end
  return all
end

-- Operations that answer with what is in the tree, on the board, or written in the code here.
local INSIDE = {}
for _, kind in ipairs({
  "fs.read", "fs.attach", "fs.write", "fs.list", "fs.search", "fs.delete", "code.outline", "code.find",
  "card.comment", "card.move", "card.create", "card.context",
  "card.nominate", "card.excuse", "card.credits", "card.refine", "plan.specify", "plan.make",
  "board.read", "board.create", "board.change", "turn.finish", "turn.result",
}) do
  INSIDE[kind] = true
end

-- Also of a map that lies over another one, which next() would take for an empty table.
local function is_empty(map)
  local step, state, at = pairs(map)
  return step(state, at) == nil
end

---What an operation may bring in, before it runs: a program may read any file; of a kind that nobody has
---thought about, all comes from outside. One of effect `once` brings it with its answer (operations.lua).
---@param tree {labels: table<string, string[]>}
---@param kind string
---@return string[]|nil
function M.of_operation(tree, kind)
  if kind == "proc.run" then
    return M.all(tree.labels)
  end
  return not INSIDE[kind] and gate.effect(kind) ~= "once" and { M.DEFAULT } or nil
end

---What somebody has read of a tree, by the operation that read it.
---@param tree {files: table, labels: table<string, string[]>}
---@param kind string
---@param result table of the operation
---@param path string that was read
---@return string[]|nil
function M.of_reading(tree, kind, result, path)
  if is_empty(tree.labels) then
    return nil
  elseif kind == "fs.list" then
    return of_list(tree, result)
  elseif kind == "fs.search" then
    return of_matches(tree, result)
  elseif kind == "code.outline" or kind == "code.find" then
    return of_sources(tree, result)
  elseif kind == "fs.read" or kind == "fs.attach" then
    return of_file(tree, path)
  end
end

return M
