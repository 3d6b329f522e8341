-- sync.lua: applies the card files to the board: every difference becomes a recorded event by a person.

local async = require("orket.async")
local cards = require("orket.project.cards")
local cjson = require("cjson")
local config = require("orket.project.config")
local drift = require("orket.project.drift")
local errors = require("orket.errors")
local person = require("orket.governance.person")
local settings = require("orket.project.settings")

local M = {}

---Applies what the file says of a card to its card on the board.
---@param tx StoreTx
---@param one {id: string, revision: integer, fields: table[]} see drift.find
---@return integer|nil ok
---@return Error|nil
function M.change(tx, one)
  local set = {}
  for _, field in ipairs(one.fields) do
    set[field.key] = field.file == nil and cjson.null or field.file
  end
  return errors.check(tx:event("card.changed", one.id, { rev = one.revision, set = set }))
end

local function ids_of(list)
  local ids = {}
  for i, one in ipairs(list) do
    ids[i] = one.id
  end
  return setmetatable(ids, cjson.array_mt)
end

---Reads the files anew and applies them.
---@param project table opened as owner
---@param request Request
---@return {created: string[], changed: string[]}|nil
---@return Error|Error[]|nil
local function perform(project, request)
  local loaded, err = config.load(project.dir)
  if not loaded then
    return nil, err
  end
  project.config = settings.keep(loaded, project.config)
  local found = drift.find(project.store, loaded)
  if not project.board then
    project:open_board("system")
  end
  local ok
  ok, err = cards.create(project)
  if not ok then
    return nil, err
  end
  local tx = person.begin(project, request.who)
  for _, one in ipairs(found.changed) do
    ok, err = M.change(tx, one)
    if not ok then
      return nil, err
    end
  end
  if #found.changed > 0 then
    ok, err = errors.check(async.await(tx.commit, tx))
    if not ok then
      return nil, err
    end
  end
  return { created = ids_of(found.missing), changed = ids_of(found.changed) }
end

M.acts = {
  sync = {
    summary = "applies the card files to the board",
    fields = {}, errors = { "ERR_CONFIG", "ERR_SCHEMA", "ERR_CYCLE", "ERR_NOT_FOUND" },
    perform = perform,
  },
}

return M
