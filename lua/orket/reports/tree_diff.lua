-- tree_diff.lua: what a card changed, file by file, from the journal.

local cjson = require("cjson")
local file_diff = require("orket.view.format.file_diff")
local tables = require("orket.util.tables")

local M = {}

---The changed files of a state, as file_diff makes them.
---@param state TreeState
---@return table[]|nil files
---@return Error|nil
function M.files(state)
  local all = {}
  for i, change in ipairs(state.changes) do
    local before, err = state:bytes(change.base)
    local after
    if before then
      after, err = state:bytes(change.blob)
    end
    if err then
      return nil, err
    end
    all[i] = file_diff.file(change.path, change.base and before, change.blob and after)
  end
  return all
end

---What differs between two states of a card.
---@param before TreeState
---@param after TreeState
---@return table[]|nil files
---@return Error|nil
function M.between(before, after)
  local all, paths = {}, {}
  for _, state in ipairs({ before, after }) do
    for path in pairs(state.manifest) do
      paths[path] = before.manifest[path] ~= after.manifest[path] or nil
    end
  end
  for i, path in ipairs(tables.keys(paths)) do
    local was, err = before:bytes(before.manifest[path])
    local now
    if was then
      now, err = after:bytes(after.manifest[path])
    end
    if not now then
      return nil, err
    end
    all[i] = file_diff.file(path, before.manifest[path] and was, after.manifest[path] and now)
  end
  return all
end

---The same as plain data.
---@param state TreeState
---@param all table[] as files answers them
---@return {card: string, at: integer|nil, files: table[]}
function M.rows(state, all)
  local rows = setmetatable({}, cjson.array_mt)
  for i, one in ipairs(all) do
    rows[i] = { path = one.path, status = one.status, binary = one.binary, added = one.added,
      removed = one.removed, diff = file_diff.text(one, false) }
  end
  return { card = state.card.id, at = state.at, files = rows }
end

return M
