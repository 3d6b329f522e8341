-- seed_cards.lua: a project with many cards and no work, for measurements of the service.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local fs = require("orket.core.fs")

local M = {}

local PART = 500 -- cards of one transaction
local EPIC = "seed"

local FILES = {
  ["config/organization.json"] = { name = "Seed",
    models = { seed = { base_url = "http://127.0.0.1:9/v1", model = "seed" } },
    process_rules = { default_llm = "seed" } },
  ["config/teams/seed.json"] = { name = "Seed", seats = {
    worker = { name = "Worker", roles = { "coder" } },
    guard = { name = "Guard", roles = { "integrity_guard" } },
  } },
  ["config/environments/seed.json"] = { name = "Seed" },
  ["config/epics/seed.json"] = { name = "Seed", team = "seed", environment = "seed",
    issues = cjson.empty_array },
}

---Writes the project where there is none.
---@param dir string
---@return true|nil
---@return Error|nil
function M.write_project(dir)
  local root <close>, err = errors.check(fs.root(dir, { create = true }))
  if not root then
    return nil, err
  elseif root:kind("config/organization.json") then
    return true
  end
  for path, value in pairs(FILES) do
    root:mkdir(path:match("^(.*)/"))
    local ok
    ok, err = errors.check(root:write(path, cjson.encode(value)))
    if not ok then
      return nil, err
    end
  end
  return true
end

local function card(id)
  return { id = id, type = "issue", epic = EPIC, parent_id = EPIC, name = "Seeded card " .. id,
    seat = "worker", status = "ready", description = "A card of a measurement." }
end

---Puts cards on the board until there are so many.
---@param project table opened as owner, prepared
---@param count integer
---@return any|nil ok
---@return Error|nil
function M.create(project, count)
  local there = #project.store:read("backlog", { epic = EPIC })
  local tx = project.board:begin()
  for i = there + 1, count do
    local id = ("S%06d"):format(i)
    tx:event("card.created", id, card(id))
    if i % PART == 0 then
      local ok, err = errors.check(async.await(tx.commit, tx))
      if not ok then
        return nil, err
      end
      tx = project.board:begin()
    end
  end
  return errors.check(async.await(tx.commit, tx))
end

return M
