-- patch.lua: a unified diff, applied strictly: every hunk has to fit where it says, to the byte. Pure.

local errors = require("orket.errors")

local M = {}

local function fault(at, what)
  return nil, errors.new("ERR_USAGE", string.format("the patch, line %d: %s", at, what),
    "make it anew from the files as they are: diff -u, or git diff")
end

-- A text as lines, each with its end.
local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\n]*\n?") do
    lines[#lines + 1] = line ~= "" and line or nil
  end
  return lines
end

local function path_of(line)
  local path = line:sub(5):gsub("[\r\n]+$", ""):gsub("\t.*$", "")
  return path ~= "/dev/null" and path:gsub("^[ab]/", "") or nil
end

local function count_of(text)
  return text == "" and 1 or tonumber(text)
end

-- "@@ -a,b +c,d @@" at lines[at]; what follows belongs to it as long as it is counted.
local function read_hunk(lines, at)
  local from, old, new = lines[at]:match("^@@ %-(%d+),?(%d*) %+%d+,?(%d*) @@")
  if not from then
    return fault(at, "no hunk")
  end
  local hunk = { at = at, from = tonumber(from), old = {}, new = {} }
  old, new = count_of(old), count_of(new)
  hunk.from = old == 0 and hunk.from + 1 or hunk.from
  while #hunk.old < old or #hunk.new < new do
    at = at + 1
    local mark, rest = (lines[at] or ""):match("^([ +-])(.*)$")
    if (lines[at + 1] or ""):sub(1, 1) == "\\" and mark then -- the line has no end
      rest = rest:gsub("\n$", "")
    end
    if mark and mark ~= "+" then
      hunk.old[#hunk.old + 1] = rest
    end
    if mark and mark ~= "-" then
      hunk.new[#hunk.new + 1] = rest
    end
    if not mark and (lines[at] or ""):sub(1, 1) ~= "\\" then
      return fault(at, "the hunk ends too soon")
    end
  end
  return hunk, at + ((lines[at + 1] or ""):sub(1, 1) == "\\" and 2 or 1)
end

-- One file's part of the patch, from its "---" on.
local function read_file(lines, at)
  local file = { at = at, from = path_of(lines[at]), to = path_of(lines[at + 1] or ""), hunks = {} }
  if (lines[at + 1] or ""):sub(1, 4) ~= "+++ " or not (file.from or file.to) then
    return fault(at, "no file is named")
  end
  at = at + 2
  while (lines[at] or ""):sub(1, 2) == "@@" do
    local hunk, next_one = read_hunk(lines, at)
    if not hunk then
      return nil, next_one
    end
    file.hunks[#file.hunks + 1], at = hunk, next_one
  end
  return file, at
end

---@param text string
---@return {from: string?, to: string?, hunks: table[]}[]|nil files
---@return Error|nil
function M.read(text)
  local lines, files, at = lines_of(text), {}, 1
  while at <= #lines do
    if lines[at]:sub(1, 4) == "--- " then
      local file, after = read_file(lines, at)
      if not file then
        return nil, after
      end
      files[#files + 1], at = file, after
    else
      at = at + 1
    end
  end
  if #files == 0 then
    return fault(1, "it changes no file")
  end
  return files
end

---A text with the hunks of a file applied.
---@param text string
---@param file {hunks: table[]}
---@return string|nil text
---@return Error|nil
function M.apply(text, file)
  local lines, out, at = lines_of(text), {}, 1
  for _, hunk in ipairs(file.hunks) do
    if hunk.from < at then
      return fault(hunk.at, "its hunks are not in order")
    end
    table.move(lines, at, hunk.from - 1, #out + 1, out)
    for i, line in ipairs(hunk.old) do
      if lines[hunk.from + i - 1] ~= line then
        return fault(hunk.at, "it does not fit to line " .. hunk.from + i - 1 .. " of "
          .. (file.from or file.to))
      end
    end
    table.move(hunk.new, 1, #hunk.new, #out + 1, out)
    at = hunk.from + #hunk.old
  end
  table.move(lines, at, #lines, #out + 1, out)
  return table.concat(out)
end

return M
