-- sizes.lua FOLDER …: outliers of style rule 1: a place to look, not a gate.

local FILE = { c = 400, h = 120, lua = 300 }
local WIDTH = { c = 100, h = 100, lua = 120 }
local FUNCTION, FOLDER = 60, 14

local function lines_of(file)
  local lines = {}
  for line in io.lines(file) do
    lines[#lines + 1] = line
  end
  return lines
end

---Length of the function that begins at line i, or nil: C opens with "{" in column one after a line
---in column one; Lua ends with "end" at the indentation of its "function".
local function function_length(lines, i, kind)
  local close
  if kind == "lua" then
    local indent = lines[i]:match("^(%s*)[%w_.=, ]*function[%s%w_.:]*%(.-%)%s*$")
    close = indent and "^" .. indent .. "end"
  else
    close = lines[i] == "{" and i > 1 and lines[i - 1]:match("^[%w ].*%)$") and "^}"
  end
  for k = close and i + 1 or #lines + 1, #lines do
    if lines[k]:match(close) then
      return k - i
    end
  end
end

local lengths = {}

local function look(file)
  local kind, lines = file:match("%.(%w+)$"), lines_of(file)
  if #lines > FILE[kind] then
    print(string.format("%s: %d lines", file, #lines))
  end
  local table_of_data = false -- what clang-format leaves alone
  for i, line in ipairs(lines) do
    if line:find("clang-format o", 1, true) then
      table_of_data = line:find("clang-format off", 1, true) ~= nil
    end
    if not table_of_data and utf8.len(line) and utf8.len(line) > WIDTH[kind] then
      print(string.format("%s:%d: %d columns", file, i, utf8.len(line)))
    end
    local length = function_length(lines, i, kind)
    lengths[#lengths + 1] = length
    if length and length > FUNCTION then
      print(string.format("%s:%d: function of %d lines", file, i, length))
    end
  end
end

local folders, seen = {}, {} -- a .c and its .h are one
local pipe = assert(io.popen("find " .. table.concat(arg, " ") .. " -name '*.[ch]' -o -name '*.lua' | sort"))
for file in pipe:lines() do
  local folder, noun = file:match("^(.*)/"), file:gsub("%.[ch]$", "")
  folders[folder] = (folders[folder] or 0) + (seen[noun] and 0 or 1)
  seen[noun] = true
  look(file)
end
pipe:close()
for folder, count in pairs(folders) do
  if count > FOLDER then
    print(string.format("%s: %d files", folder, count))
  end
end
table.sort(lengths)
print(string.format("%d functions, median %d lines, p90 %d", #lengths, lengths[#lengths // 2 + 1] or 0,
  lengths[#lengths * 9 // 10 + 1] or 0))
