-- conflict_card.lua: a card that settles what an epic and its repository changed in the same place: it has
-- the seat and the checks of the card that changed it last, and finds both sides in its files.

local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

-- Of a card's file form what says how far it had come, and what it was about.
local PROGRESS = { "wait_reason", "assignee", "note", "retry_count", "status", "lessons", "metrics",
  "summary", "description" }

-- The cards that changed these paths, the last one last.
local function authors_of(store, epic, paths)
  local authors, seen = {}, {}
  local rows = store:read("tree_merges", { tree = epic })
  for i = #rows, 1, -1 do
    local id = rows[i].card
    if id and paths[rows[i].path] and not seen[id] then
      seen[id] = true
      table.insert(authors, 1, id)
    end
  end
  return authors
end

local function free_id(store, epic)
  local n = 1
  while store:read("card_state", { id = ("%s-upstream-%d"):format(epic, n) })[1] do
    n = n + 1
  end
  return ("%s-upstream-%d"):format(epic, n)
end

local function body_of(store, work, authors, names)
  local body = tables.all_given(store:read_doc("card_file", { id = authors[#authors] }):value())
  for _, key in ipairs(PROGRESS) do
    body[key] = nil
  end
  body.id, body.epic = free_id(store, work.card.id), work.card.id
  body.name = "Merge what changed upstream"
  body.requirements = setmetatable({
    ("The repository moved to commit %s. Both sides changed %s: keep what both meant, and leave no markers.")
      :format(work.tree.commit:sub(1, 12), table.concat(names, ", ")),
  }, cjson.array_mt)
  body.depends_on = setmetatable(authors, cjson.array_mt)
  body.data_labels = store:read("card", { id = authors[#authors] })[1].labels
  if body.params and body.params.scope then
    body.params.scope = setmetatable(names, cjson.array_mt)
  end
  return body
end

---Adds the card, with both sides in its files, as events of tx.
---@param store Store
---@param tx StoreTx
---@param work table {card: the epic's row, tree: ImportedTree, side: as merging takes it}
---@param conflicts table[] of merging.merge
---@return {id: string, paths: string[]}|nil
---@return Error|nil ERR_CONFLICT when no card changed these files
function M.add(store, tx, work, conflicts)
  local paths = {}
  for _, one in ipairs(conflicts) do
    paths[one.path] = true
  end
  local names = tables.keys(paths)
  local authors = authors_of(store, work.card.id, paths)
  if #authors == 0 then
    return nil, errors.new("ERR_CONFLICT", "both sides changed " .. table.concat(names, ", "),
      "orket branch " .. work.card.id .. ", then git merge")
  end
  local body = body_of(store, work, authors, names)
  tx:event("card.created", body.id, body)
  for _, one in ipairs(conflicts) do
    local blob = one.bytes and tx:blob(one.bytes) or one.blob
    tx:event(blob and "file.written" or "file.deleted", body.id,
      { path = one.path, blob = blob, base = one.base, labels = one.labels })
    tx:event("tree.conflict", body.id, { path = one.path, with = work.side.label, labels = one.labels })
  end
  return { id = body.id, paths = names }
end

return M
