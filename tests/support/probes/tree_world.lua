-- tree_world.lua: a project of its own in DIR, cards, and a way to work on them: what chunks of tree_spec.lua
-- stand on.
-- luacheck: ignore 211

local async, cjson, errors = require("orket.async"), require("cjson"), require("orket.errors")
local fs, store, trees = require("orket.core.fs"), require("orket.core.store"),
  require("orket.workspace.tree")
local dir = os.getenv("DIR")
local project
local runs = 0
local function open()
  assert(fs.root(dir .. "/.orket", { create = true })):close()
  project = { dir = dir, root = assert(fs.root(dir)), store = assert(store.open(dir .. "/.orket/orket.db")) }
  runs = runs + 1
  project.board = assert(project.store:stream({ run = "board", turn = runs, actor = "system",
    role = "system" }))
end
local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end
-- A card is done from the start: only its changes matter here.
local function card(id, needs, epic)
  local tx = project.board:begin()
  assert(tx:event("card.created", id, { type = "issue", name = id, status = "done", epic = epic or "E",
    priority = 2.0, depends_on = setmetatable(needs or {}, cjson.empty_array_mt) }))
  assert(commit(tx))
end
local function tree(id, epic)
  local opened, err = trees.open(project, project.store, { id = id, epic = epic or "E" })
  return assert(opened, err and errors.line(err))
end
-- Writes (text) and deletes (false) in a card's tree, and commits.
local function work(id, changes, epic)
  local at <close> = tree(id, epic)
  local tx = project.board:begin()
  for path, text in pairs(changes) do
    if text then
      assert(at.root:write(path, text))
    else
      assert(at.root:delete(path))
    end
    at:changed(tx, path, text and tx:blob(text) or nil)
  end
  assert(commit(tx))
end
-- "clean", or the conflicting paths.
local function merge(id, epic)
  local at <close> = tree(id, epic)
  local tx = project.board:begin()
  local merged = assert(at:merge(tx))
  assert(commit(tx))
  assert(at:publish())
  return merged.conflicts and table.concat(merged.conflicts, " ") or "clean"
end
local function finish(id, changes, epic)
  work(id, changes, epic)
  return merge(id, epic)
end
-- All files below a directory of the project as one line: path=text path=text
local function show(path)
  local root <close> = assert(project.root:beneath(path))
  local parts = {}
  for _, entry in ipairs(root:walk()) do
    local text = root:read(entry.name)
    parts[#parts + 1] = entry.name .. "=" .. (text and text:gsub("\n", "|") or entry.type)
  end
  return table.concat(parts, " ")
end
local EPIC = "workspace/E/tree"
local function files(id, epic)
  local at <close> = tree(id, epic)
  return show("workspace/" .. require("orket.workspace.places").name(epic or "E") .. "/cards/"
    .. require("orket.workspace.places").name(id))
end
local function reopen()
  project.store:close()
  open()
end
