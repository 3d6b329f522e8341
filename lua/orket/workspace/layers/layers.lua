-- layers.lua: the read-only layers beneath the trees of cards, each made once and shared by all cards that
-- start from it:
--
--   .orket/bases/NAME/files        the files of a seed, or what a start changes of the layer below it
--   .orket/bases/NAME/layer.json   what that is, and by which it is found whole
--
-- A base has the name of its tree's hash. A card whose start differs from every layer by many paths (it
-- depends on many cards) gets another layer over the nearest one, which those that come after it share: a chain
-- of cards costs by its length. No jail shows .orket, and nothing writes to a layer that has its name; the
-- blobs of the journal are the truth, and a layer that is not whole is made anew from them. orket gc removes
-- what no open epic needs.

local async = require("orket.async")
local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local hold = require("orket.workspace.hold")
local manifest = require("orket.workspace.manifest")
local tables = require("orket.util.tables")
local tree_files = require("orket.workspace.tree_files")

local M = {}

M.PLACE = ".orket/bases"

local FEW = 64 -- paths of a start that each card has in its own changes
local DEPTH_MAX = 16 -- layers of one tree
local KNOWN_MAX = 16 -- stacks of an epic that are looked at for one that is near
local MAKING = "making-" -- before the name of one that is not whole yet

---@class Layers what one tree lies on
---@field names string[] the upper one first
---@field over table<string, string|false> what they differ by from the seed
---@field seed table<string, string>

-- ---- whether the kernel can ----

local function try(project)
  local above = M.PLACE .. "/" .. MAKING .. "trial"
  for _, name in ipairs({ "below", "home/changes", "home/work" }) do
    local root <close>, message, code, fix = project.root:beneath(above .. "/" .. name, { create = true })
    if not root then
      return errors.check(nil, message, code, fix)
    end
  end
  local root <close>, message, code, fix = project.root:union({ home = above .. "/home",
    below = { above .. "/below" }, place = above })
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
    project.root:remove(M.PLACE .. "/" .. MAKING .. "trial")
  end
  return project.unions
end

-- ---- one layer ----

local function directory(name)
  return M.PLACE .. "/" .. name .. "/files"
end

local function read_about(project, name)
  local text = project.root:read(M.PLACE .. "/" .. name .. "/layer.json", 64 * 1024 * 1024)
  local ok, about = pcall(cjson.decode, text or "")
  return ok and type(about) == "table" and about or nil
end

-- What it is, when it is there, no file of it came, went or changed since it was made, and all that it lies
-- on is there as well; looked at once in a process.
local function whole(project, name)
  local known = project.layers.whole
  if known[name] then
    return known[name]
  end
  local about = read_about(project, name)
  local files <close> = about and project.root:beneath(directory(name))
  local count, newest
  if files then
    count, newest = files:census()
  end
  local ok = count ~= nil and about.files == count and about.newest == tostring(newest)
  for _, below in ipairs(ok and about.below or {}) do
    ok = ok and whole(project, below) ~= nil
  end
  known[name] = ok and about or nil
  return known[name]
end

local function hide_all(root, paths)
  for _, path in ipairs(paths) do
    local ok, err = disk.hide(root, path)
    if not ok then
      return nil, err
    end
  end
  return true
end

