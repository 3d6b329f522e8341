-- waiting.lua: which scripts wait for a person, for whoever only looks: what a run under way recorded; without one, what
-- the files as they are now make possible that was not.

local fs = require("orket.core.fs")
local lock = require("orket.core.lock")
local projects = require("orket.project")
local scripts = require("orket.scripts")
local serving = require("orket.serving")

local M = {}

-- The generation that the files are now.
local function name_of(dir)
  local root <close> = fs.root(dir)
  return root and scripts.name_of((scripts.texts(root)))
end

---What the files as they are now hold back; nil when nothing, or when they do not build.
---@param dir string of the project
---@return {generation: string, against: string, delta: table[]}|nil waiting
function M.of_files(dir)
  local project <close> = projects.open(dir, {})
  local problems = project and select(2, project:load_scripts())
  if not problems or #problems > 0 then
    return nil
  end
  serving.settle(project)
  local one = project.waiting
  return one and not one.auto and { generation = one.generation.id, against = one.against, delta = one.delta } or nil
end

---@param store Store
---@param dir string of the project
---@return {generation: string, against: string, at: string?, delta: table[]}|nil waiting  at: when it was recorded, if it was
function M.of(store, dir)
  local serves, recorded = store:read("serving", {})[1], store:read("waiting", {})[1]
  if lock.held(dir .. "/.orket") then
    return recorded
  end
  local name = name_of(dir) -- mostly that of what serves: then nothing has to be built
  if not serves or name == serves.generation then
    return nil
  end
  return recorded and recorded.generation == name and recorded or M.of_files(dir)
end

return M
