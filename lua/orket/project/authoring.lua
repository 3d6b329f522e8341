-- authoring.lua: a person creates, changes or removes a card: its file is written as the validator leaves it,
-- and the board follows in one commit with what was written. The files stay the source: what is done here can
-- be done with an editor and `orket sync` as well. A run under way hears of it as of any act of a person.

local card_edit = require("orket.project.authoring.card_edit")
local card_export = require("orket.project.card_export")
local card_write = require("orket.project.authoring.card_write")
local cards = require("orket.project.cards")
local cjson = require("cjson")
local draft = require("orket.planning.draft")
local drift = require("orket.project.drift")
local errors = require("orket.errors")
local moves = require("orket.effects.moves")
local objection = require("orket.planning.objection")
local statuses = require("orket.util.statuses")
local sync = require("orket.project.sync")
local tables = require("orket.util.tables")

local M = {}

local FINAL = statuses.FINAL

-- One at a time: each is checked against the files as the one before left them.
local function alone(act)
  return function(project, request)
    local held <close>, canceled = project:alone("cards")
    if not held then
      return nil, canceled
    end
    return act(project, request)
  end
end

-- ---- create ----

-- What a card may be created as, and what it is then.
local KINDS = { issue = "issue", epic = "epic", rock = "rock", story = "issue", bug = "issue",
  task = "issue" }

local function against_names(project, file, ids)
  for _, card in ipairs(ids) do
    if draft.is_reserved(card.id) then
      return card_write.faulty({ { path = "/id",
        message = "'" .. card.id .. "' is a name that the program gives itself" } },
        "another one, without -b2, -r2, -f2, '..' or PLAN-1")
    end
  end
  local faults = objection.taken(project, project.store, { [file] = "" }, ids)
  return faults[1] and errors.new("ERR_EXISTS", faults[1], "choose another id")
end

local function text_of(kind, card)
  local value = {}
  for key, one in pairs(card) do
    value[key] = one
  end
  value.type = value.type ~= kind and value.type or nil -- story, bug, task: labels of an issue
  value.id = nil
  return card_export.pretty(value)
end

local function kind_of(card)
  local kind = KINDS[card.type or "issue"]
  if kind then
    return kind
  end
  return nil, card_write.faulty({ { path = "/type", message = "a card is an issue, an epic or a rock" } })
end

