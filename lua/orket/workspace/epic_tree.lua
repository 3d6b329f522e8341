-- epic_tree.lua: an epic's tree made anew: for a fork, and without what some of its cards brought.

local asides = require("orket.workspace.aside")
local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local tree_files = require("orket.workspace.tree_files")
local hash = require("orket.core.hash")
local tree_head = require("orket.workspace.merge.tree_head")
local tables = require("orket.util.tables")
local places = require("orket.workspace.places")
local trees = require("orket.workspace.tree")

local M = {}

-- The epic's directory, with all that its tree holds.
local function lay_out_epic(project, store, epic, seed)
  if not tree_files.are_laid_out(project, store, epic, places.epic(epic), seed) then
    return true
  end
  local manifest = (tree_files.over(store, epic, seed))
  local root, err = places.cached_root(project, places.epic(epic))
  if not root then
    return nil, err
  end
  return disk.materialise(store, root, manifest, {
    aside = asides.of(project, store, epic), executable = project.seeds.executable[epic],
  })
end

---Makes the directories of a fork: its epic's, and those of the cards that have changed something.
---@param project table opened as owner
---@param store table
---@param epic string
---@param cards {id: string}[]
---@return boolean|nil ok
---@return Error|nil
function M.lay_out(project, store, epic, cards)
  local seed, err = tree_files.seed(project, store, epic, places.epic(epic))
  if not seed then
    return nil, err
  end
  local ok
  ok, err = lay_out_epic(project, store, epic, seed)
  for _, card in ipairs(ok and cards or {}) do
    if #store:read("tree_delta", { tree = card.id }) > 0 then
      local tree <close>, why = trees.open(project, store, { id = card.id, epic = epic })
      if not tree then
        return nil, why
      end
    end
  end
  return ok, err
end

-- What the epic's tree holds over its seed, and that what it held before is gone.
local function changes_of(was, is, seed, tx, made, marks)
  local paths, changes = {}, setmetatable({}, cjson.array_mt)
  for _, manifest in ipairs({ was, is, seed }) do
    for path in pairs(manifest) do
      paths[path] = true
    end
  end
  for _, path in ipairs(tables.keys(paths)) do
    if is[path] ~= seed[path] or was[path] ~= is[path] then
      changes[#changes + 1] = { path = path, blob = is[path], base = seed[path], labels = marks[path] }
      if made[is[path]] then
        tx:blob(made[is[path]])
      end
    end
  end
  return changes
end

---Takes what some finished cards brought out of the epic's tree, as events of tx: it is made anew from its
---seed and the other finished cards. Its directory follows when it is opened.
---@param project table
---@param store table
---@param epic string
---@param without table<string, any> by card
---@param tx StoreTx
---@return true|nil ok
---@return Error|nil
function M.take_out(project, store, epic, without, tx)
  local forked = #store:read("lineage", { card = epic }) > 0
  -- a fork's tree no longer lies over its source's
  local seed = forked and {} or tree_files.seed_of(store, epic)
  local is, err = tree_files.of_epic(store, epic, without)
  if not is then
    return nil, err
  end
  local changes = changes_of(tree_files.snapshot(store, epic), is.files, seed, tx, is.made, is.labels)
  local parts = {}
  for _, change in ipairs(changes) do
    parts[#parts + 1] = change.path
    parts[#parts + 1] = change.blob or ""
  end
  tx:event("tree.opened", nil, { tree = epic, from = next(seed) and "seed:" .. epic or nil })
  tx:event("tree.merged", nil, { into = epic, hash = hash.parts(parts), changes = changes })
  if project.heads then
    tree_head.forget(project, epic)
  end
  return true
end

return M
