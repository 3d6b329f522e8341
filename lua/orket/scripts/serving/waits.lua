-- waits.lua: which scripts wait for a person, for commands that only look: what a run under way recorded;
-- without one, what the files as they are now make possible that was not.

local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local lock = require("orket.core.lock")
local projects = require("orket.project.project")
local scripts = require("orket.scripts.scripts")
local serving = require("orket.scripts.serving")

local M = {}

-- The generation that the files are now.
local function name_of(dir)
  local root <close> = fs.root(dir)
  return root and scripts.name_of((scripts.texts(root)))
end

-- The paths of the scripts that wait: those that are others in what serves. Two maps path -> text, or its
-- hash.
local function differing(serves, waits)
  local paths = {}
  for _, files in ipairs({ serves, waits }) do
    for path in pairs(files) do
      paths[path] = serves[path] ~= waits[path] or nil
    end
  end
  return tables.keys(paths)
end

local function files_of(store, id)
  local row = store:read("generation", { id = id })[1]
  return row and row.files or {}
end

local function texts_of(generation)
  local texts = {}
  for path, entry in pairs(generation.files) do
    texts[path] = entry.text
  end
  return texts
end

local function from_journal(store, row)
  if row then
    row.files = differing(files_of(store, row.against), files_of(store, row.generation))
  end
  return row
end

---What the files as they are now hold back; nil when nothing, or when they do not build.
---@param dir string of the project
---@return {generation: string, against: string, delta: table[], files: string[]}|nil waiting  files: that
---  wait
function M.of_files(dir)
  local project <close> = projects.open(dir, {})
  local problems = project and select(2, project:load_scripts())
  if not problems or #problems > 0 then
    return nil
  end
  serving.settle(project)
  local one = project.waiting
  return one and not one.auto and {
    generation = one.generation.id, against = one.against, delta = one.delta,
    files = differing(texts_of(project.generation), texts_of(one.generation)),
  } or nil
end

---@param store Store
---@param dir string of the project
---@param owned boolean|nil this process owns it
---@return {generation: string, against: string, at: string?, delta: table[], files: string[]}|nil waiting
---  at: when it was recorded, if it was
function M.of(store, dir, owned)
  local serves, recorded = store:read("serving", {})[1], store:read("waiting", {})[1]
  if owned or lock.held(dir .. "/.orket") then
    return from_journal(store, recorded)
  end
  local name = name_of(dir) -- mostly that of what serves: then nothing has to be built
  if not serves or name == serves.generation then
    return nil
  end
  return recorded and recorded.generation == name and from_journal(store, recorded) or M.of_files(dir)
end

return M
