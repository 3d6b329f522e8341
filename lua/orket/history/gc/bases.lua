-- bases.lua: read-only layers (workspace/layers/layers.lua) that no open epic starts from, and what a killed
-- process did not finish of one. All of it can be made again from the journal.

local disk = require("orket.workspace.disk")
local layer_files = require("orket.workspace.layers.layer_files")
local layers = require("orket.workspace.layers.layers")
local statuses = require("orket.util.statuses")
local tree_files = require("orket.workspace.tree_files")

local M = {}

local FINAL = statuses.FINAL

-- The hashes of the seeds from which open epics start.
local function seeds_in_use(store)
  local used = {}
  for _, card in ipairs(store:read("board", {})) do
    if card.type == "epic" and not FINAL[card.status] and store:read("tree", { tree = card.id })[1] then
      local seed, executable = tree_files.seed_of(store, card.id), tree_files.executable(store, card.id)
      used[layers.name_of_seed(seed, executable)] = true
    end
  end
  return used
end

local function weigh(root, one)
  local files <close> = root:beneath(one.path)
  for _, entry in ipairs(files and files:walk(".", disk.FILES_MAX) or {}) do
    one.files, one.bytes = one.files + 1, one.bytes + entry.size
  end
  return one
end

---@param project table
---@return {path: string, files: integer, bytes: integer}[]
function M.find(project)
  local found, all = {}, layer_files.list(project)
  local used = #all > 0 and seeds_in_use(project.store) or {}
  for _, one in ipairs(all) do
    if not used[one.seed] then
      found[#found + 1] = weigh(project.root, { path = one.path, files = 0, bytes = 0 })
    end
  end
  return found
end

---@param project table
---@param found {path: string}[] what find() answered
function M.remove(project, found)
  for _, one in ipairs(found) do
    project.root:remove(one.path)
  end
  project.root:delete(layer_files.PLACE) -- only when it is empty
end

return M