-- The cards that come with it: an epic's issues.
local function ids_of(loaded, kind, id)
  local ids = { { id = id } }
  for _, issue in ipairs(kind == "epic" and loaded.epics[id].issues or {}) do
    ids[#ids + 1] = { id = issue.id }
  end
  return ids
end

-- Epics that are on the board become the rock's: those that are not are made as its own.
local function adopt(project, rock)
  return function(tx)
    for _, entry in ipairs(rock.epics) do
      local row = project.store:read("card_state", { id = cards.newest(project.store, entry.epic) })[1]
      local ok, err = true, nil
      if row and row.parent ~= rock.id then
        ok, err = errors.check(tx:event("card.changed", row.id, { rev = row.revision,
          set = { parent_id = rock.id } }))
      end
      if not ok then
        return nil, err
      end
    end
    return true
  end
end

local function create(project, request)
  local card = request.card
  local kind, err = kind_of(card)
  if not kind then
    return nil, err
  elseif type(card.id) ~= "string" or not card.id:find("^%w[%w._-]*$") or #card.id > 64 then
    return nil, card_write.faulty({ { path = "/id",
      message = "an id is letters, digits, '.', '_', '-', at most 64" } })
  end
  local file = card_edit.file(kind, card.id)
  err = against_names(project, file, { card })
  if err then
    return nil, err
  end
  local text = text_of(kind, card)
  local loaded
  loaded, err = card_write.read(project, { [file] = text }, { file = file, at = "" })
  err = not loaded and err or against_names(project, file, ids_of(loaded, kind, card.id))
  if err then
    return nil, err
  end
  return card_write.perform(project, request, { id = card.id, act = "create", file = file, text = text,
    loaded = loaded, creates = tables.set({ kind == "issue" and card.parent_id or card.id }),
    board = kind == "rock" and adopt(project, loaded.rocks[card.id]) or nil })
end

-- ---- a card that is there ----

-- One that agents made is on the board alone: its file would be this.
local function place_of_board(project, loaded, id)
  for _, one in ipairs(drift.find(project.store, loaded).extra) do
    if one.id == id then
      local value = card_export.of_board(project.store, loaded, one)
      return { card = { id = id, type = "issue" }, file = card_edit.file("issue", id), at = "",
        is_unwritten = true, value = value, text = card_export.pretty(value) }
    end
  end
end

local function place_of(project, loaded, origins, id)
  local place = card_edit.find(loaded, origins, id) or place_of_board(project, loaded, id)
  if place then
    return place
  end
  return nil, errors.new("ERR_NOT_FOUND", "there is no card '" .. id .. "' in the files",
    "GET /v1/board lists the cards; one of a further build is changed in its file")
end

local function found(project, id)
  local loaded, origins = card_write.read(project)
  if not loaded then
    return nil, origins
  end
  local place, err = place_of(project, loaded, origins, id)
  if not place then
    return nil, err
  end
  place.loaded, place.id = loaded, cards.newest(project.store, id)
  place.row = project.store:read("card_state", { id = place.id })[1]
  return place
end

local function at_revision(project, request)
  local place, err = found(project, request.card)
  local now = place and place.row and place.row.revision or 0
  if place and now ~= request.revision then
    return nil, card_write.stale(place.id, now, request.revision)
  end
  return place, err
end

---What is written of a card, with what the board says otherwise of its fields.
---@param project table opened as owner
---@param id string
---@return {card: string, file: string, at: string, revision: integer, definition: table}|nil
---@return Error|nil
function M.definition(project, id)
  local place, err = found(project, id)
  if not place then
    return nil, err
  end
  local value = card_edit.definition(place)
  local differs = not place.is_unwritten and drift.of(project.store, place.card)
  if differs then
    card_export.update(value, differs)
  end
  return { card = place.id, file = place.file, at = place.at,
    revision = place.row and place.row.revision or 0, definition = value }
end

-- ---- change ----

-- What a card is and belongs to is said when it is made.
local FIXED = { "id", "type", "parent_id", "issues", "stories", "cards", "epics" }

local function is_same(place, key, value)
  if key == "id" or key == "type" then
    return value == place.card[key] or value == place.value[key]
  end
  return tables.same(value, place.value[key])
end

local function against_fixed(place, values)
  for _, key in ipairs(FIXED) do
    if values[key] ~= nil and not is_same(place, key, values[key]) then
      return card_write.faulty({ { path = "/" .. key, message = "this stays as the card was made with" } },
        "cards of an epic or a rock are created, changed and removed one by one")
    end
  end
end

-- The values that are other ones than those of the file; of a whole card also those that it does not have.
local function changes_of(place, request)
  local values, is_fixed = {}, tables.set(FIXED)
  for key, value in pairs(request.set) do
    values[key] = not is_fixed[key] and not tables.same(value, place.value[key]) and value or nil
  end
  for key in pairs(request.whole and place.value or {}) do
    if request.set[key] == nil and not is_fixed[key] and key ~= "$schema" then
      values[key] = cjson.null
    end
  end
  return values
end

local BOARD_KEY = { summary = "name" }

-- Only what was sent goes to the board: what agents changed there otherwise stays.
local function change_board(project, edit, request)
  return function(tx)
    local differs = drift.of(project.store, edit.card)
    local fields, sent = {}, {}
    for key in pairs(request.whole and edit.card or request.set) do
      sent[BOARD_KEY[key] or key] = true
    end
    for _, field in ipairs(differs and differs.fields or {}) do
      fields[#fields + 1] = sent[field.key] and field or nil
    end
    if #fields == 0 then
      return true
    end
    differs.fields = fields
    return sync.change(tx, differs)
  end
end

local function card_in(loaded, origins, id)
  return card_edit.find(loaded, origins, id).card
end

local function change(project, request)
  local place, err = at_revision(project, request)
  if place and place.row and FINAL[place.row.status] then
    err = errors.new("ERR_TRANSITION", place.id .. " is " .. place.row.status
      .. ": a finished card stays as it is", "create another card")
  end
  err = err or against_fixed(place, request.set)
  if err then
    return nil, err
  end
  local text = card_edit.changed(place, changes_of(place, request))
  local loaded, origins = card_write.read(project, { [place.file] = text }, place)
  if not loaded then
    return nil, origins
  end
  local edit = { id = place.id, act = "change", file = place.file, text = text, loaded = loaded,
    card = card_in(loaded, origins, place.card.id) }
  edit.board = change_board(project, edit, request)
  return card_write.perform(project, request, edit)
end

-- ---- remove ----

local function archive(tx, card, store)
  for _, child in ipairs(card.type == "issue" and {} or store:read("children", { parent = card.id })) do
    if child.status ~= "archived" and child.type == "issue" then
      local ok, err = moves.add(tx, child, "archived", { role = "system", why = card.id .. " was removed" })
      if not ok then
        return nil, err
      end
    end
  end
  return moves.add(tx, card, "archived", { role = "system", why = "removed" })
end

-- What is open is canceled, with what it is made of; what is finished is archived.
local function retire(project, row, why)
  return function(tx)
    if not row or row.status == "archived" then
      return true
    elseif FINAL[row.status] then
      return archive(tx, row, project.store)
    end
    local ok, err = moves.add(tx, row, "canceled", { role = "human", why = why or "removed" })
    if ok then
      ok, err = moves.cancel_below(tx, row, project.store)
    end
    return ok, err
  end
end

local function siblings_of(place)
  local epic = place.loaded.epics[place.card.epic]
  return epic and epic.issues or {}
end

local function remove(project, request)
  local place, err = at_revision(project, request)
  if not place then
    return nil, err
  end
  local text = card_edit.removed(place, siblings_of(place))
  local loaded
  loaded, err = card_write.read(project, { [place.file] = text })
  if not loaded then
    return nil, err
  end
  return card_write.perform(project, request, { id = place.id, act = "remove", file = place.file, text = text,
    loaded = loaded, board = retire(project, place.row, request.why) })
end

-- ---- the acts ----

local CODES = { "ERR_NOT_FOUND", "ERR_CONFIG", "ERR_STALE", "ERR_TRANSITION" }

M.acts = {
  ["card.create"] = {
    summary = "creates an issue, an epic with its issues, or a rock: `card` is what its file would say, with"
      .. " `id` and `type`", fields = { card = "object" },
    errors = { "ERR_CONFIG", "ERR_EXISTS" }, perform = alone(create),
  },
  ["card.change"] = {
    summary = "changes fields of a card in its file and on the board; `set`: values by key, null removes one;"
      .. " `whole`: all others go", fields = { card = "text", revision = "integer", set = "object",
      whole = "boolean?" },
    errors = CODES, perform = alone(change),
  },
  ["card.remove"] = {
    summary = "takes a card out of the files; an open one is canceled, a finished one archived",
    fields = { card = "text", revision = "integer", why = "text?" }, errors = CODES, perform = alone(remove),
  },
}

return M
