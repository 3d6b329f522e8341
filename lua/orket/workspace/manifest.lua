-- manifest.lua: maps by path (of blobs, of labels) that lie over another one: what is set or removed in the
-- upper one leaves the lower one as it is, and costs by what is changed, not by how many paths there are.
-- They are read, set and traversed with pairs() like any table. The lower one must not change any more.

local tables = require("orket.util.tables")

local M = {}

local LARGE = 256 -- files; fewer are plain directories, which a person looks into

local sorted_of = setmetatable({}, { __mode = "k" }) -- paths of lower maps, which do not change

-- Its own paths, then those of the lower map that it says nothing of.
local function traverse(map)
  local meta = getmetatable(map)
  local below, key, value
  local step, state, at = pairs(meta.below)
  return function()
    while not below do
      key, value = next(meta.own, key)
      if key == nil then
        below = true
      elseif value then
        return key, value
      end
    end
    repeat
      at, value = step(state, at)
    until at == nil or meta.own[at] == nil
    return at, value
  end
end

---A map over another one.
---@generic T
---@param below table<string, T>|nil
---@return table<string, T>
function M.over(below)
  local own = {}
  below = below or {}
  return setmetatable({}, {
    own = own, below = below, __pairs = traverse,
    __index = function(_, path)
      local value = own[path]
      if value == nil then
        return below[path]
      end
      return value or nil
    end,
    __newindex = function(_, path, value)
      if value == nil then
        value = false
      end
      own[path] = value
    end,
  })
end

---What the map says of its own: false for what it removed.
---@generic T
---@param map table<string, T> of over()
---@return table<string, T|false>
function M.own(map)
  return getmetatable(map).own
end

local function sorted_below(map)
  local meta = getmetatable(map)
  local below = meta and meta.below or map
  local paths = sorted_of[below]
  if not paths then
    paths = tables.keys(below)
    sorted_of[below] = meta and paths or nil
  end
  return paths, meta and meta.own or {}
end

---The paths of a map, sorted.
---@param map table<string, any>
---@return string[]
function M.paths(map)
  local below, own = sorted_below(map)
  if next(own) == nil then
    return below
  end
  local paths, added, n = {}, {}, 1
  for path, value in pairs(own) do
    added[#added + 1] = value and path or nil
  end
  table.sort(added)
  for _, path in ipairs(below) do
    while added[n] and added[n] < path do
      paths[#paths + 1], n = added[n], n + 1
    end
    if own[path] == nil then
      paths[#paths + 1] = path
    end
  end
  return table.move(added, n, #added, #paths + 1, paths)
end

---Whether there are so many files that they are laid out once, and shared (workspace/layers/layers.lua).
---@param files table<string, any>
---@return boolean
function M.is_large(files)
  local count = 0
  for _ in pairs(files) do
    count = count + 1
    if count >= LARGE then
      return true
    end
  end
  return false
end

-- The first of sorted paths that is not less.
local function first_from(paths, prefix)
  local low, high = 1, #paths + 1
  while low < high do
    local middle = (low + high) // 2
    if paths[middle] < prefix then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

---The paths of a map that lie beneath a directory, in no order.
---@param map table<string, any>
---@param directory string
---@return string[]
function M.beneath(map, directory)
  local below, own = sorted_below(map)
  local prefix, paths = directory .. "/", {}
  local at = first_from(below, prefix)
  while below[at] and below[at]:sub(1, #prefix) == prefix do
    paths[#paths + 1] = own[below[at]] == nil and below[at] or nil
    at = at + 1
  end
  for path, value in pairs(own) do
    paths[#paths + 1] = value and path:sub(1, #prefix) == prefix and path or nil
  end
  return paths
end

return M
