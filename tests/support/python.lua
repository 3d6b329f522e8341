-- python.lua: servers of specs that are written in Python (tests/support/*.py): each prints its
-- port, alone on the first line.

local orket = dofile("tests/support/orket.lua")
local uv = require("luv")

local M = {}

---Starts one; it ends when the variable closes.
---@param name string a file in tests/support
---@param argument string|nil
---@return {port: integer, pid: string}
function M.serve(name, argument)
  local out = os.tmpname()
  local command = ("exec python3 tests/support/%s %s >%s & echo $!"):format(name, argument and "'" .. argument
    .. "'" or "", out)
  local pid = orket.shell(command):match("%d+")
  local self = { pid = pid }
  setmetatable(self, { __close = function() os.execute("kill " .. pid .. " 2>/dev/null") end })
  for _ = 1, 3000 do
    self.port = tonumber(orket.read(out):match("^(%d+)\n"))
    if self.port then
      break
    end
    uv.sleep(10)
  end
  os.remove(out)
  assert(self.port, name .. " says no port")
  return self
end

return M
