-- man_page.lua: orket(1), made from the registry of commands and their usage.

local sys = require("orket.core.sys")

local M = {}

local HEAD = [[
.TH ORKET 1 "" "orket %s" "Orket"
.SH NAME
orket \- runs teams of LLM agents on a board of work cards
.SH SYNOPSIS
.B orket
[\-C DIR] COMMAND [ARGUMENT...]
.SH DESCRIPTION
A project is a directory; \-C names it, else it is found upwards from the current directory. Exit:
0 done, 1 failed or refused, 2 wrong usage, 3 parked for a person.
]]

local function ascii(character)
  return #character > 1 and ("\\[u%04X]"):format(utf8.codepoint(character)) or nil
end

-- Text as it is: roff would take a backslash, and a period or an apostrophe at the beginning of a line, as
-- its own.
local function plain(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("%f[^\n\0][.']", "\\&%0")
  return (text:gsub(utf8.charpattern, ascii))
end

local function section(cli, name)
  local command = cli.commands[name]
  return table.concat({ ".SS ", plain(name), "\n", plain(command[2]), "\n.PP\n.nf\n",
    plain(cli.usage_of(name)), ".fi\n" })
end

---The page as roff.
---@param cli table the command line
---@return string
function M.render(cli)
  local parts = { (HEAD:format(sys.version())) }
  for _, group in ipairs(cli.groups) do
    parts[#parts + 1] = ".SH " .. group[1]:upper() .. "\n"
    for i = 2, #group do
      parts[#parts + 1] = section(cli, group[i])
    end
  end
  return table.concat(parts)
end

return M
