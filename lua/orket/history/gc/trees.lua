-- trees.lua: the directories of cards that will not go on. Whatever is in them can be made again from the
-- journal, so they may go; one that has anything else in it belongs to a person, and stays.

local disk = require("orket.workspace.disk")
local tree_files = require("orket.workspace.tree_files")
local places = require("orket.workspace.places")

local M = {}

-- What the journal says a card's tree holds, or nil when that cannot be told any more.
local function manifest_of(store, card)
  local tree = tree_files.of_card(store, card.id, tree_files.seed_of(store, card.epic or card.id))
  return tree and tree.files
end

-- What is in a directory: its files and their bytes, and the first that the journal does not know.
local function look(store, root, card)
  local entries, more = root:walk(".", disk.FILES_MAX)
  local manifest = entries and not more and manifest_of(store, card)
  if not manifest then
    return { files = 0, bytes = 0, own = "more than can be looked at" }
  end
  local found = { files = #entries, bytes = 0 }
  for _, entry in ipairs(entries) do
    found.bytes = found.bytes + entry.size
    if not found.own and (entry.type ~= "file" or root:hash(entry.name) ~= manifest[entry.name]) then
      found.own = entry.name
    end
  end
  return found
end

---The whole of a directory, files first.
---@param root FsRoot
---@param path string
---@return boolean|nil ok
function M.delete(root, path)
  for _, entry in ipairs(root:list(path) or {}) do
    local name = path .. "/" .. entry.name
    if entry.type == "directory" then
      M.delete(root, name)
    else
      root:delete(name)
    end
  end
  return root:delete(path)
end

---The directories of the cards whose runs are all dropped, or will be.
---@param project table
---@param cards {id: string, epic: string|nil}[]
---@return {path: string, files: integer, bytes: integer, own: string|nil}[] found own: what in it is in no
---  journal, so
---  that it stays
function M.find(project, cards)
  local found = {}
  for _, card in ipairs(cards) do
    local path = places.cards(card.epic or card.id) .. "/" .. places.name(card.id)
    local root <close> = project.root:beneath(path)
    local tree = root and look(project.store, root, card)
    if tree then
      tree.path = path
      found[#found + 1] = tree
    end
  end
  return found
end

---Removes those that have nothing of their own, and the directories above them that are empty then.
---@param project table
---@param cards {id: string, epic: string|nil}[]
---@param found table[] what find() answered; one that could not be removed gets `own`
function M.remove(project, cards, found)
  for _, tree in ipairs(found) do
    if not tree.own and not M.delete(project.root, tree.path) then
      tree.own = "what cannot be removed"
    end
  end
  local epic
  for _, card in ipairs(cards) do
    if (card.epic or card.id) ~= epic then
      epic = card.epic or card.id
      project.root:delete(places.cards(epic)) -- only when it is empty
    end
  end
end

return M
