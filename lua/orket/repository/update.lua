-- update.lua: the repository that an epic started from has moved, and a person has its new commit merged into
-- the living epic: file by file, three ways, as one event. Cards start with it, open ones when they go on;
-- what these have changed themselves meets it when they are merged. What a finished card changed in the same
-- place becomes a card that finds both sides in its files.

local async = require("orket.async")
local cjson = require("cjson")
local conflict_card = require("orket.repository.conflict_card")
local epic_source = require("orket.repository.epic_source")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local labels = require("orket.governance.labels")
local merging = require("orket.workspace.merge.merging")
local person = require("orket.governance.person")
local places = require("orket.workspace.places")
local reader = require("orket.project.reader")
local run_set = require("orket.scheduler.run_set")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local tree_files = require("orket.workspace.tree_files")
local tree_head = require("orket.workspace.merge.tree_head")

local M = {}

local FINAL = statuses.FINAL

-- ---- what may be updated ----

local function objection(project, card, sources)
  if #sources == 0 then
    return errors.new("ERR_NOT_FOUND", card.id .. " started from no repository, or did not start yet",
      "orket run " .. card.id .. " starts it, from the commit that is there then")
  elseif #project.store:read("lineage", { card = card.id }) > 0 then
    return errors.new("ERR_USAGE", card.id .. " is a fork: it stays on the commit of what it was forked from",
      "update that one")
  elseif FINAL[card.status] then
    return errors.new("ERR_TRANSITION", card.id .. " is " .. card.status .. ": nothing is merged into it",
      "orket branch " .. card.id .. ", then git merge")
  elseif run_set.of(project):of_epic(card.id) then
    return errors.new("ERR_TRANSITION", "a run works on " .. card.id,
      "orket halt, update, then orket run " .. card.id)
  end
end

-- ---- the epic and its commits ----

local Work = {}
Work.__index = Work

-- A large epic has no directory (workspace/tree_files.lua): one that was made to read the commit goes.
function Work:close()
  if self.root then
    self.root:close()
    self.root = nil
    self.project.root:delete(places.epic(self.card.id)) -- only when it is empty
  end
end

Work.__close = Work.close

-- The epic, the commit that was read last, and the one that is there now; closed with the variable.
local function read(project, id)
  local card, err = reader.card(project.store, id)
  local sources = card and project.store:read("source", { tree = card.id })
  err = sources and objection(project, card, sources) or err
  if err then
    return nil, err
  end
  local root
  root, err = errors.check(project.root:beneath(places.epic(card.id), { create = true }))
  if not root then
    return nil, err
  end
  local work = setmetatable({ project = project, card = card, source = sources[#sources], root = root }, Work)
  work.tree, err = epic_source.read(project, work.source, root)
  return work, err
end

-- ---- what changed ----

-- What the new commit changes of the seed: path -> {blob, base}; blob nil: the file is gone.
local function changes_of(seed, tree)
  local changes = {}
  for path, blob in pairs(seed) do
    changes[path] = not tree.texts[path] and { base = blob } or nil
  end
  for path, bytes in pairs(tree.texts) do
    local blob = hash.of(bytes)
    if blob ~= seed[path] then
      changes[path] = { blob = blob, base = seed[path] }
    end
  end
  return changes
end

-- The new commit as the side of a merge, as a card's tree is one.
local function side_of(project, epic, root, tree, changes)
  local outside = labels.of_seed(project.config)
  local side = { store = project.store, epic = epic, root = root, changes = changes, recent = {}, labels = {},
    label = "upstream " .. tree.commit:sub(1, 12) }
  for path, change in pairs(changes) do
    side.labels[path] = change.blob and outside(path) or nil
    side.recent[change.blob or ""] = tree.texts[path]
  end
  return side
end

-- ---- the act ----

local function record_seed(tx, epic, side)
  for _, path in ipairs(tables.keys(side.changes)) do
    local change = side.changes[path]
    local blob = change.blob and tx:blob(side.recent[change.blob])
    tx:event(blob and "file.written" or "file.deleted", nil,
      { tree = "seed:" .. epic, path = path, blob = blob, base = change.base, labels = side.labels[path] })
  end
end

local function record(project, work, head, merged, who)
  local tx = person.begin(project, who)
  local body = merging.advance(head, merged, tx)
  body.repo, body.ref, body.subdir = work.source.repo, work.source.ref, work.source.subdir
  body.commit, body.executable, body.left = work.tree.commit, work.tree.executable, work.tree.left
  body.links = work.tree.links
  tx:event("source.updated", work.card.id, body)
  record_seed(tx, work.card.id, work.side)
  local card, err
  if #merged.conflicts > 0 then
    card, err = conflict_card.add(project.store, tx, work, merged.conflicts)
  end
  local ok = not err
  if ok then
    ok, err = errors.check(async.await(tx.commit, tx))
  else
    tx:abandon()
  end
  return ok and { changes = #body.changes, card = card }, err
end

-- The manifests, the directory and what a run would read follow the journal.
local function publish(project, work)
  local epic = work.card.id
  work:close()
  tree_head.forget(project, epic)
  tree_files.forget_seed(project, epic)
  return tree_files.seed(project, project.store, epic, places.epic(epic))
end

local function merge(project, work, who)
  local seed, marks = tree_files.seed_of(project.store, work.card.id)
  work.side = side_of(project, work.card.id, work.root, work.tree, changes_of(seed, work.tree))
  local head = tree_head.of(project, project.store, work.card.id, seed, marks)
  local merged, err = merging.merge(work.side, head)
  local result
  if merged then
    result, err = record(project, work, head, merged, who)
  end
  local ok, failed = publish(project, work)
  return ok and result, err or failed
end

local function answer_of(work, result)
  local card = result.card
  local commit = work.tree.commit
  local message = ("%s: commit %s is merged, %d files changed"):format(work.card.id, commit:sub(1, 12),
    result.changes)
  if card then
    message = message .. "; " .. card.id .. " settles what conflicts: " .. table.concat(card.paths, ", ")
  end
  return { card = work.card.id, commit = commit, changed = result.changes, conflict = card and card.id,
    paths = setmetatable(card and card.paths or {}, cjson.array_mt), message = message }
end

---Merges the commit that the source of an epic has now into the epic.
---@param project table opened as owner
---@param request Request  {card: string}
---@return table|nil answer
---@return Error|nil
local function perform(project, request)
  local work <close>, err = read(project, request.card)
  local result
  if not work or not work.tree then
    return nil, err
  elseif work.tree.commit == work.source.commit then
    return { card = work.card.id, commit = work.tree.commit, changed = 0,
      message = work.card.id .. " has this commit: " .. work.tree.commit:sub(1, 12) }
  end
  result, err = merge(project, work, request.who)
  return result and answer_of(work, result), err
end

M.acts = {
  update = {
    summary = "merges the commit that the source of the epic `card` has now into the epic",
    fields = { card = "text" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_CONFLICT", "ERR_GIT", "ERR_CONFIG", "ERR_NET",
      "ERR_HTTP", "ERR_PROTOCOL", "ERR_TIMEOUT", "ERR_DENIED" },
    perform = perform,
  },
}

return M
