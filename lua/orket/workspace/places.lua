-- places.lua: where trees lie, below the project.

local errors = require("orket.errors")

local M = {}

---A directory name for an id: ids are free text, names are not.
---@param id string
---@return string
function M.name(id)
  if id:find("^[%w_-][%w._-]*$") then -- nearly every one is a name already
    return id
  end
  local name = id:gsub("[^%w._-]", function(c)
    return string.format("%%%02x", c:byte())
  end)
  return (name:gsub("^%.", "%%2e"))
end

---Where the epic's tree is, below the project.
---@param epic string
---@return string
function M.epic(epic)
  return "workspace/" .. M.name(epic) .. "/tree"
end

---Where the trees of an epic's cards are, below the project.
---@param epic string
---@return string
function M.cards(epic)
  return "workspace/" .. M.name(epic) .. "/cards"
end

---Where the changes of its cards lie over layers (workspace/layers/upper.lua), below the project.
---@param epic string
---@return string
function M.layers(epic)
  return "workspace/" .. M.name(epic) .. "/layers"
end

---A directory of an epic that is used again and again: one descriptor until it is forgotten.
---@param project table
---@param path string
---@return any root
---@return Error|nil
function M.cached_root(project, path)
  project.kept_roots = project.kept_roots or {}
  local root, err = project.kept_roots[path], nil
  if not root then
    root, err = errors.check(project.root:beneath(path, { create = true }))
    project.kept_roots[path] = root
  end
  return root, err
end

---Closes a kept directory: it was removed, or its epic's run is over. The next use opens it again.
---@param project table
---@param path string
function M.forget(project, path)
  local root = (project.kept_roots or {})[path]
  if root then
    root:close()
    project.kept_roots[path] = nil
  end
end

return M
