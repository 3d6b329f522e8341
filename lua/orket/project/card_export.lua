-- card_export.lua: writes what the board says into the card files: only files that differ are touched. A card
-- without a file gets one in config/cards/.

local cards = require("orket.project.cards")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local FILE_MAX = 16 * 1024 * 1024
local WIDTH = 100

local ALIASES = { name = { "summary" }, issues = { "stories", "cards" } }

local NOT_EXPORTED = {
  status = true, wait_reason = true, note = true, assignee = true, retry_count = true, build_id = true,
  epic = true,
  return_to = true, issues = true, epics = true,
}

-- ---- readable JSON ----

local function is_array(value)
  return getmetatable(value) == cjson.array_mt
end

local write

local function write_list(value, indent)
  local pad, parts = indent .. "  ", {}
  if is_array(value) then
    for i, item in ipairs(value) do
      parts[i] = pad .. write(item, pad)
    end
  else
    for i, key in ipairs(tables.keys(value)) do
      parts[i] = pad .. cjson.encode(key) .. ": " .. write(value[key], pad)
    end
  end
  local open, close = "{", "}"
  if is_array(value) then
    open, close = "[", "]"
  end
  return open .. "\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. close
end

-- Short values on one line, others one item per line.
function write(value, indent)
  local line = cjson.encode(value)
  if type(value) ~= "table" or #line + #indent <= WIDTH then
    return line
  end
  return write_list(value, indent)
end

---@param value any
---@return string text
function M.pretty(value)
  return write(value, "") .. "\n"
end

---The same within a text.
---@param value any
---@param indent string of its line
---@return string text
function M.within(value, indent)
  return write(value, indent)
end

-- ---- files ----

local function at(tree, pointer)
  for token in pointer:gmatch("/([^/]*)") do
    tree = is_array(tree) and tree[tonumber(token) + 1] or tree[token]
  end
  return tree
end

local function file_value(value, key, build)
  if key ~= "depends_on" or type(value) ~= "table" then
    return value
  end
  local ids, suffix = {}, cards.name("", build)
  for i, id in ipairs(value) do
    ids[i] = suffix ~= "" and id:sub(-#suffix) == suffix and id:sub(1, -#suffix - 1) or id
  end
  return setmetatable(ids, cjson.array_mt)
end

---The value at a JSON pointer.
---@param tree table
---@param pointer string
---@return any
M.at = at

---Puts the board's values of one card into what its file says.
---@param card table as in the file
---@param one {fields: table[], build: integer} see drift.find
function M.update(card, one)
  for _, field in ipairs(one.fields) do
    for _, alias in ipairs(ALIASES[field.key] or {}) do
      card[alias] = nil
    end
    card[field.key] = file_value(tables.given(field.board), field.key, one.build)
  end
end

local function write_changed(root, drift, origins, written)
  local files, trees = {}, {}
  for _, one in ipairs(drift.changed) do
    local origin = origins[one.card]
    local file = origin.source.file
    if not trees[file] then
      files[#files + 1] = file
      local text, err = errors.check(root:read(file, FILE_MAX))
      if not text then
        return nil, err
      end
      trees[file] = cjson.decode(text)
    end
    M.update(at(trees[file], origin.path), one)
  end
  for _, file in ipairs(files) do
    local ok, err = errors.check(root:write(file, M.pretty(trees[file])))
    if not ok then
      return nil, err
    end
    written[#written + 1] = file
  end
  return true
end

local function card_tree(row, one, project)
  local tree = {}
  for key, value in pairs(row) do
    if not NOT_EXPORTED[key] and value ~= cjson.null then
      tree[key] = file_value(value, key, one.build)
    end
  end
  for name, epic in pairs(project.epics) do
    tree.parent_id = epic == one.epic and name or tree.parent_id
  end
  return tree
end

---What the file of a card that only the board has would say.
---@param store table
---@param project table see config.read
---@param one {id: string, epic: table, build: integer} see drift.find
---@return table
function M.of_board(store, project, one)
  local row = store:read_doc("card_file", { id = one.id }):value()
  row.outside = store:read("card", { id = one.id })[1].labels -- a card of its text has them too
  return card_tree(row, one, project)
end

local function write_extra(root, store, drift, project, written)
  for _, one in ipairs(drift.extra) do
    local file = "config/cards/" .. one.id .. ".json"
    local ok, err = errors.check(root:write(file, M.pretty(M.of_board(store, project, one))))
    if not ok then
      return nil, err
    end
    written[#written + 1] = file
  end
  return true
end

---@param root FsRoot of the project
---@param store table
---@param project table see config.read
---@param drift table see drift.find
---@param origins table see config.read
---@return string[]|nil files written
---@return Error|nil
function M.write(root, store, project, drift, origins)
  local written = {}
  local ok, err = write_changed(root, drift, origins, written)
  if ok then
    ok, err = write_extra(root, store, drift, project, written)
  end
  return ok and written or nil, err
end

return M
