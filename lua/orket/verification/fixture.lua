-- fixture.lua: a verification's file, verification/NAME.json, and what lies beside it in verification/NAME/:
-- programs and tests. Both are the project's; no agent can write them. Their bytes together have one hash,
-- which a verdict records. docs/verification.md has the kinds.

local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local fixture_check = require("orket.verification.fixture_check")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")

local M = {}

local FILE_MAX = 16 * 1024 * 1024 -- bytes of a file that belongs to a fixture

M.LIMITS = {
  wall = 30, cpu = 30, memory = 512 * 1024 * 1024, output = 256 * 1024, procs = 64, fsize = 64 * 1024 * 1024,
}

---@class Fixture
---@field path string       below verification/
---@field name string       without ".json"
---@field kind "plain"|"command"|"functions"|"http"|"runner"|"browser"
---@field value table       what the file says
---@field hash string       of all its files
---@field home string       absolute path of verification/
---@field directory string  absolute path of verification/NAME/
---@field files table<string, string>  bytes by path from verification/NAME/ on

-- The bytes of everything below a directory; nothing when it is not there.
local function bytes_below(root, directory)
  local texts = {}
  local below <close>, message, code, fix = root:beneath(directory)
  if not below then
    return code == "ERR_NOT_FOUND" and texts or errors.check(nil, message, code, fix)
  end
  local entries, more = errors.check(below:walk(".", disk.FILES_MAX))
  for _, entry in ipairs(entries or {}) do
    if entry.type == "file" then
      local bytes, err = errors.check(below:read(entry.name, FILE_MAX))
      if not bytes then
        return nil, err
      end
      texts[entry.name] = bytes
    end
  end
  return entries and texts, more
end

-- What a plain fixture names of verification/ in its argv belongs to it as well, where it is a file.
local function add_named(root, value, texts)
  for _, argument in ipairs(fixture_check.kind(value) == "plain" and value.argv or {}) do
    local path = tostring(argument):match("{verification}/(.+)")
    local bytes, err
    if path then
      bytes, err = errors.check(root:read(path, FILE_MAX))
    end
    if errors.is_environment(err) then
      return nil, err
    end
    texts["../" .. (path or "")] = bytes
  end
  return texts
end

local function hash_of(text, texts)
  local parts = { text }
  for _, path in ipairs(tables.keys(texts)) do
    parts[#parts + 1], parts[#parts + 2] = path, texts[path]
  end
  return hash.parts(parts)
end

local function load(project, root, path)
  local source, err = fixture_check.read(project.root, path)
  local name, texts = path:gsub("%.json$", ""), nil
  if source then
    texts, err = bytes_below(root, name)
  end
  if texts then
    texts, err = add_named(root, source.value, texts)
  end
  if not texts then
    return nil, err
  end
  local home = project.root:path() .. "/verification"
  return { path = path, name = name, kind = fixture_check.kind(source.value), value = source.value,
    hash = hash_of(source.text, texts), home = home, directory = home .. "/" .. name, files = texts }
end

---@param project table
---@param path string below verification/
---@return Fixture|nil
---@return Error|nil err it cannot be read
function M.load(project, path)
  local root <close>, message, code, fix = project.root:beneath("verification")
  if not root then
    return errors.check(nil, message, code, fix)
  end
  return load(project, root, path)
end

---The files that are laid over a card's tree before it is tested: those of verification/NAME/tree/.
---@param fixture Fixture
---@return table<string, string> bytes by path in the tree
function M.overlay(fixture)
  local texts = {}
  for path, bytes in pairs(fixture.files) do
    local below = path:match("^tree/(.+)$")
    if below then
      texts[below] = bytes
    end
  end
  return texts
end

return M
