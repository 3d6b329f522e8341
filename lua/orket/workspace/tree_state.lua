-- tree_state.lua: the files of a card or an epic as the journal has them, now or at an event, without their
-- directory.

local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")
local tree_links = require("orket.workspace.tree_links")
local tables = require("orket.util.tables")
local event_ref = require("orket.history.event_ref")
local project = require("orket.project.project")
local reader = require("orket.project.reader")
local stores = require("orket.core.store")

local M = {}

---@class TreeState
---@field card table row of the card or epic
---@field at integer|nil  the event after which it was so; nil: now
---@field manifest table<string, string> path -> blob
---@field changes {path: string, base: string|nil, blob: string|nil}[]  against what it started from, by path
---@field made table<string, string> bytes that no blob holds
---@field store Store of that time
---@field owned boolean|nil it was opened for this state, and is closed with it
local State = {}
State.__index = State

---The bytes of one of its files; no blob is no bytes.
---@param blob string|nil
---@return string|nil
---@return Error|nil
function State:bytes(blob)
  return disk.bytes(self.store, blob, self.made)
end

---The paths that may be executed, as the epic's repository had them.
---@return table<string, true>
function State:executables()
  local is_one = {}
  for _, path in ipairs(tree_files.executable(self.store, self.card.epic or self.card.id)) do
    is_one[path] = true
  end
  return is_one
end

---The links that its programs find.
---@return TreeLinks
function State:links()
  return tree_links.of({ files = self.manifest,
    links = tree_files.links(self.store, self.card.epic or self.card.id) })
end

function State:close()
  if self.owned then
    self.store:close()
  end
end

State.__close = State.close

local function sorted(changes)
  local rows = {}
  for _, path in ipairs(tables.keys(changes)) do
    local change = changes[path]
    if change.base ~= change.blob then
      rows[#rows + 1] = { path = path, base = change.base, blob = change.blob }
    end
  end
  return rows
end

local function between(seed, manifest)
  local changes = {}
  for path, blob in pairs(seed) do
    changes[path] = { base = blob, blob = manifest[path] }
  end
  for path, blob in pairs(manifest) do
    changes[path] = changes[path] or { blob = blob }
  end
  return changes
end

local function load_epic(self)
  local seed = tree_files.seed_of(self.store, self.card.id)
  self.manifest, self.made = tree_files.over(self.store, self.card.id, seed), {}
  self.changes = sorted(between(seed, self.manifest))
  return true
end

local function load_card(self)
  local seed = tree_files.seed_of(self.store, self.card.epic or self.card.id)
  local tree, err = tree_files.of_card(self.store, self.card.id, seed)
  if not tree then
    return nil, err
  end
  self.manifest, self.changes, self.made = tree.files, sorted(tree.changes), tree.made
  return true
end

local function load(self)
  if self.card.type == "epic" then
    return load_epic(self)
  elseif self.card.type == "rock" then
    return nil, errors.new("ERR_USAGE", self.card.id .. " is a rock: it has no files of its own",
      "name one of its epics; orket board lists them")
  end
  return load_card(self)
end

-- CARD, else CARD@EVENT.
local function find(store, dir, what)
  local card, err = reader.card(store, what)
  local id, word = event_ref.split(what)
  if card or not id then
    return card and { card = card, store = store }, err
  end
  local event
  event, err = event_ref.event(store, word)
  local past = event
  if event then
    past, err = errors.check(stores.past(project.database(dir), event.seq))
  end
  if not past then
    return nil, err
  end
  card, err = reader.card(past, id)
  if not card then
    past:close()
    return nil, err
  end
  return { card = card, store = past, at = event.seq, owned = true }
end

local function loaded(self)
  setmetatable(self, State)
  local ok, err = load(self)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

---@param store Store
---@param dir string the project's directory
---@param what string CARD or CARD@EVENT; EVENT is a number of orket log, or RUN/TURN.N
---@return TreeState|nil
---@return Error|nil
function M.open(store, dir, what)
  local self, err = find(store, dir, what)
  if not self then
    return nil, err
  end
  return loaded(self)
end

---The same of a store that is at the moment already, and stays its owner's.
---@param store Store
---@param id string of the card
---@param at integer|nil the event after which the store is; nil: now
---@return TreeState|nil
---@return Error|nil
function M.of(store, id, at)
  local card, err = reader.card(store, id)
  if not card then
    return nil, err
  end
  return loaded({ card = card, store = store, at = at })
end

return M
