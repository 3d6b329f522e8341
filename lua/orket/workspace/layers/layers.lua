-- layers.lua: the read-only layers beneath the trees of cards, each made once
-- (workspace/layers/layer_files.lua) and shared by all cards that start from it.
--
-- A base has the name of its tree's hash. A card whose start differs from every layer by many paths (it
-- depends on many cards) gets another layer over the nearest one, which those that come after it share: a
-- chain of cards costs by its length. orket gc removes those from which no open epic starts.

local errors = require("orket.errors")
local hash = require("orket.core.hash")
local hold = require("orket.workspace.hold")
local layer_files = require("orket.workspace.layers.layer_files")
local manifest = require("orket.workspace.manifest")
local tables = require("orket.util.tables")
local tree_files = require("orket.workspace.tree_files")

local M = {}

local FEW = 64 -- paths of a start that each card has in its own changes
local DEPTH_MAX = 16 -- layers of one tree
local TRIAL = layer_files.PLACE .. "/" .. layer_files.MAKING .. "trial"
local KNOWN_MAX = 16 -- stacks of an epic that are looked at for one that is near

---@class Layers what one tree lies on
---@field names string[] the upper one first
---@field over table<string, string|false> what they differ by from the seed
---@field seed table<string, string>

-- ---- whether the kernel can ----

local function try(project)
  for _, name in ipairs({ "below", "home/changes", "home/work" }) do
    local root <close>, message, code, fix = project.root:beneath(TRIAL .. "/" .. name, { create = true })
    if not root then
      return errors.check(nil, message, code, fix)
    end
  end
  local root <close>, message, code, fix = project.root:union({ home = TRIAL .. "/home",
    below = { TRIAL .. "/below" }, place = TRIAL })
  if not root and code ~= "ERR_LIBRARY" then
    return errors.check(nil, message, code, fix)
  end
  return { can = root ~= nil }
end

---Whether the kernel shows layers as one directory to this user; tried once in a process.
---@param project table
---@return boolean|nil
---@return Error|nil
function M.are_possible(project)
  if project.unions == nil then
    local tried, err = try(project)
    if not tried then
      return nil, err
    end
    project.unions = tried.can
    project.root:remove(TRIAL)
  end
  return project.unions
end

-- ---- the layers of an epic ----

---The name of the base with all files of a seed: its tree's hash, and which of them may be executed.
---@param seed table<string, string>
---@param executable string[]
---@return string
function M.name_of_seed(seed, executable)
  local name = tree_files.hash(manifest.over(seed))
  return #executable > 0 and hash.parts({ name, table.unpack(executable) }) or name
end

