-- changes.lua: the files of a moment, and what differs between two: fields of cards, then files.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")
local tables = require("orket.util.tables")

local M = {}

local FILE_MOST = 256 * 1024 -- bytes of a file that is shown

-- ---- files ----

local NONE = { files = {}, made = {} }

-- The files of a card, and the bytes of those that no blob holds.
local function manifest(board, id)
  local card = board:read("card", { id = id })[1]
  if not card then
    return nil, errors.new("ERR_NOT_FOUND", "there is no card " .. tostring(id), "cards() lists them")
  end
  local epic = card.epic or card.id
  local seed = tree_files.seed_of(board, epic)
  if card.type ~= "issue" then
    return { files = (tree_files.over(board, epic, seed)), made = {} }
  end
  return tree_files.of_card(board, card.id, seed)
end

---The files of a card's tree, or of an epic's.
---@param board Store
---@param id string
---@return table[]|nil files {path, blob}
---@return Error|nil
function M.files(board, id)
  local all, err = manifest(board, id)
  local rows = setmetatable({}, cjson.array_mt)
  for i, path in ipairs(all and tables.keys(all.files) or {}) do
    rows[i] = { path = path, blob = all.files[path] }
  end
  return all and rows, err
end

local function bytes_of(board, blob, made)
  if not blob then
    return ""
  end
  return made and made[blob] or board:blob(blob) or ""
end

---@param board Store
---@param id string
---@param path string
---@return string|nil text
---@return Error|nil
function M.file(board, id, path)
  local all, err = manifest(board, id)
  if not all then
    return nil, err
  elseif not all.files[path] then
    return nil, errors.new("ERR_NOT_FOUND", id .. " has no file " .. path, "files(ID) lists them")
  end
  local bytes = bytes_of(board, all.files[path], all.made)
  if #bytes > FILE_MOST or not utf8.len(bytes) then
    return #bytes .. " bytes that are no text to show"
  end
  return bytes
end

-- ---- what differs ----

local function lines_of(bytes)
  local lines = {}
  for line in (bytes == "" and "" or bytes:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function add_file(out, id, path, before, after)
  out[#out + 1] = before and "--- " .. id .. "/" .. path or "--- /dev/null"
  out[#out + 1] = after and "+++ " .. id .. "/" .. path or "+++ /dev/null"
  before, after = before or "", after or ""
  if not (utf8.len(before) and utf8.len(after)) then
    out[#out + 1] = "they are not text"
    return
  end
  local hunks = diff.hunks(lines_of(before), lines_of(after))
  table.move(hunks, 1, #hunks, #out + 1, out)
end

-- told: the changes that were shown, and the cards that have them as well.
local function add_files(out, told, id, a, b)
  local was, is = manifest(a, id) or NONE, manifest(b, id) or NONE
  local before, after, paths = was.files, is.files, {}
  for _, all in ipairs({ before, after }) do
    for path in pairs(all) do
      paths[path] = before[path] ~= after[path] or nil
    end
  end
  for _, path in ipairs(tables.keys(paths)) do
    local key = path .. "\0" .. (before[path] or "") .. "\0" .. (after[path] or "")
    if told[key] then
      table.insert(told[key], id)
    else
      told[key] = { path = path }
      told[#told + 1] = told[key]
      add_file(out, id, path, before[path] and bytes_of(a, before[path], was.made),
        after[path] and bytes_of(b, after[path], is.made))
    end
  end
end

-- A card's tree has the changes of those that it depends on.
local function add_same(out, told)
  for _, change in ipairs(told) do
    if #change > 0 then
      out[#out + 1] = "the same change of " .. change.path .. " in " .. table.concat(change, ", ")
    end
  end
end

local function shown(value)
  if value == nil then
    return "nothing"
  end
  return type(value) == "string" and value or cjson.encode(value)
end

-- The fields of a card, those of its file among the others.
local function fields_of(board, id)
  local card = board:read("card", { id = id })[1]
  for key, value in pairs(card and card.data or {}) do
    card[key] = value
  end
  if card then
    card.data = nil
  end
  return card or {}
end

local function add_card(out, id, a, b)
  local before, after, keys = fields_of(a, id), fields_of(b, id), {}
  for _, fields in ipairs({ before, after }) do
    for key in pairs(fields) do
      keys[key] = shown(before[key]) ~= shown(after[key]) or nil
    end
  end
  if not next(keys) then
    return
  end
  out[#out + 1] = (before.id and "" or "new ") .. "card " .. id
  for _, key in ipairs(before.id and tables.keys(keys) or {}) do
    out[#out + 1] = "  " .. key .. ": " .. shown(before[key]) .. " -> " .. shown(after[key])
  end
end

-- Epics before their cards.
local function ids_of(a, b)
  local epics, issues = {}, {}
  for _, board in ipairs({ a, b }) do
    for _, card in ipairs(board:read("board", {})) do
      (card.type == "issue" and issues or epics)[card.id] = true
    end
  end
  local ids = tables.keys(epics)
  return table.move(tables.keys(issues), 1, #tables.keys(issues), #ids + 1, ids)
end

---What changed from one moment to another: fields of cards, then files as unified diffs.
---@param a Store
---@param b Store
---@return string text
function M.between(a, b)
  local out, told, ids = {}, {}, ids_of(a, b)
  for _, id in ipairs(ids) do
    add_card(out, id, a, b)
  end
  for _, id in ipairs(ids) do
    add_files(out, told, id, a, b)
  end
  add_same(out, told)
  return #out > 0 and table.concat(out, "\n") or "nothing changed"
end

return M
