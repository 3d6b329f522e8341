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
local function look(store, entries, more, root, card)
  local manifest = entries and not more and manifest_of(store, card)
  if not manifest then
    return { files = 0, bytes = 0, own = "more than can be looked at" }
  end
  local found = { files = #entries, bytes = 0 }
  for _, entry in ipairs(entries) do
    found.bytes = found.bytes + entry.size
    local is_known = entry.type == "whiteout" or entry.type == "directory" -- what they hide is not theirs
      or entry.type == "file" and root:hash(entry.name) == manifest[entry.name]
    found.own = found.own or not is_known and entry.name or nil
  end
  return found
end

-- A plain directory, and what a card differs by over layers (workspace/layers/upper.lua).
local function look_at(project, card, found)
  local epic, name = card.epic or card.id, places.name(card.id)
  for _, above in ipairs({ places.cards(epic), places.layers(epic) }) do
    local path = above .. "/" .. name
    local is_layered = above == places.layers(epic)
    local root <close> = project.root:beneath(is_layered and path .. "/changes" or path)
    if root then
      local entries, more
      if is_layered then
        entries, more = root:changes()
      else
        entries, more = root:walk(".", disk.FILES_MAX)
      end
      local tree = look(project.store, entries, more, root, card)
      tree.path = path
      found[#found + 1] = tree
    end
  end
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
    look_at(project, card, found)
  end
  return found
end

---Removes those that have nothing of their own, and the directories above them that are empty then.
---@param project table
---@param cards {id: string, epic: string|nil}[]
---@param found table[] what find() answered; one that could not be removed gets `own`
function M.remove(project, cards, found)
  for _, tree in ipairs(found) do
    if not tree.own and not project.root:remove(tree.path) then
      tree.own = "what cannot be removed"
    end
  end
  local epic
  for _, card in ipairs(cards) do
    if (card.epic or card.id) ~= epic then
      epic = card.epic or card.id
      project.root:delete(places.cards(epic)) -- only when they are empty
      project.root:delete(places.layers(epic))
    end
  end
end

return M
