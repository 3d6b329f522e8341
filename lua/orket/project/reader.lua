-- reader.lua: a project's database, read-only, for commands that look and do not touch.

local config = require("orket.project.config")
local errors = require("orket.errors")
local suggest = require("orket.util.suggest")
local fs = require("orket.core.fs")
local lock = require("orket.core.lock")
local project = require("orket.project.project")

local M = {}

local RUNS_NAMED = 10 -- in a message

-- Why something could not be opened: it is not there, unless the machine failed to look.
local function missing(err, message, fix)
  return errors.is_machine(err.code) and err or errors.new("ERR_NOT_FOUND", message, fix)
end

---@param dir string project directory
---@return table|nil store
---@return Error|nil
function M.open(dir)
  local root <close>, err = errors.check(fs.root(dir))
  local kind
  if root then
    kind, err = errors.check(root:kind("config/organization.json"))
  end
  if not kind then
    return nil, missing(err, dir .. " is no project", "name one with -C DIR; orket init DIR makes a new one")
  end
  kind, err = errors.check(root:kind(".orket/orket.db"))
  if not kind then
    return nil, errors.is_machine(err.code) and err or project.without_board(dir)
  end
  return project.open_board(dir)
end

-- The process that owns the project now has it under way: it began since that process is the owner.
local function is_under_way(run, dir)
  return lock.held(dir) and (run.session_at or run.started_at) >= (lock.taken_at(dir) or "")
end

---All runs with what they have come to, oldest first. One without an end was interrupted, unless it is
---under way.
---@param board table an open store
---@param dir string
---@param id string|nil only this one
---@return table[] rows
function M.runs(board, dir, id)
  local rows = board:read("runs", { id = id })
  for _, run in ipairs(rows) do
    if run.status == "running" and not is_under_way(run, dir .. "/.orket") then
      run.status = "interrupted"
    end
  end
  return rows
end

---A run's row; an unknown id answers the ones that there are.
---@param board table an open store
---@param dir string
---@param id string
---@return table|nil run
---@return Error|nil
function M.run(board, dir, id)
  local ids = {}
  for i, run in ipairs(M.runs(board, dir)) do
    if run.id == id then
      return run
    end
    ids[i] = run.id
  end
  return nil, errors.new("ERR_NOT_FOUND", "there is no run '" .. id .. "'",
    #ids == 0 and "none has begun" or "the newest: "
      .. table.concat(ids, ", ", math.max(1, #ids - RUNS_NAMED + 1)))
end

local function other_card(board, id)
  local ids = {}
  for i, row in ipairs(board:read("board", {})) do
    ids[i] = row.id
  end
  return suggest.find(id, ids), #ids > 0
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
  return nil, errors.new("ERR_NOT_FOUND", "there is no card '" .. id .. "'" .. guess,
    "orket board lists the cards")
end

local function is_in_files(files, id)
  if (files.epics or {})[id] or (files.rocks or {})[id] then
    return true
  end
  for _, epic in pairs(files.epics or {}) do
    for _, issue in ipairs(epic.issues) do
      if issue.id == id then
        return true
      end
    end
  end
  return false
end

---Does such a card exist? Also one that only the files have, and is on the board with the next run.
---@param board table an open store
---@param dir string
---@param id string
---@param breathe fun()|nil see config.read
---@return true|nil
---@return Error|nil ERR_NOT_FOUND
function M.check_card(board, dir, id, breathe)
  local found, err = M.card(board, id)
  if found or is_in_files(config.read(dir, nil, breathe), id) then
    return true
  end
  return nil, err
end

return M
