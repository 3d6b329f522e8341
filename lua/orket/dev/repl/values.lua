-- values.lua: what a line of the REPL answered, shown: JSON for programs, and for people on a terminal in
-- lines that can be read.

local cjson = require("cjson")
local outline = require("orket.view.format.outline")
local style = require("orket.view.format.style")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

local WIDTH = 80 -- on a terminal a value that is longer than that takes several lines

local function is_message(row)
  return type(row.role) == "string" and type(row.content) == "string"
end

local function shown(row)
  if type(row) ~= "table" then
    return text.block(row)
  elseif sys.is_tty(1) and is_message(row) then
    return style.paint("── " .. row.role .. " ──", "1") .. "\n" .. text.block(row.content)
  end
  local line = text.json(row)
  return sys.is_tty(1) and #line > WIDTH and table.concat(outline.lines(row), "\n") or line
end

---A list goes row by row.
---@param value any
function M.print(value)
  if type(value) == "table" and #value > 0 then
    for _, row in ipairs(value) do
      print(shown(row))
    end
  elseif type(value) == "table" then
    print(next(value) == nil and "{}" or shown(value))
  elseif value ~= nil and value ~= cjson.null then
    print(text.block(value))
  end
end

return M
