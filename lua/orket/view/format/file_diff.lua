-- file_diff.lua: changes of files as a unified diff. Pure.

local binary_patch = require("orket.view.format.binary_patch")
local diff = require("orket.util.diff")
local hash = require("orket.core.hash")
local style = require("orket.view.format.style")
local text = require("orket.view.format.text")

local M = {}

local NO_END = "\n\\ No newline at end of file"
local COLOUR = { ["+"] = "32", ["-"] = "31", ["@"] = "36" }

local function is_binary(bytes)
  return bytes:find("\0", 1, true) ~= nil or not utf8.len(bytes)
end

-- A text's lines; a last one without its end says so, and differs from one that has it.
local function lines_of(bytes)
  local lines = {}
  for line in bytes:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  local rest = bytes:match("[^\n]+$")
  lines[#lines + 1] = rest and rest .. NO_END
  return lines
end

local function status_of(before, after)
  if not before then
    return "added"
  end
  return after and "changed" or "deleted"
end

---@class FileDiff
---@field path string
---@field status "added"|"changed"|"deleted"
---@field binary boolean
---@field added integer
---@field removed integer
---@field lines string[]
---@field before string|nil bytes
---@field after string|nil bytes

---One file's change. `lines` is its unified diff with headers.
---@param path string
---@param before string|nil bytes; nil: there was no file
---@param after string|nil bytes; nil: there is none
---@return FileDiff
function M.file(path, before, after)
  local one = { path = path, status = status_of(before, after), added = 0, removed = 0, before = before,
    after = after }
  local shown = text.visible(path) -- a name cannot add lines
  one.binary = is_binary(before or "") or is_binary(after or "")
  one.lines = { "--- " .. (before and "a/" .. shown or "/dev/null"),
    "+++ " .. (after and "b/" .. shown or "/dev/null") }
  if one.binary then
    one.lines = { "Binary file " .. shown .. " " .. one.status }
    return one
  end
  for _, line in ipairs(diff.hunks(lines_of(before or ""), lines_of(after or ""))) do
    local mark = line:sub(1, 1)
    one.added = one.added + (mark == "+" and 1 or 0)
    one.removed = one.removed + (mark == "-" and 1 or 0)
    one.lines[#one.lines + 1] = line
  end
  return one
end

---A file's diff as it is read: for a terminal painted, without anything that steers it.
---@param one FileDiff
---@param on_terminal boolean
---@return string
function M.text(one, on_terminal)
  local out = {}
  for i, line in ipairs(one.lines) do
    if on_terminal then
      line = line:gsub("[^\n]+", text.visible)
      local colour = i <= 2 and "1" or COLOUR[line:sub(1, 1)]
      line = colour and style.paint(line, colour) or line
    end
    out[i] = line
  end
  return table.concat(out, "\n") .. "\n"
end

-- A name as git and patch read it back: one that holds more than plain characters is quoted, in octal.
local function quoted(name)
  if text.visible(name) == name and not name:find('[%c"\\]') then
    return name
  end
  return '"' .. name:gsub('[^ !#-%[%]-~]', function(char)
    return ("\\%03o"):format(char:byte())
  end) .. '"'
end

-- A name with a blank ends at a tab.
local function side(mark, bytes, name)
  local ending = name:find(" ", 1, true) and "\t" or ""
  return mark .. " " .. (bytes and quoted(name) .. ending or "/dev/null")
end

local NO_BLOB = ("0"):rep(40)

local function id_of(bytes)
  return bytes and hash.git_blob(bytes) or NO_BLOB
end

-- What a unified diff cannot say: the names that git has for the bytes (for bytes that are no text, and for
-- git apply --3way), that a file without a line comes or goes, and which one is executed.
local function git_head(one, is_executable)
  local lines = { ("diff --git %s %s"):format(quoted("a/" .. one.path), quoted("b/" .. one.path)) }
  if one.status == "added" then
    lines[2] = "new file mode 100644"
  elseif one.status == "deleted" then
    lines[2] = "deleted file mode " .. (is_executable and "100755" or "100644")
  end
  lines[#lines + 1] = "index " .. id_of(one.before) .. ".." .. id_of(one.after)
  return lines
end

local function body(one)
  if one.binary then
    return binary_patch.lines(one.before, one.after)
  elseif #one.lines == 2 then -- a file without a line
    return {}
  end
  return table.move(one.lines, 3, #one.lines, 3,
    { side("---", one.before, "a/" .. one.path), side("+++", one.after, "b/" .. one.path) })
end

---A file's diff as `git apply` takes it, and `patch -p1` where it is text.
---@param one FileDiff
---@param is_executable boolean|nil it was
---@return string
function M.patch(one, is_executable)
  local lines, more = git_head(one, is_executable), body(one)
  table.move(more, 1, #more, #lines + 1, lines)
  return table.concat(lines, "\n") .. "\n"
end

---A line per file with its count of lines, and their sum.
---@param all FileDiff[]
---@return string
function M.stat(all)
  local out, added, removed = {}, 0, 0
  for _, one in ipairs(all) do
    local count = one.binary and "binary" or string.format("+%d -%d", one.added, one.removed)
    out[#out + 1] = string.format("%-8s %-12s %s", one.status, count, text.visible(one.path))
    added, removed = added + one.added, removed + one.removed
  end
  out[#out + 1] = string.format("%d files, +%d -%d", #all, added, removed)
  return table.concat(out, "\n") .. "\n"
end

return M
