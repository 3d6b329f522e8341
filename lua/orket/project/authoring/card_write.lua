-- card_write.lua: the card files with one other text, as the validator leaves them: checked, written, and
-- what the board does of it in one commit with that. Which text that is says authoring.lua.

local async = require("orket.async")
local cards = require("orket.project.cards")
local config = require("orket.project.config")
local errors = require("orket.errors")
local person = require("orket.governance.person")
local settings = require("orket.project.settings")

local M = {}

-- ---- what is wrong ----

---An error about fields of a card.
---@param rows {path: string, message: string}[] path: JSON pointer in the card, or FILE#POINTER
---@param fix string|nil
---@return Error
function M.faulty(rows, fix)
  local err = errors.new("ERR_CONFIG", rows[1].path .. ": " .. rows[1].message, fix)
  err.errors = rows
  return err
end

-- A problem of the files, by the field of the card that was sent where it is about that.
local function row_of(problem, place)
  local path = problem.file .. "#" .. problem.path
  if place and problem.file == place.file and problem.path:sub(1, #place.at) == place.at then
    path = problem.path:sub(#place.at + 1)
  end
  return { path = path, message = problem.message }
end

local function refused(problems, place)
  local rows = {}
  for i, problem in ipairs(problems) do
    if problem.code then -- the machine, not what is written
      return errors.new(problem.code, problem.file .. ": " .. problem.message, problem.fix)
    end
    rows[i] = row_of(problem, place)
  end
  return M.faulty(rows, problems[1].fix)
end

---The project as it would be with other texts.
---@param project table opened as owner
---@param files table<string, string|false>|nil by path; false: the file is gone
---@param place {file: string, at: string}|nil of the card that was sent: errors about it say the field
---@return table|nil loaded
---@return table|Error origins see config.read
function M.read(project, files, place)
  local loaded, found = config.read(project.dir, files, async.breather())
  if #found.errors > 0 then
    return nil, refused(found.errors, place)
  end
  loaded.warnings = found.warnings
  return loaded, found.origins
end

---@param id string
---@param now integer
---@param sent integer
---@return Error
function M.stale(id, now, sent)
  local err = errors.new("ERR_STALE", ("%s has revision %d, not %d"):format(id, now, sent),
    "read the card again, and decide anew")
  err.more = { revision = now, sent = sent }
  return err
end

-- ---- one edit ----

---@class CardEdit
---@field id string the card's on the board
---@field act "create"|"change"|"remove"
---@field file string
---@field text string|false what it says then; false: it is gone
---@field loaded table the project with it
---@field creates table<string, true>|nil epics and rocks of the files that have cards which the board has not
---@field board (fun(tx: StoreTx): any, Error|nil)|nil what the board does besides

local function put(project, file, text)
  if text then
    return errors.check(project.root:write(file, text))
  end
  local ok, err = errors.check(project.root:delete(file))
  return ok or err.code == "ERR_NOT_FOUND" or nil, err
end

local function record(project, request, edit, was)
  local tx = person.begin(project, request.who)
  local ok, err = true, nil
  if edit.creates then
    ok, err = cards.add_missing(project, tx, nil, edit.creates)
  end
  if ok and edit.board then
    ok, err = edit.board(tx)
  end
  if not ok then
    tx:abandon()
    return nil, err
  end
  tx:event("card.authored", edit.id, { act = edit.act, files = { [edit.file] = {
    was = was and tx:blob(was), now = edit.text and tx:blob(edit.text) or nil } } })
  return errors.check(async.await(tx.commit, tx))
end

---Writes the file, then records what the board does of it: a file may be there without the board, as an
---editor leaves it, never the other way round.
---@param project table opened as owner
---@param request Request
---@param edit CardEdit
---@return {card: string, revision: integer, status: string, file: string, message: string}|nil
---@return Error|nil
function M.perform(project, request, edit)
  local was = project.root:read(edit.file, 16 << 20)
  local before = project.config
  local ok, err = put(project, edit.file, edit.text)
  if ok then
    project.config = settings.keep(edit.loaded, before)
    ok, err = record(project, request, edit, was)
  end
  if not ok then
    project.config = before
    put(project, edit.file, was or false)
    return nil, err
  end
  local row = project.store:read("card_state", { id = edit.id })[1]
  return { card = edit.id, revision = row.revision, status = row.status, file = edit.file,
    message = ("%s: %sd, %s"):format(edit.id, edit.act, edit.file) }
end

return M
