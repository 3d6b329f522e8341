-- reader.lua: a project's database, read-only, for commands that look and do not touch.

local errors = require("orket.errors")
local nearest = require("orket.nearest")
local fs = require("orket.core.fs")
local projects = require("orket.project")
local store = require("orket.core.store")

local M = {}

---@param dir string project directory
---@return table|nil store
---@return Error|nil
function M.open(dir)
  local root <close> = fs.root(dir)
  if not root or not root:kind("config/organization.json") then
    return nil, errors.new("ERR_NOT_FOUND", dir .. " is no project",
      "name one with -C DIR; orket init DIR makes a new one")
  elseif not root:kind(".orket/orket.db") then
    return nil, errors.new("ERR_NOT_FOUND", "there is no board in " .. dir .. " yet",
      "orket run EPIC or orket sync puts the cards of the files on it")
  end
  return errors.check(store.open(projects.database(dir), { readonly = true }))
end

local function other_card(board, id)
  local ids = {}
  for i, row in ipairs(board:read("board", {})) do
    ids[i] = row.id
  end
  return nearest.find(id, ids), #ids > 0
end

---A card's row; an unknown id answers the one that was probably meant.
---@param board table an open store
---@param id string
---@return table|nil card
---@return Error|nil
function M.card(board, id)
  local card = board:read("card", { id = id })[1]
  if card then
    return card
  end
  local near, any = other_card(board, id)
  if not any then
    return nil, errors.new("ERR_NOT_FOUND", "there is no card '" .. id .. "', the board is empty",
      "orket sync or orket run EPIC puts the cards of the files on it")
  end
  local guess = near and ", did you mean " .. near .. "?" or ""
  return nil, errors.new("ERR_NOT_FOUND", "there is no card '" .. id .. "'" .. guess, "orket board lists the cards")
end

return M
