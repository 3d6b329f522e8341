-- asides.lua: files of people that were kept aside (workspace/aside.lua) longer ago than is asked for.

local aside = require("orket.workspace.aside")

local M = {}

local function directories(root, path)
  local names = {}
  for _, entry in ipairs(root:list(path) or {}) do
    names[#names + 1] = entry.type == "directory" and path .. "/" .. entry.name or nil
  end
  return names
end

local function measured(root, path)
  local found = { path = path, files = 0, bytes = 0 }
  local place <close> = root:beneath(path)
  for _, entry in ipairs(place and place:walk() or {}) do
    found.files, found.bytes = found.files + 1, found.bytes + entry.size
  end
  return found
end

---The directories that were kept aside before a moment; the last part of each name is when that was.
---@param project table
---@param before string UTC, RFC 3339
---@return {path: string, files: integer, bytes: integer}[]
function M.find(project, before)
  local root, found = project.root, {}
  for _, epic in ipairs(directories(root, aside.PLACE)) do
    for _, card in ipairs(directories(root, epic)) do
      for _, time in ipairs(directories(root, card)) do
        found[#found + 1] = time:match("[^/]+$") < before and measured(root, time) or nil
      end
    end
  end
  return found
end

---@param project table
---@param found table[] what find() answered
function M.remove(project, found)
  for _, one in ipairs(found) do
    project.root:remove(one.path)
    project.root:delete(one.path:match("^(.*)/")) -- only when it is empty
  end
end

return M
