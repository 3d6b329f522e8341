-- desktop.lua: a message on the desktop of the person in whose session this process is: by notify-send of
-- libnotify, a fixed list of arguments, in a jail that sees the session's bus and no file of the person.

local errors = require("orket.errors")
local proc = require("orket.core.proc")
local program = require("orket.effects.program")
local strings = require("orket.util.strings")
local text = require("orket.view.format.text")

local M = {}

local WALL = 10 -- seconds
local LONGEST = 500 -- bytes of what it complains of

-- Daemons read markup in the body; notify-send itself reads escapes with a backslash there.
local MARKUP = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["\\"] = "&#92;" }

local function escaped(line)
  return (text.clean(line):gsub('[&<>"\\]', MARKUP))
end

-- Its address, and the directory of its socket. A name without a file cannot be shown in a jail.
local function bus()
  local address = os.getenv("DBUS_SESSION_BUS_ADDRESS")
  local path = (address or "unix:path=" .. (os.getenv("XDG_RUNTIME_DIR") or "") .. "/bus")
    :match("unix:path=(/[^,;]+/[^,;/]+)")
  if not path then
    return nil, errors.new("ERR_CONFIG", address and "the session's bus has no path: " .. address
      or "this process is in no session of a desktop",
      "run orket in the session of the person, where DBUS_SESSION_BUS_ADDRESS is unix:path=…")
  end
  local directory = path:match("^(.*)/"):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end)
  return { address = "unix:path=" .. path, directory = directory }
end

local function complaint(result)
  local said = strings.of_bytes(result.stderr:sub(1, LONGEST)):gsub("%s+$", "")
  return result.limit and "it was stopped by the " .. result.limit .. " limit" or said
end

---Shows a message. In a task.
---@param title string
---@param lines string[]
---@return true|nil ok
---@return Error|nil ERR_CONFIG, ERR_NOT_FOUND (no notify-send), ERR_IO (no daemon took it), ERR_JAIL
function M.show(title, lines)
  local found, err = bus()
  if not found then
    return nil, err
  end
  local body = {}
  for i, line in ipairs(lines) do
    body[i] = escaped(line)
  end
  local result
  result, err = program.run(proc.run, { scratch = true, show = { found.directory }, wall = WALL,
    env = { DBUS_SESSION_BUS_ADDRESS = found.address },
    argv = { "notify-send", "--app-name=Orket", "--", text.clean(title), table.concat(body, "\n") } })
  if err and err.code == "ERR_PROC" then
    return nil, errors.new("ERR_NOT_FOUND", "notify-send cannot be started", "apt-get install libnotify-bin")
  elseif err then
    return nil, err
  elseif result.exit ~= 0 then
    return nil, errors.new("ERR_IO", "notify-send failed: " .. complaint(result),
      "a notification daemon has to run in this session, which is of the user that runs orket")
  end
  return true
end

return M
