-- terminal.lua: a person at a terminal (terminal.py): commands that are typed to, and what they show.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

local TAIL = 2000 -- bytes of what was shown that a failure quotes

---Runs a command in a terminal and goes through the steps: {"see", text}, {"type", text}, {"signal", name},
---{"stopped"}. All of them have to be reached.
---@param command string
---@param steps table[]
---@param window {columns: integer, rows: integer}|nil  80 to 24 when nil
---@return string text all that was shown
---@return integer code
---@return boolean[] found  whether the terminal had its settings at each stop and at the end
function M.play(command, steps, window)
  local name = os.tmpname()
  orket.write(name, cjson.encode(setmetatable(steps, cjson.array_mt)))
  local quoted = "'" .. command:gsub("'", "'\\''") .. "'"
  local answer = orket.shell(string.format("python3 tests/support/terminal.py %d %d %s <%s",
    window and window.columns or 80,
    window and window.rows or 24, quoted, name))
  os.remove(name)
  local played = cjson.decode(answer)
  assert(played.missing == cjson.null, "never shown: " .. tostring(played.missing) .. "\n"
    .. played.text:sub(-TAIL))
  return played.text, math.tointeger(played.code), played.found
end

return M