-- Lays out what it has, {path = blob or false}, and says what that is.
local function fill(project, store, name, about, options)
  local root <close>, err = errors.check(project.root:beneath(directory(name), { create = true }))
  if not root then
    return nil, err
  end
  local files, gone = {}, {}
  for path, blob in pairs(options.changes) do
    files[path] = blob or nil
    gone[#gone + 1] = not blob and path or nil
  end
  local ok
  ok, err = disk.materialise(store, root, files, { new = true, made = options.made,
    executable = options.executable })
  if ok then
    ok, err = hide_all(root, gone)
  end
  local count, newest
  if ok then
    count, newest = errors.check(root:census())
  end
  if not count then
    return nil, err or newest
  end
  about.files, about.newest = count, tostring(newest) -- too many digits for a number of JSON
  return errors.check(project.root:write(M.PLACE .. "/" .. name .. "/layer.json", cjson.encode(about)))
end

-- A crash before the last step leaves a directory that has no layer's name, and is removed here.
local function make(project, store, name, about, options)
  local root <close>, err = errors.check(project.root:beneath(M.PLACE, { create = true }))
  if not root then
    return nil, err
  end
  root:remove(MAKING .. name)
  local ok
  ok, err = fill(project, store, MAKING .. name, about, options)
  if ok then
    root:remove(name) -- it was not whole
    ok, err = errors.check(root:publish(MAKING .. name, name))
  end
  return ok, err
end

-- Makes it when it is not there as a whole; answers what it is.
local function ensure(project, store, name, about, options)
  local held <close>, err = hold.take(project.layers.holds, name)
  if not held then
    return nil, err
  end
  local there = whole(project, name)
  local ok = there
  if not ok then
    ok, err = make(project, store, name, about, options)
    there = about
  end
  project.layers.whole[name] = ok and there or nil
  return ok and there, err
end

-- ---- the layers of an epic ----

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
  for _, entry in ipairs(project.root:list(M.PLACE) or {}) do
    local about = not entry.name:find(MAKING, 1, true) and read_about(project, entry.name)
    if about and about.seed == seed and whole(project, entry.name) then
      found[#found + 1] = { name = entry.name, about = about }
    end
  end
  table.sort(found, function(a, b)
    return math.tointeger(a.about.newest) > math.tointeger(b.about.newest)
  end)
  return table.move(found, 1, KNOWN_MAX, 1, {})
end

-- A layer and all below it as one.
local function stack_of(project, name, seed)
  local about, over = whole(project, name), {}
  local names = table.move(about.below, 1, #about.below, 2, { name })
  for i = #names, 1, -1 do
    for path, blob in pairs(whole(project, names[i]).changes) do
      over[path] = blob
    end
  end
  return { names = names, over = over, seed = seed }
end

local function of_epic(project, epic, seed)
  local known = project.layers.epics[epic]
  if not known then
    known = { seed = tree_files.hash(seed), stacks = {} }
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
  local name = next(over) and tree_files.hash(all) or known.seed
  local made, err = ensure(project, store, name, { seed = known.seed, below = {}, changes = over }, {
    changes = all, made = options.made, executable = options.executable,
  })
  return made and stack_of(project, name, seed), err
end

local function another(project, store, known, below, start, options)
  local name, changes = name_of(known.seed, start), difference(below, start)
  local made, err = ensure(project, store, name, { seed = known.seed, below = below.names, changes = changes }, {
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
  local base, err = base_among(known.stacks), nil
  if not base then
    base, err = base_of(project, store, known, seed, start, options)
    if not base then
      return nil, err
    end
    remember(known, base)
  end
  local stack, far = nearest(known.stacks, start)
  if far <= FEW then
    return stack
  elseif #stack.names >= DEPTH_MAX then
    stack = base
  end
  stack, err = another(project, store, known, stack, start, options)
  return stack and remember(known, stack), err
end

---The layers beneath the tree of a card; false when it is a plain directory: it is small, or the kernel shows
---no layers as one directory.
---@param project table
---@param store table
---@param epic string
---@param seed table<string, string>
---@param start table<string, string|false> what the card's start differs by from the seed; stays as it is
---@param options {made: table<string, string>?, executable: string[]?}
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
  project.layers = project.layers or { holds = hold.new(), whole = {}, epics = {} }
  local held <close>, canceled = hold.take(project.layers.holds, "epic " .. epic)
  if not held then
    return nil, canceled
  end
  return find(project, store, of_epic(project, epic, seed), seed, start, options)
end

---The directories of layers, beneath the project.
---@param stack Layers
---@return string[]
function M.directories(stack)
  local paths = {}
  for i, name in ipairs(stack.names) do
    paths[i] = directory(name)
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

---All that lie on the disk, with those that are not whole.
---@param project table
---@return {path: string, seed: string|nil}[] seed: the hash of the seed for which it was made
function M.list(project)
  local found = {}
  for i, entry in ipairs(project.root:list(M.PLACE) or {}) do
    local about = read_about(project, entry.name)
    local is_making = entry.name:sub(1, #MAKING) == MAKING
    found[i] = { path = M.PLACE .. "/" .. entry.name, seed = not is_making and about and about.seed or nil }
  end
  return found
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
