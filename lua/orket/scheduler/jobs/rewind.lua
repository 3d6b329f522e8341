-- rewind.lua: a run begins again at a card: the card and all that depends on it are to be worked on anew, the
-- rest stays. One transaction, in a person's name, under the rules.
--
-- Open cards go back to ready, and what they changed in their trees is dropped. Done is final: a finished
-- card is put away and a new one takes its place, ID-r2, on which the others depend from then on. What the
-- finished cards had brought into the epic's tree is taken out of it.

local async = require("orket.async")
local cards = require("orket.project.cards")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")
local reader = require("orket.project.reader")
local run_set = require("orket.scheduler.run_set")
local epic_tree = require("orket.workspace.epic_tree")

local M = {}

local BACK = { -- the way to ready, step by step
  ready = {}, in_progress = { "ready" }, blocked = { "ready" }, waiting_for_developer = { "ready" },
  ready_for_testing = { "in_progress", "ready" }, code_review = { "in_progress", "ready" },
}

-- Of a card's file form what says how far it had come.
local PROGRESS = { "wait_reason", "assignee", "note", "retry_count", "status" }

-- ---- what is to be begun again ----

---The card and all that depends on it, also indirectly, in their order; of other cards nothing.
---@param backlog table[] issues with depends_on
---@param from string
---@return table[]
function M.affected(backlog, from)
  local taken, grown = { [from] = true }, true
  while grown do
    grown = false
    for _, card in ipairs(backlog) do
      for _, id in ipairs(not taken[card.id] and card.depends_on or {}) do
        grown = grown or taken[id] == true
        taken[card.id] = taken[card.id] or taken[id]
      end
    end
  end
  local list = {}
  for _, card in ipairs(backlog) do
    list[#list + 1] = taken[card.id] and (BACK[card.status] or card.status == "done") and card or nil
  end
  return list
end

local FINISHED = "what was finished before the fork stays as it is: orket fork RUN@EVENT, "
  .. "with a moment before it was done"

local function fault_of(store, run, list, card)
  if card.epic ~= run.card then
    local source = store:read("lineage", { card = run.card })[1]
    return errors.new("ERR_USAGE", card.id .. " is no card of the run " .. run.id,
      source and card.epic == source.source and FINISHED
      or "orket show " .. run.card .. " and orket board tell")
  elseif not BACK[card.status] and card.status ~= "done" then
    return errors.new("ERR_TRANSITION", card.id .. " is " .. card.status .. ", nothing leads back from there",
      "begin again at a card that is open or done")
  end
  for _, one in ipairs(list) do
    if store:read("uncertain", { card = one.id })[1] then
      return errors.new("ERR_TRANSITION", "it is unknown whether an operation of " .. one.id .. " happened",
        "orket show " .. one.id .. ", then orket answer " .. one.id .. " happened, or did-not, or again")
    end
  end
end

-- ---- events ----

local function renamed(ids, names)
  local new, changed = setmetatable({}, cjson.array_mt), false
  for i, id in ipairs(ids) do
    new[i] = names[id] or id
    changed = changed or names[id] ~= nil
  end
  return new, changed
end

local function replace(store, tx, card, names, why)
  local body = tables.all_given(store:read_doc("card_file", { id = card.id }):value())
  for _, key in ipairs(PROGRESS) do
    body[key] = nil
  end
  body.id, body.epic, body.depends_on = names[card.id], card.epic, renamed(card.depends_on, names)
  body.data_labels = store:read("card", { id = card.id })[1].labels
  tx:event("card.created", body.id, body)
  return moves.add(tx, card, "archived", { role = "system", why = why .. ", as " .. body.id })
end

-- What a card changed in its tree is dropped; what a fork's card inherited is first made its own.
local function drop_changes(store, tx, card)
  local changes = store:read("tree_delta", { tree = card.id })
  local inherits = #store:read("lineage", { card = card.id }) > 0
  for _, change in ipairs(inherits and changes or {}) do
    tx:event("file.deleted", card.id, { path = change.path })
  end
  if #changes > 0 then
    tx:event("tree.opened", card.id, { tree = card.id })
  end
end

local function send_back(store, tx, card, names, why)
  local depends_on, changed = renamed(card.depends_on, names)
  if changed then
    tx:event("card.changed", card.id, { rev = card.revision, set = { depends_on = depends_on } })
    card.revision = card.revision + 1
  end
  drop_changes(store, tx, card)
  for _, to in ipairs(BACK[card.status]) do
    local ok, err = moves.add(tx, card, to,
      { role = "system", why = why, retry_count = to == "ready" and 0 or nil })
    if not ok then
      return nil, err
    end
  end
  return true
end

local function fresh_names(store, list)
  local names = {}
  for _, card in ipairs(list) do
    if card.status == "done" then
      names[card.id] = cards.next_round(store, card.id)
    end
  end
  return names
end

local function record(project, run, list, tx, why)
  local names = fresh_names(project.store, list)
  for _, card in ipairs(list) do
    card.epic = run.card
    local ok, err = (names[card.id] and replace or send_back)(project.store, tx, card, names, why)
    if not ok then
      return nil, err
    end
  end
  if next(names) then
    return epic_tree.take_out(project, project.store, run.card, names, tx)
  end
  return true
end

local function summary(list, from)
  local ids = {}
  for i, card in ipairs(list) do
    ids[i] = card.id
  end
  return "begins again at " .. from .. ": " .. table.concat(ids, ", ")
end

---Sends a card and what depends on it back to the beginning.
---@param project table opened as owner
---@param run {id: string, card: string} no run of the project is under way
---@param from string card id
---@param who string the person's name
---@return string|nil what happened, for people
---@return Error|nil
function M.perform(project, run, from, who)
  local store = project.store
  local card, err = reader.card(store, cards.round(store, from))
  if not card then
    return nil, err
  end
  local list = M.affected(store:read("backlog", { epic = run.card }), card.id)
  err = fault_of(store, run, list, card)
  if err then
    return nil, err
  end
  local tx = store:stream({ run = "board", turn = 0, actor = "human:" .. who, role = "human" }):begin()
  local ok
  ok, err = record(project, run, list, tx, "begun again at " .. card.id)
  if ok then
    ok, err = errors.check(async.await(tx.commit, tx))
  end
  return ok and summary(list, card.id), err
end

-- ---- a run that did not end ----

local ENDED = { done = true, canceled = true }

-- Plans and conversations wait for a person; they are gone on with by name.
local function is_of_plan(store, run)
  local card = store:read("card", { id = run.card })[1]
  return card ~= nil and type((card.data.params or {}).planning) == "table"
end

local function newest(project)
  local all, set = project.store:read("runs", {}), run_set.of(project)
  local under_way
  for i = #all, 1, -1 do
    local held = set:of_epic(all[i].card)
    if not ENDED[all[i].status] and not held and not is_of_plan(project.store, all[i]) then
      return all[i]
    end
    under_way = under_way or held
  end
  return nil, under_way and run_set.taken(under_way) or errors.new("ERR_NOT_FOUND", "no run is unfinished",
    "orket run EPIC begins one, orket run --again EPIC builds a finished epic anew")
end

local function find(project, id, from)
  if not id then
    return newest(project)
  end
  local run, err = reader.run(project.store, project.dir, id)
  local held = run and run_set.of(project):of_epic(run.card)
  if not run then
    return nil, err
  elseif held then
    return nil, run_set.taken(held)
  elseif ENDED[run.status] then
    return nil, errors.new("ERR_TRANSITION", id .. " is " .. run.status .. ", nothing of it is left to do",
      "orket run --again " .. run.card .. " builds the epic anew" .. (from and "; orket fork " .. id
        .. "@EVENT goes on from a moment before " .. from .. " was done" or ""))
  end
  return run
end

-- All of it goes on that was begun again, also when it was a run of one card.
local function resume(project, request)
  local run, err = find(project, request.run, request.from)
  local note
  if run and request.from then
    note, err = M.perform(project, run, request.from, request.who)
    run.only = nil
  end
  if err then
    return nil, err
  end
  return { card = run.card, run = run, note = note and run.id .. " " .. note }
end

M.acts = {
  resume = {
    summary = "finds the run to go on with, the newest one without `run`; `from`: begun again at this card",
    fields = { run = "text?", from = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_OWNED", "ERR_TRANSITION" }, beside = true, perform = resume,
  },
}

return M
