-- scratch.lua: a directory for trees of a replay or a test, away from the project; gone when it is closed. A
-- process that is killed cannot remove its own: the next one does, for a lock that is not held has no owner
-- any more.

local errors = require("orket.errors")
local fs = require("orket.core.fs")
local lock = require("orket.core.lock")
local sys = require("orket.core.sys")

local M = {}

local Scratch = {}
Scratch.__index = Scratch

local NAME = "orket-scratch-%08x%08x"
local IS_NAME = "^orket%-scratch%-" .. ("%x"):rep(16) .. "$"

local function remove(dir, name, held)
  local above <close> = fs.root(dir)
  if above then
    above:remove(name)
  end
  held:release()
end

-- Directories of this user that nobody works in: whoever did was killed.
local function sweep(dir, above)
  for _, entry in ipairs(above:list(".") or {}) do
    local name = entry.type == "directory" and entry.name:match(IS_NAME)
    local held = name and lock.take(dir .. "/" .. name)
    if held then
      remove(dir, name, held)
    end
  end
end

---Makes one below TMPDIR (/tmp), for this user alone, and removes those that killed processes left behind.
---@return table|nil scratch {root}
---@return Error|nil
function M.open()
  local dir = sys.env("TMPDIR") or "/tmp"
  local above <close>, message, code = fs.root(dir)
  if not above then
    return nil, errors.new(code, message, "TMPDIR names a directory that is there")
  end
  sweep(dir, above)
  local root, held, err
  for _ = 1, 10 do -- another one may sweep it away before it is locked
    local name = NAME:format(math.random(0, 0xffffffff), math.random(0, 0xffffffff))
    held, err = errors.check(lock.take(dir .. "/" .. name))
    if held then
      root, err = errors.check(above:beneath(name))
    end
    if root then
      return setmetatable({ root = root, name = name, held = held, dir = dir }, Scratch)
    end
  end
  return nil, err
end

function Scratch:close()
  if self.root then
    self.root:close()
    self.root = nil
    remove(self.dir, self.name, self.held)
  end
end

Scratch.__close = Scratch.close

return M
