-- file_diff.lua: changes of files as a unified diff. Pure.

local diff = require("orket.util.diff")
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

---One file's change. `lines` is its unified diff with headers.
---@param path string
---@param before string|nil bytes; nil: there was no file
---@param after string|nil bytes; nil: there is none
---@return {path: string, status: string, binary: boolean, added: integer, removed: integer, lines: string[]}
function M.file(path, before, after)
  local one = { path = path, status = status_of(before, after), added = 0, removed = 0 }
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

---A file's diff: for a terminal painted, without anything that steers it; else the bytes that `patch` takes.
---@param one table of M.file
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

---A line per file with its count of lines, and their sum.
---@param all table[] of M.file
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