local function name_of(seed, over)
  local parts = { seed }
  for _, path in ipairs(tables.keys(over)) do
    parts[#parts + 1] = path
    parts[#parts + 1] = over[path] or ""
  end
  return #parts == 1 and seed or hash.parts(parts)
end

-- The layers on the disk that were made for a seed, the newer ones.
local function made_before(project, seed)
  local found = {}
  for _, one in ipairs(layer_files.list(project)) do
    local about = one.seed == seed and layer_files.whole(project, one.name)
    if about then
      found[#found + 1] = { name = one.name, newest = math.tointeger(about.newest) }
    end
  end
  table.sort(found, function(a, b)
    return a.newest > b.newest
  end)
  return table.move(found, 1, KNOWN_MAX, 1, {})
end

-- A layer and all below it as one.
local function stack_of(project, name, seed)
  local about, over = layer_files.whole(project, name), {}
  local names = table.move(about.below, 1, #about.below, 2, { name })
  for i = #names, 1, -1 do
    for path, blob in pairs(layer_files.whole(project, names[i]).changes) do
      over[path] = blob
    end
  end
  return { names = names, over = over, seed = seed }
end

-- The seed may have changed since (orket update): then its table is another one.
local function of_epic(project, epic, seed, executable)
  local known = project.layers.epics[epic]
  if not known or known.files ~= seed then
    known = { files = seed, seed = M.name_of_seed(seed, executable), stacks = {} }
    for i, found in ipairs(made_before(project, known.seed)) do
      known.stacks[i] = stack_of(project, found.name, seed)
    end
    project.layers.epics[epic] = known
  end
  return known
end

-- How many paths a start has otherwise than the stack; no more than `most` are counted.
local function distance(stack, start, most)
  local count = 0
  for path, blob in pairs(start) do
    local there = stack.over[path]
    if there == nil then
      there = stack.seed[path] or false
    end
    count = count + (there ~= blob and 1 or 0)
    if count > most then
      return count
    end
  end
  for path, blob in pairs(stack.over) do
    count = count + (start[path] == nil and blob ~= (stack.seed[path] or false) and 1 or 0)
    if count > most then
      return count
    end
  end
  return count
end

local function nearest(stacks, start)
  local best, least = nil, math.maxinteger
  for _, stack in ipairs(stacks) do
    local far = distance(stack, start, least - 1)
    if far < least then
      best, least = stack, far
    end
  end
  return best, least
end

-- What a new layer has over the stack: {path = blob or false}.
local function difference(stack, start)
  local changes = {}
  for path, blob in pairs(start) do
    local there = stack.over[path]
    if there == nil then
      there = stack.seed[path] or false
    end
    if there ~= blob then
      changes[path] = blob
    end
  end
  for path in pairs(stack.over) do
    if start[path] == nil then
      changes[path] = stack.seed[path] or false
    end
  end
  return changes
end

local function together(seed, start)
  local files = manifest.over(seed)
  for path, blob in pairs(start) do
    files[path] = blob or nil
  end
  return files
end

-- One that lies on nothing: the seed's files when there are many, else those of the start.
local function base_of(project, store, known, seed, start, options)
  local over = manifest.is_large(seed) and {} or start
  local all = together(seed, over)
  local name = next(over) and M.name_of_seed(all, options.executable) or known.seed
  local about = { seed = known.seed, below = {}, changes = over }
  local made, err = layer_files.ensure(project, store, name, about, {
    changes = all, made = options.made, executable = options.executable,
  })
  return made and stack_of(project, name, seed), err
end

local function another(project, store, known, below, start, options)
  local name, changes = name_of(known.seed, start), difference(below, start)
  local about = { seed = known.seed, below = below.names, changes = changes }
  local made, err = layer_files.ensure(project, store, name, about, {
    changes = changes, made = options.made, executable = options.executable,
  })
  return made and stack_of(project, name, below.seed), err
end

local function base_among(stacks)
  for _, stack in ipairs(stacks) do
    if #stack.names == 1 then
      return stack
    end
  end
end

-- The oldest that is no base makes room.
local function remember(known, stack)
  table.insert(known.stacks, stack)
  for i, other in ipairs(#known.stacks > KNOWN_MAX and known.stacks or {}) do
    if #other.names > 1 then
      table.remove(known.stacks, i)
      break
    end
  end
  return stack
end

local function find(project, store, known, seed, start, options)
  local base = base_among(known.stacks)
  if not base then
    local made, err = base_of(project, store, known, seed, start, options)
    if not made then
      return nil, err
    end
    base = remember(known, made)
  end
  local stack, far = nearest(known.stacks, start)
  if far <= FEW then
    return stack
  elseif #stack.names >= DEPTH_MAX then
    stack = base
  end
  local over, err = another(project, store, known, stack, start, options)
  return over and remember(known, over), err
end

---The layers beneath the tree of a card; false when it is a plain directory: it is small, or the kernel shows
---no layers as one directory.
---@param project table
---@param store table
---@param epic string
---@param seed table<string, string>
---@param start table<string, string|false> what the card's start differs by from the seed; stays as it is
---@param options {made: table<string, string>, executable: string[]}
---@return Layers|false|nil
---@return Error|nil
function M.of(project, store, epic, seed, start, options)
  if not manifest.is_large(seed) and not manifest.is_large(together(seed, start)) then
    return false
  end
  local possible, err = M.are_possible(project)
  if not possible then
    return possible, err
  end
  project.layers = project.layers or { holds = hold.new(), epics = {} }
  local held <close>, canceled = hold.take(project.layers.holds, "epic " .. epic)
  if not held then
    return nil, canceled
  end
  return find(project, store, of_epic(project, epic, seed, options.executable), seed, start, options)
end

---The directories of layers, beneath the project.
---@param stack Layers
---@return string[]
function M.directories(stack)
  local paths = {}
  for i, name in ipairs(stack.names) do
    paths[i] = layer_files.directory(name)
  end
  return paths
end

---What layers have at a path.
---@param stack Layers
---@param path string
---@return string|nil blob
function M.blob(stack, path)
  local blob = stack.over[path]
  if blob == nil then
    return stack.seed[path]
  end
  return blob or nil
end

---Its epic's run is over: what is known of its layers is found again.
---@param project table
---@param epic string
function M.forget(project, epic)
  if project.layers then
    project.layers.epics[epic] = nil
  end
end

return M
