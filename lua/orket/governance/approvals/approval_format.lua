-- approval_format.lua: what exactly a person is asked, as it is read: one line for lists; the beginning and
-- the end, with how much is hidden between; or all of it. Nothing is shown as a blank or as nothing that is
-- something else.

local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local diff = require("orket.util.diff")
local tables = require("orket.util.tables")
local text = require("orket.view.format.text")

local M = {}

local LINE = 200 -- columns of one line
local HEAD, TAIL = 20, 20 -- lines of what is asked
local LEFT, RIGHT = 120, 60 -- columns of a longer line

-- ---- one line ----

local function fields_of(operation)
  local fields, is_call = {}, operation.op == nil and operation.arguments ~= nil
  for key, value in pairs(is_call and operation.arguments or operation) do
    fields[key] = value
  end
  if not is_call then
    fields.op = nil -- the line begins with it
  end
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
  for _, key in ipairs(tables.keys(fields)) do
    if not (key == "path" and #(row.paths or {}) > 0) then
      parts[#parts + 1] = key .. "=" .. said(fields[key])
    end
  end
  return text.cut(text.visible(table.concat(parts, " ")), LINE)
end

---The rule that asks, and what the turn that asks has read from outside: "gate.confirm [untrusted]".
---@param row {rule: string?, labels: string[]?}
---@return string
function M.rule(row)
  return (row.rule or "asked") .. (row.labels and " [" .. table.concat(row.labels, ", ") .. "]" or "")
end

-- ---- all of it ----

local function split(bytes)
  local lines = {}
  for line in (bytes ~= "" and (bytes:gsub("\n$", "")) .. "\n" or ""):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function is_open(bytes)
  return bytes ~= "" and bytes:sub(-1) ~= "\n"
end

-- Lines do not tell whether the last one ends.
local function end_of(was, is)
  if is_open(was) == is_open(is) then
    return nil
  end
  return is_open(is) and "\\ No newline at end of file" or "\\ No newline at end of the file before"
end

-- What a file is to hold instead of what it holds; nil where there is no one file, or no text.
local function change(store, row, fields)
  local path = row.paths and #row.paths == 1 and row.paths[1]
  local before = path and type(fields.content) == "string" and (row.before or {})[path]
  local was = before and (before == "" and "" or store:blob(before))
  if not was or not utf8.len(was) then
    return nil
  end
  local is = fields.content
  local lines = diff.hunks(split(was), split(is))
  lines[#lines + 1] = end_of(was, is)
  if #lines == 0 then
    lines[1] = is == "" and "(an empty file)" or "(the file as it is)"
  end
  return lines
end

local function append(out, lines)
  for _, line in ipairs(lines) do
    out[#out + 1] = text.visible(line)
  end
end

---Everything that a person has to see before saying yes: all fields, and the difference to the file as it is
---in place of a text that would replace it.
---@param store Store
---@param row table
---@return string[] lines that cannot steer a terminal
function M.all(store, row)
  local fields, out = fields_of(content.whole(store, row.operation)), {}
  local lines = change(store, row, fields)
  if lines then
    fields.content = nil
  end
  if next(fields) then
    append(out, diff.lines(fields))
  end
  append(out, lines or {})
  return out
end

local function short(line)
  local hidden = text.width(line) - (LEFT - 1) - RIGHT
  if hidden <= 20 then
    return line
  end
  return text.cut(line, LEFT) .. "⟨" .. hidden .. " columns hidden⟩" .. text.tail(line, RIGHT)
end

---The beginning and the end of it, with how many lines are hidden between them and the command that shows
---them.
---@param store Store
---@param row table
---@param option string " -C DIR" for commands, or ""
---@return string[] lines
function M.lines(store, row, option)
  local all, out = M.all(store, row), {}
  local hidden, is_cut = #all - HEAD - TAIL, false
  for i, line in ipairs(all) do
    local is_hidden = hidden > 1 and i > HEAD and i <= #all - TAIL
    if i == HEAD + 1 and is_hidden then
      out[#out + 1] = "⟨" .. hidden .. " lines hidden⟩"
    end
    out[#out + 1] = not is_hidden and short(line) or nil
    is_cut = is_cut or is_hidden or out[#out] ~= line
  end
  if is_cut then
    out[#out + 1] = M.full_command(row.id, option) .. " shows all of it"
  end
  return out
end

---@param id string of a question
---@param option string " -C DIR", or ""
---@return string
function M.full_command(id, option)
  return "orket approvals" .. option .. " --full " .. text.visible(id)
end

return M
