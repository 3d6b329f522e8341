-- call_paths.lua: paths of calls as models write them (`/src/a`, `src\a`, `C:\src\a`), and what they mean in
-- a card's tree. A path that may mean another place stays one that leaves the tree, which the gate refuses.
-- Pure.

local M = {}

-- Where an absolute path begins that means the machine and not the card's tree.
local MACHINE = {}
local ROOTS = "bin boot dev etc home lib lib32 lib64 media mnt nix opt private proc root run sbin srv sys "
  .. "tmp usr var Users Volumes"
for name in ROOTS:gmatch("%S+") do
  MACHINE[name] = true
end

local function holds(tree, name)
  for path in pairs(tree and tree.files or {}) do
    if path == name or path:sub(1, #name + 1) == name .. "/" then
      return true
    end
  end
  return false
end

local function climbs(path)
  return ("/" .. path .. "/"):find("/../", 1, true) ~= nil
end

---Is a path written otherwise than the gate takes it?
---@param path any
---@return boolean
function M.is_odd(path)
  return type(path) == "string" and (path:find("^/") or path:find("^%a:/") or path:find("\\", 1, true)) ~= nil
end

---The path with its slashes right, beneath the tree where it can mean nothing else: a name alone, or one that
---the tree has.
---@param path string
---@param tree {files: table<string, any>}|nil
---@return string
function M.fitted(path, tree)
  local slashed = path:gsub("\\", "/")
  if slashed:find("^%a:/") then
    return "/" .. slashed
  elseif not slashed:find("^/") or climbs(slashed) then
    return slashed
  end
  local inside = slashed:gsub("^/+", "")
  local first, more = inside:match("^([^/]*)/*(.*)$")
  if first == "" then
    return "."
  elseif more ~= "" and holds(tree, first) or more == "" and not MACHINE[first] then
    return inside
  end
  return slashed
end

---What a path that leaves the tree probably means in it: what is behind its root, from the first name that
---the tree has.
---@param path string
---@param tree {files: table<string, any>}|nil
---@return string|nil
function M.meant(path, tree)
  local inside, drive = path:gsub("\\", "/"):gsub("^/+", ""):gsub("^%a:/+", "")
  if climbs(path) or not (drive > 0 or path:find("^[/\\]")) then
    return nil
  end
  local at = 1
  while at do
    local rest = inside:sub(at)
    if rest ~= "" and holds(tree, rest:match("^[^/]*")) then
      return rest
    end
    at = inside:match("/+()", at)
  end
  local first, rest = inside:match("^([^/]+)/+(.+)$")
  return first and not MACHINE[first] and rest or nil
end

return M
