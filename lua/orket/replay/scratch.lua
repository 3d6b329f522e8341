-- scratch.lua: a directory for the trees of a replay, away from the project; gone when it is closed.

local errors = require("orket.errors")
local fs = require("orket.core.fs")

local M = {}

local Scratch = {}
Scratch.__index = Scratch

local function empty(root)
  for _, entry in ipairs(root:list(".") or {}) do
    if entry.type == "directory" then
      local below <close> = root:beneath(entry.name)
      if below then
        empty(below)
      end
    end
    root:delete(entry.name)
  end
end

---Makes one below /tmp.
---@return table|nil scratch {root}
---@return Error|nil
function M.open()
  local above <close>, message, code = fs.root("/tmp")
  if not above then
    return nil, errors.new(code, message, "there has to be a directory /tmp")
  end
  for _ = 1, 10 do
    local name = string.format("orket-replay-%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
    local root, made = above:beneath(name, { create = true })
    if root and made == true then
      return setmetatable({ root = root, name = name, dir = above:path() }, Scratch)
    end
  end
  return nil, errors.new("ERR_IO", "cannot make a directory in " .. above:path(), "make room in /tmp")
end

function Scratch:close()
  if self.root then
    empty(self.root)
    self.root:close()
    self.root = nil
    local above <close> = fs.root(self.dir)
    if above then
      above:delete(self.name)
    end
  end
end

Scratch.__close = Scratch.close

return M
