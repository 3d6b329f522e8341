-- fork.lua: a run that goes on from a moment of another one.
--
-- A fork is an epic of its own with the cards that were open at the moment, under derived ids, and a run
-- that has not begun. It refers to what came before and copies none of it: its cards inherit comments,
-- verdicts, authors and files of their sources up to the moment (lineage), its open turns their events. The
-- source is only read. `orket run` goes on with it like with any run that was interrupted.

local async = require("orket.async")
local fork_change = require("orket.history.fork.fork_change")
local cjson = require("cjson")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local fork_plan = require("orket.history.fork.fork_plan")
local projects = require("orket.project.project")
local run_set = require("orket.scheduler.run_set")
local scripts = require("orket.scripts.scripts")
local serving = require("orket.scripts.serving")
local store = require("orket.core.store")
local sys = require("orket.core.sys")
local epic_tree = require("orket.workspace.epic_tree")

local M = {}

local TRIES = 3
local DEPTH_MOST = 12 -- forks of forks

-- ---- scripts of its own ----

local function path_of(role)
  return "roles/" .. role .. ".lua"
end

-- The generation that serves the fork: the files as they are now, with another text for one role.
local function generation_with(project, role, text)
  local texts, problems = scripts.texts(project.root)
  local path = path_of(role)
  if not texts[path] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no role '" .. role .. "'",
      "the file's name says which role it is for: ROLE.lua")
  end
  texts[path] = text
  local generation, refused = scripts.build(texts, project:rules(), project.generation)
  table.move(refused, 1, #refused, #problems + 1, problems)
  if #problems > 0 then
    return nil, problems
  end
  return generation
end

local function record_scripts(tx, generation, path, text)
  local files = {}
  for name, entry in pairs(generation.files) do
    files[name] = tx:blob(entry.text)
  end
  tx:event("scripts.loaded", nil, { generation = generation.id, files = files, engine = sys.version() })
  return { [path] = tx:blob(text) }
end

local function texts_with(generation, overrides)
  local texts = {}
  for path, entry in pairs(generation.files) do
    texts[path] = entry.text
  end
  for path, text in pairs(overrides or {}) do
    texts[path] = text
  end
  return texts
end

-- Scripts of its own take the place of those that serve all runs. run: the one that would begin, if it has an
-- id already.
local function alone(project, run)
  for _, held in ipairs(run_set.of(project).list) do
    if held.id ~= run then
      return nil, errors.new("ERR_OWNED",
        "a fork with scripts of its own runs alone: " .. held.id .. " is under way, beside which "
          .. (run or "this") .. " would begin", "wait for its end, or halt it: orket halt " .. held.id)
    end
  end
  return true
end

---Why no other run may begin now: a fork with scripts of its own is under way.
---@param project table
---@return Error|nil
function M.objection(project)
  local _, err = alone(project, nil)
  return project.overrides and err or nil
end

---Scripts that a run has of its own serve from now on, in place of those that served when it began; that
---somebody gave them to it is recorded with the fork.
---@param project table
---@param run string
---@return boolean|nil ok
---@return Error|Error[]|nil
function M.serve(project, run)
  local row = project.store:read("run", { id = run })[1]
  local own = row and row.body.scripts
  if not own and not project.overrides then
    return true
  end
  local ok, why = alone(project, run)
  if not ok then
    return nil, why
  end
  project.base = project.base or project.generation
  project.overrides, project.fork = own and {} or nil, own and run or nil
  for path, blob in pairs(own or {}) do
    local text, err = errors.check(project.store:blob(blob))
    if not text then
      return nil, err
    end
    project.overrides[path] = text
  end
  local problems
  project.generation, problems = scripts.build(texts_with(project.base, project.overrides), project:rules(),
    project.base)
  if #problems > 0 then
    return nil, problems
  end
  return serving.record(project)
end

-- ---- what is written ----

-- A turn whose card or role the fork changes is not the same turn any more.
local function goes_on(plan, turn, sets, role)
  return not sets[plan.ids[turn.card]] and turn.body.role ~= role
end

local function record(tx, plan, sets, request, own)
  tx:event("run.forked", plan.epic, {
    of = plan.of, at = plan.at, hash = plan.hash, generation = own and own.generation,
    scripts = own and own.scripts, engine = sys.version(), by = request.who,
  })
  tx:event("card.forked", plan.epic, plan.body)
  for _, piece in ipairs(plan.pieces) do
    tx:event("cards.forked", plan.epic, piece)
  end
  local number = 0
  for _, turn in ipairs(plan.turns) do
    if goes_on(plan, turn, sets, request.role) then
      number = number + 1
      turn.body.turn = number
      tx:event("turn.forked", plan.ids[turn.card], turn.body)
    end
  end
  for id, set in pairs(sets) do
    local rev = id == plan.epic and plan.body.revision
    for _, card in ipairs(rev and {} or plan.cards) do
      rev = card.id == id and card.card.revision or rev
    end
    tx:event("card.changed", id, { rev = rev, set = set })
  end
  return number
end

local function commit(project, plan, sets, request)
  local tx = project.store:stream({
    run = plan.run, turn = 0, actor = "human:" .. (request.who or "unknown"), role = "human",
  }):begin()
  local own
  if request.role then
    local generation, err = generation_with(project, request.role, request.script)
    if not generation then
      tx:abandon()
      return nil, err
    end
    own = { generation = generation.id, scripts = record_scripts(tx, generation,
      path_of(request.role), request.script) }
  end
  local turns = record(tx, plan, sets, request, own)
  local ok, err = errors.check(async.await(tx.commit, tx))
  return ok and turns, err
end

-- ---- one fork ----

-- What --set said, as it came over the socket.
local function texts_of(set)
  local texts = cjson.decode(set or "[]")
  for _, text in ipairs(type(texts) == "table" and texts or { false }) do
    if type(text) ~= "string" then
      return nil, errors.new("ERR_USAGE", "set is no JSON array of texts", 'write ["KEY=VALUE"]')
    end
  end
  return texts
end

-- The card that the moment's event is about.
local function card_at(past, at)
  local event = past:read("events", { since = at - 1, limit = 1 })[1]
  return event and event.card
end

local function fork_once(project, request, at)
  local past <close>, err = errors.check(store.past(projects.database(project.dir), at))
  if not past then
    return nil, err
  end
  local plan = fork_plan.make(past, project.store, request.run, at)
  if type((plan.source.data.params or {}).planning) == "table" then
    return nil, errors.new("ERR_USAGE", request.run .. " is of a plan or a conversation, which is not forked",
      "begin a new one")
  end
  if #project.store:read("lineage", { card = plan.source.id }) >= DEPTH_MOST then
    return nil, errors.new("ERR_LIMIT", "this would be a fork of a fork, " .. DEPTH_MOST .. " times over",
      "fork an earlier one")
  end
  local texts, sets
  texts, err = texts_of(request.set)
  if texts then
    sets, err = fork_change.read(plan, texts, project, card_at(past, at))
  end
  if not sets then
    return nil, err
  end
  plan.under_way, err = commit(project, plan, sets, request)
  return plan.under_way and plan, err
end

local function counted(count, what)
  return count .. " " .. what .. (count == 1 and "" or "s")
end

local function answer(plan)
  local message = string.format("%s goes on from %s@%d: ", plan.epic, plan.of, plan.at)
  message = message .. (#plan.cards == 0 and "no card was open then, so nothing is left to do"
    or string.format("%s, %s under way; orket run %s runs it", counted(#plan.cards, "open card"),
      counted(plan.under_way, "turn"), plan.epic))
  return {
    card = plan.epic, run = plan.run, of = plan.of, at = plan.at, cards = #plan.cards, turns = plan.under_way,
    status = plan.source.status, message = message,
  }
end

---@param project table opened as owner
---@param request {run: string, at: string, set: string?, role: string?, script: string?, who: string?} set: a
---  JSON array of KEY=VALUE; role and script: a role and the text that serves it
---@return table|nil answer {card, run, of, at, cards, turns, status, message}
---@return Error|Error[]|nil
local function perform(project, request)
  local at, err = event_ref.find(project.store, request.run, request.at)
  if at and (request.role == nil) ~= (request.script == nil) then
    err = errors.new("ERR_USAGE", "role and script come together: a role, and its other text", "send both")
  end
  if err then
    return nil, err
  end
  local plan
  for _ = 1, TRIES do -- the source was changed meanwhile: said against what it is now
    plan, err = fork_once(project, request, at)
    if plan or err.code ~= "ERR_STALE" then
      break
    end
  end
  if not plan then
    return nil, err
  end
  local ok
  ok, err = epic_tree.lay_out(project, project.store, plan.epic, plan.cards)
  return ok and answer(plan), err
end

-- A script of its own may do what was never accepted; other fields are a card that was written otherwise.
local function permission(request)
  if request.script or request.role then
    return "admin"
  end
  return request.set and "act" or "run"
end

M.acts = {
  fork = {
    summary = "begins a run that goes on from an event of another one; `set` is JSON: KEY=VALUE texts",
    fields = { run = "text", at = "text", set = "text?", role = "text?", script = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_LIMIT", "ERR_EXISTS", "ERR_CONFIG", "ERR_SCHEMA", "ERR_SCRIPT_SYNTAX",
      "ERR_SCRIPT_CONTRACT" },
    permission = permission, perform = perform,
  },
}

return M
