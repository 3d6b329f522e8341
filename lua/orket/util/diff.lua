-- diff.lua: what differs between two values or texts, as a unified diff that stays short. Pure.
--
-- A value becomes lines first: a line per field, named by its path, a text of several lines as several.
-- So the diff of two events or two requests names the field, and shows the words that changed in it.

local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

local AROUND = 3         -- equal lines before and after a difference
local LINES_MOST = 60    -- of a diff
local COLUMNS_MOST = 300 -- of a line
local CELLS_MOST = 1000000 -- of the table that finds what two texts share

-- ---- values as lines ----

local flatten

local function flatten_text(lines, path, text)
  if not text:find("\n", 1, true) then
    lines[#lines + 1] = path .. " = " .. cjson.encode(text)
    return
  end
  lines[#lines + 1] = path .. ":"
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = "  " .. line
  end
end

local function flatten_table(lines, path, value)
  if next(value) == nil then
    lines[#lines + 1] = path .. " = " .. cjson.encode(value)
  elseif #value > 0 then
    for i, item in ipairs(value) do
      flatten(lines, path .. "[" .. i .. "]", item)
    end
  else
    for _, key in ipairs(tables.keys(value)) do
      local name = key:find("^[%w_-]+$") and key or cjson.encode(key) -- one that looks like a path is no path
      flatten(lines, path == "" and name or path .. "." .. name, value[key])
    end
  end
end

function flatten(lines, path, value)
  if type(value) == "table" then
    flatten_table(lines, path, value)
  elseif type(value) == "string" then
    flatten_text(lines, path, value)
  else
    lines[#lines + 1] = path .. " = " .. cjson.encode(value)
  end
end

---A value as lines, one per field.
---@param value any as decoded from JSON
---@param path string|nil  where it stands in something greater
---@return string[]
function M.lines(value, path)
  local lines = {}
  flatten(lines, path or "", value)
  return lines
end

-- ---- lines compared ----

-- How many lines two texts share from here on, for every pair of places (the classic table).
local function shared(a, b)
  local rows = { [#a + 1] = setmetatable({}, { __index = function() return 0 end }) }
  for i = #a, 1, -1 do
    local row, below = { [#b + 1] = 0 }, rows[i + 1]
    for j = #b, 1, -1 do
      row[j] = a[i] == b[j] and below[j + 1] + 1 or math.max(below[j], row[j + 1])
    end
    rows[i] = row
  end
  return rows
end

local function all_changed(out, a, b)
  for _, line in ipairs(a) do
    out[#out + 1] = "-" .. line
  end
  for _, line in ipairs(b) do
    out[#out + 1] = "+" .. line
  end
end

local function changed(out, a, b)
  if #a * #b > CELLS_MOST then
    return all_changed(out, a, b)
  end
  local rows, i, j = shared(a, b), 1, 1
  while i <= #a or j <= #b do
    if i <= #a and j <= #b and a[i] == b[j] then
      out[#out + 1], i, j = " " .. a[i], i + 1, j + 1
    elseif j > #b or i <= #a and rows[i + 1][j] >= rows[i][j + 1] then
      out[#out + 1], i = "-" .. a[i], i + 1
    else
      out[#out + 1], j = "+" .. b[j], j + 1
    end
  end
end

-- Every line of both with its mark, in order; of those before and after all differences `around` at most.
local function marked(a, b, around)
  local from, to_a, to_b = 1, #a, #b
  while from <= to_a and from <= to_b and a[from] == b[from] do
    from = from + 1
  end
  while to_a >= from and to_b >= from and a[to_a] == b[to_b] do
    to_a, to_b = to_a - 1, to_b - 1
  end
  local out = {}
  for i = math.max(1, from - around), from - 1 do
    out[#out + 1] = " " .. a[i]
  end
  changed(out, table.move(a, from, to_a, 1, {}), table.move(b, from, to_b, 1, {}))
  for i = to_a + 1, math.min(#a, to_a + around) do
    out[#out + 1] = " " .. a[i]
  end
  return out
end

-- Which lines are near enough to a difference to be shown.
local function near(lines)
  local shown = {}
  for i, line in ipairs(lines) do
    for at = line:sub(1, 1) ~= " " and i - AROUND or 1, line:sub(1, 1) ~= " " and i + AROUND or 0 do
      shown[at] = true
    end
  end
  return shown
end

local function cut(line)
  if #line <= COLUMNS_MOST then
    return line
  end
  return line:sub(1, (utf8.offset(line, 0, COLUMNS_MOST + 1) or COLUMNS_MOST + 1) - 1) .. " …"
end

---The lines in which two texts differ, with what stands around them; "" when they are equal.
---@param a string[] as it was
---@param b string[] as it is
---@return string
function M.unified(a, b)
  local lines, out, skipped = marked(a, b, AROUND), {}, false
  local shown = near(lines)
  for i, line in ipairs(lines) do
    if shown[i] and #out == LINES_MOST then
      out[#out + 1] = "… and more"
      break
    elseif shown[i] then
      out[#out + 1] = skipped and #out > 0 and "@@" or nil
      out[#out + 1] = cut(line)
    end
    skipped = not shown[i]
  end
  return table.concat(out, "\n")
end

-- ---- hunks, as `diff -u` has them ----

local function add_hunk(out, hunk)
  out[#out + 1] = string.format("@@ -%d,%d +%d,%d @@", hunk.a, hunk.a_count, hunk.b, hunk.b_count)
  table.move(hunk.lines, 1, #hunk.lines, #out + 1, out)
end

local function begin(a, b)
  return { a = a, b = b, a_count = 0, b_count = 0, lines = {} }
end

local function put(hunk, line)
  local mark = line:sub(1, 1)
  hunk.a_count = hunk.a_count + (mark ~= "+" and 1 or 0)
  hunk.b_count = hunk.b_count + (mark ~= "-" and 1 or 0)
  hunk.lines[#hunk.lines + 1] = line
end

---The hunks of a unified diff of two files' lines, whole; none when they are equal.
---@param a string[]
---@param b string[]
---@return string[] lines
function M.hunks(a, b)
  local lines, out, hunk = marked(a, b, #a), {}, nil
  local shown, at_a, at_b = near(lines), 1, 1
  for i, line in ipairs(lines) do
    if shown[i] then
      hunk = hunk or begin(at_a, at_b)
      put(hunk, line)
    elseif hunk then
      add_hunk(out, hunk)
      hunk = nil
    end
    local mark = line:sub(1, 1)
    at_a, at_b = at_a + (mark ~= "+" and 1 or 0), at_b + (mark ~= "-" and 1 or 0)
  end
  if hunk then -- a side without lines stands at the line before it
    hunk.a, hunk.b = hunk.a - (hunk.a_count == 0 and 1 or 0), hunk.b - (hunk.b_count == 0 and 1 or 0)
    add_hunk(out, hunk)
  end
  return out
end

---The lines in which two values differ, field by field.
---@param a any
---@param b any
---@return string
function M.values(a, b)
  return M.unified(M.lines(a), M.lines(b))
end

return M
