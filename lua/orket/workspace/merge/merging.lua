-- merging.lua: a finished card's changes meet the epic's tree, three ways per file.

local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local tree_head = require("orket.workspace.merge.tree_head")
local labels = require("orket.governance.labels")
local tables = require("orket.util.tables")
local merge = require("orket.core.merge")

local M = {}

local FILE_MAX = 64 * 1024 * 1024

-- The card's bytes: as it wrote them, from its directory when they are what the journal says, else from
-- the journal.
local function own_bytes(tree, path, blob)
  if not blob then
    return nil
  end
  local bytes = tree.recent[blob] or tree.root:read(path, FILE_MAX)
  if bytes and hash.of(bytes) == blob then
    return bytes
  end
  return disk.bytes(tree.store, blob)
end

local function conflict(path, now, blob, bytes)
  return { conflict = { path = path, base = now, blob = blob, bytes = bytes } }
end

-- Changed on both sides: {change} or {conflict}, or nil, err.
local function both_changed(tree, head, path, change, now)
  local mine, err = own_bytes(tree, path, change.blob)
  local theirs
  if now and not err then
    theirs, err = disk.bytes(tree.store, now, head.bytes)
  end
  if err then
    return nil, err
  elseif not now then
    return conflict(path, nil, change.blob) -- gone there, changed here: stays, once more
  elseif not mine then
    return conflict(path, now, now, theirs) -- changed there, gone here: comes back
  end
  local base
  base, err = disk.bytes(tree.store, change.base)
  if not base then
    return nil, err
  end
  local text, conflicts, whole = merge.text(base, mine, theirs, tree.label or tree.card, tree.epic)
  if not text then
    return nil, errors.new(whole, conflicts)
  elseif conflicts > 0 then
    return conflict(path, now, whole and change.blob or nil, not whole and text or nil)
  end
  return { change = { path = path, base = now, blob = hash.of(text), bytes = text, made = true } }
end

-- Two sides were read: what came of them carries the labels of both.
local function of_both(tree, head, path)
  return labels.union(tree.labels[path], head.labels[path])
end

-- {change}, {conflict}, or {} when both sides made the same of it; nil, err.
local function meet(tree, head, path)
  local change, now = tree.changes[path], head.files[path]
  if now == change.base then
    return { change = { path = path, base = now, blob = change.blob, labels = tree.labels[path] } }
  elseif now == change.blob then
    return {}
  end
  local met, err = both_changed(tree, head, path, change, now)
  if met then
    (met.change or met.conflict).labels = of_both(tree, head, path)
  end
  return met, err
end

local function changed_paths(changes)
  local paths = setmetatable({}, cjson.empty_array_mt)
  for _, path in ipairs(tables.keys(changes)) do
    if changes[path].blob ~= changes[path].base then
      paths[#paths + 1] = path
    end
  end
  return paths
end

---Compares the card's changes with the epic's tree as it is now; nothing is written. ERR_NOT_FOUND: it
---meets a text that another merge is still writing down.
---@param tree table
---@param head TreeHead
---@return {changes: table[], conflicts: table[]}|nil
---@return Error|nil
function M.merge(tree, head)
  local merged = { changes = {}, conflicts = {} }
  local paths = changed_paths(tree.changes)
  for _, path in ipairs(paths) do
    local met, err = meet(tree, head, path)
    if not met then
      return nil, err
    end
    merged.changes[#merged.changes + 1] = met.change
    merged.conflicts[#merged.conflicts + 1] = met.conflict
  end
  local path, other = tree_head.clash(head, merged.changes)
  if path then -- a file here, a directory there
    merged.conflicts[#merged.conflicts + 1] = {
      path = path, blob = tree.changes[path].blob, with = tree.epic .. " (which has " .. other .. " there)",
      labels = of_both(tree, head, path),
    }
  end
  return merged
end

-- {change} that makes the card's file what a merge would, {conflict}, or {} when it is that already.
local function meet_back(tree, head, path)
  local change, now = tree.changes[path], head.files[path]
  local is_own = change and change.blob ~= change.base
  if not is_own then
    return tree.files[path] ~= now
      and { change = { path = path, blob = now, base = now, labels = head.labels[path] } } or {}
  end
  local met, err = meet(tree, head, path)
  local merged = met and met.change
  if merged and merged.blob == tree.files[path] and merged.base == change.base then
    return {}
  end
  return met, err
end

---What would make the card's tree that which its merge would make of the epic's; nothing is written.
---@param tree table
---@param head TreeHead
---@return {changes: table[], conflicts: table[]}|nil
---@return Error|nil
function M.follow(tree, head)
  local paths, followed = {}, { changes = {}, conflicts = {} }
  for _, files in ipairs({ tree.files, head.files }) do
    for path in pairs(files) do
      paths[path] = true
    end
  end
  for _, path in ipairs(tables.keys(paths)) do
    local met, err = meet_back(tree, head, path)
    if not met then
      return nil, err
    end
    followed.changes[#followed.changes + 1] = met.change
    followed.conflicts[#followed.conflicts + 1] = met.conflict
  end
  return followed
end

---What changed in the epic's tree, from which state to which, as an event has it. From here on the head has
---it.
---@param head TreeHead
---@param merged {changes: table[]}
---@param tx StoreTx
---@return {was: string, hash: string, changes: table[]}
function M.advance(head, merged, tx)
  local was = head.state
  local changes, parts = setmetatable({}, cjson.empty_array_mt), { was }
  for i, change in ipairs(merged.changes) do
    if change.made then
      head.bytes[change.blob] = change.bytes
      tx:blob(change.bytes)
    end
    tree_head.put(head, change.path, change.blob, change.labels)
    changes[i] = { path = change.path, blob = change.blob, base = change.base, labels = change.labels }
    parts[#parts + 1] = change.path
    parts[#parts + 1] = change.blob or ""
  end
  head.state = #changes > 0 and hash.parts(parts) or was
  return { was = was, hash = head.state, changes = changes }
end

---The merge as an event.
---@param tree table the card's
---@param head TreeHead the epic's
---@param merged {changes: table[]}
---@param tx StoreTx
function M.record(tree, head, merged, tx)
  local body = M.advance(head, merged, tx)
  body.into = tree.epic
  tx:event("tree.merged", tree.card, body)
end

---The bytes of a merged change, for the epic's directory; nil when the file is gone.
---@param tree table the card's
---@param change {path: string, blob: string?, bytes: string?}
---@return string|nil bytes
function M.bytes(tree, change)
  return change.bytes or own_bytes(tree, change.path, change.blob)
end

---The conflicts as events, and in the card's files: each now stands against what the epic has.
---@param tree table the card's
---@param merged {conflicts: table[]}
---@param tx StoreTx
---@return {conflicts: string[]}|nil
---@return Error|nil
function M.hand_back(tree, merged, tx)
  local paths = {}
  for i, one in ipairs(merged.conflicts) do
    local blob = one.blob
    if one.bytes then
      local ok, err = disk.put(tree.root, one.path, one.bytes)
      if not ok then
        return nil, err
      end
      blob = tx:blob(one.bytes)
    end
    tree:record(tx, one.path, blob, one.base, one.labels)
    tx:event("tree.conflict", tree.card, { path = one.path, with = one.with or tree.epic,
      labels = one.labels })
    paths[i] = one.path
  end
  return { conflicts = paths }
end

return M
