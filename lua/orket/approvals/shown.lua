-- shown.lua: what exactly a person is asked: as it is kept in the journal, and as it is read.

local cjson = require("cjson")
local later = require("orket.later")
local diff = later("orket.diff")
local list = require("orket.list")
local text = require("orket.view.text")

local M = {}

local INLINE = 2000 -- bytes of a text that stays in the event; a longer one is a blob
local WHOLE = 100000 -- bytes of what is asked that stay in the event
local LINE = 200 -- columns
local LINES = 40 -- of a difference

-- ---- kept ----

local function blob(tx, bytes)
  return { blob = tx:blob(bytes), bytes = #bytes }
end

-- A value whose long texts are blobs.
local function shortened(tx, value)
  if type(value) == "string" and #value > INLINE then
    return blob(tx, value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[key] = shortened(tx, item)
  end
  return copy
end

---What is asked as the journal keeps it: its long texts, or all of it when it is long itself, are blobs of the
---transaction, {blob, bytes}.
---@param tx StoreTx
---@param operation table
---@return table
function M.stored(tx, operation)
  local copy = shortened(tx, operation)
  if #cjson.encode(copy) <= WHOLE then
    return copy
  end
  return { op = copy.op, tool = copy.tool, path = copy.path, whole = blob(tx, cjson.encode(operation)) }
end

-- ---- read ----

local function fields_of(operation)
  local fields = {}
  for key, value in pairs(operation.arguments or operation) do
    fields[key] = value
  end
  fields.op, fields.tool = not operation.arguments and fields.tool or nil, nil
  return fields
end

local function said(value)
  if type(value) == "string" then
    return #value <= 60 and not value:find("\n", 1, true) and cjson.encode(value) or #value .. " bytes"
  elseif type(value) == "table" and value.blob and value.bytes then
    return math.tointeger(value.bytes) .. " bytes"
  end
  return cjson.encode(value)
end

---One line: the tool or the operation, the canonical paths, the sizes or values of the other fields.
---@param row {tool: string, operation: table, paths: string[]?}
---@return string
function M.line(row)
  local fields, parts = fields_of(row.operation), { row.operation.op or row.tool }
  for _, path in ipairs(row.paths or {}) do
    parts[#parts + 1] = path
  end
  for _, key in ipairs(list.keys(fields)) do
    if not (key == "path" and #(row.paths or {}) > 0) then
      parts[#parts + 1] = key .. "=" .. said(fields[key])
    end
  end
  return text.cut(text.line(table.concat(parts, " ")), LINE)
end

---The rule that asks, and what the turn that asks has read from outside: "gate.confirm [untrusted]".
---@param row {rule: string?, labels: string[]?}
---@return string
function M.rule(row)
  return (row.rule or "asked") .. (row.labels and " [" .. table.concat(row.labels, ", ") .. "]" or "")
end

local function split(bytes)
  local lines = {}
  for line in (bytes ~= "" and (bytes:gsub("\n$", "")) .. "\n" or ""):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function bytes_of(store, value)
  local bytes = type(value) == "table" and value.blob and store:blob(value.blob) or value
  return type(bytes) == "string" and utf8.len(bytes) and bytes or nil
end

-- What a file is to hold instead of what it holds.
local function change(store, row)
  local path = row.paths and #row.paths == 1 and row.paths[1]
  local is = path and bytes_of(store, fields_of(row.operation).content)
  local before = path and (row.before or {})[path]
  local was = before and (before == "" and "" or store:blob(before))
  if not is or not was or not utf8.len(was) then
    return nil
  end
  return diff.unified(split(was), split(is))
end

-- Every field as it is, when there is no file to compare it with.
local function spelled(store, row)
  local lines = {}
  for key, value in pairs(fields_of(row.operation)) do
    lines[key] = bytes_of(store, value) or value
  end
  return next(lines) and table.concat(diff.lines(lines), "\n") or ""
end

---Everything that a person has to see before saying yes: the difference to the file as it is, or all fields.
---@param store Store
---@param row table
---@return string[] lines clean
function M.lines(store, row)
  local lines = {}
  for _, line in ipairs(split(change(store, row) or spelled(store, row))) do
    if #lines == LINES then
      lines[#lines + 1] = "… and more: --json has all of it"
      break
    end
    lines[#lines + 1] = text.clean(line)
  end
  return lines
end

return M
