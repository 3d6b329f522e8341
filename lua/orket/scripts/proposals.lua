-- proposals.lua: changed scripts that are proposed, and accepted by a person. A proposal is a set of files
-- with all that is known of them: what they make possible, what recorded history would have come to, which
-- fixtures fail. It changes nothing. What a person accepts is exactly that content; the owner writes it, and
-- it serves, as a change of the files would.

local acceptance = require("orket.scripts.serving.acceptance")
local async = require("orket.async")
local changes = require("orket.scripts.serving.change")
local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local overlay = require("orket.project.config.overlay")
local person = require("orket.governance.person")
local policy_history = require("orket.governance.policy.policy_history")
local proposal_files = require("orket.scripts.proposal_files")
local proposal_trial = require("orket.scripts.proposal_trial")
local scripts = require("orket.scripts.scripts")
local serving = require("orket.scripts.serving")
local tables = require("orket.util.tables")

local M = {}

local ROWS = 200 -- of a delta that are recorded

-- ---- what is proposed ----

-- The generation that the files would be with these, and what it makes possible.
local function built(project, files)
  local ok, err = acceptance.look(project)
  if not ok then
    return nil, err
  end
  local texts, problems = scripts.texts(overlay.over(project.root, files))
  local generation, refused = scripts.build(texts, project:rules(), project.generation)
  local first = problems[1] or refused[1]
  if first then
    return nil, files[first.path] and proposal_files.fault(first.path, errors.line(first.err)) or first.err
  end
  return generation
end

local function files_of(tx, now, files)
  local rows = {}
  for path, text in pairs(files) do
    rows[path] = { was = now[path] and tx:blob(now[path]), now = text and tx:blob(text) or nil }
  end
  return rows
end

local function record(project, request, files, now, generation, trial)
  local delta = serving.delta(project, project.generation, generation)
  local tx = person.begin(project, request.who)
  tx:event("scripts.proposed", nil, {
    files = files_of(tx, now, files), generation = generation.id, against = project.generation.id,
    delta = setmetatable(table.move(delta, 1, math.min(#delta, ROWS), 1, {}), cjson.array_mt),
    more = #delta > ROWS and #delta - ROWS or nil,
    simulation = trial.simulation, fixtures = trial.fixtures, why = request.why,
  })
  return errors.check(async.await(tx.commit, tx))
end

local function propose(project, request)
  local files, err = proposal_files.of(request)
  local generation, now, trial
  if files then
    now, err = proposal_files.present(project, files)
  end
  err = err or proposal_files.removable(project, files)
  if not err then
    generation, err = built(project, files)
  end
  if generation and tables.same(now, files) then
    err = errors.new("ERR_EXISTS", "the files say exactly this already", "there is nothing to propose")
  end
  if not err then
    trial, err = proposal_trial.run(project, files)
  end
  local id
  if trial then
    id, err = record(project, request, files, now, generation, trial)
  end
  if not id then
    return nil, err
  end
  return { id = id, generation = generation.id,
    message = "proposed as " .. id .. ": a person accepts it, or not" }
end

-- ---- what became of it ----

local function row_of(store, id)
  local row = store:read("script_proposals", { id = id })[1]
  if row then
    return row
  end
  return nil, errors.new("ERR_NOT_FOUND", "no scripts were proposed as '" .. tostring(id) .. "'",
    "GET /v1/scripts/proposals lists them")
end

local function open_row(project, id)
  local row, err = row_of(project.store, id)
  if row and row.status then
    return nil, errors.new("ERR_TRANSITION", "the proposal " .. row.id .. " was " .. row.status
      .. " already, by " .. row.answered_by, "an answer counts once")
  end
  return row, err
end

local function decide(project, request, row, answer)
  local tx = person.begin(project, request.who)
  tx:event("scripts.decided", nil, { proposal = row.id, answer = answer, why = request.why })
  return errors.check(async.await(tx.commit, tx))
end

local function against(project, row, request, now)
  local fixtures = row.body.fixtures
  if request.generation ~= row.body.generation then
    return errors.new("ERR_STALE", "the proposal " .. row.id .. " is the generation " .. row.body.generation
      .. ", not " .. request.generation, "read it again, and answer with its generation")
  elseif fixtures and (fixtures.failed or 0) > 0 then
    return errors.new("ERR_DENIED", fixtures.failed .. " fixtures fail with it", "propose another text")
  end
  for path, one in pairs(row.body.files) do
    if (one.was and project.store:blob(one.was)) ~= now[path] then
      return errors.new("ERR_STALE", path .. " is not what it was when this was proposed",
        "propose it again, as a change of the file as it is now")
    end
  end
end

local function write_one(project, path, blob)
  if not blob then
    return errors.check(project.root:delete(path))
  end
  local text, err = errors.check(project.store:blob(blob))
  if not text then
    return nil, err
  end
  return errors.check(project.root:write(path, text))
end

local function write(project, row)
  for _, path in ipairs(tables.keys(row.body.files)) do
    local ok, err = write_one(project, path, row.body.files[path].now)
    if not ok then
      return nil, err
    end
  end
  return true
end

-- The person read what it makes possible: where exactly this waits now, it serves.
local function serve(project, row, request)
  changes.settle(project, function() end)
  local waiting = project.waiting
  if not waiting then
    return "they serve the turns that begin from now on"
  elseif waiting.generation.id ~= row.body.generation then
    return "other files have changed as well, so they wait: " .. waiting.generation.id
  end
  local ok, err = acceptance.acts.accept.perform(project, { generation = waiting.generation.id,
    who = request.who })
  return ok and "they serve the turns that begin from now on" or nil, err
end

-- The files of a proposal with their texts; false: it is to be removed.
local function proposed(project, row)
  local files = {}
  for path, one in pairs(row.body.files) do
    files[path] = one.now and assert(project.store:blob(one.now)) or false
  end
  return files
end

local function accept(project, request)
  local held <close>, canceled = project:alone("proposals")
  if not held then
    return nil, canceled
  end
  local row, err = open_row(project, request.id)
  local now, ok
  if row then
    now, err = proposal_files.present(project, row.body.files)
  end
  err = err or against(project, row, request, now)
    or proposal_files.removable(project, proposed(project, row)) -- what names it may have come since
  if not err then
    ok, err = acceptance.look(project)
  end
  if ok then
    ok, err = decide(project, request, row, "accepted")
  end
  if ok then
    ok, err = write(project, row)
  end
  local said
  if ok then
    said, err = serve(project, row, request)
  end
  return said and { id = row.id, generation = row.body.generation,
    message = "the proposal " .. row.id .. " is written; " .. said }, err
end

local function reject(project, request)
  local row, err = open_row(project, request.id)
  local ok
  if row then
    ok, err = decide(project, request, row, "rejected")
  end
  return ok and { id = row.id, message = "the proposal " .. row.id .. " is rejected" }, err
end

-- ---- to look at ----

-- Its texts, and how they differ from what they would replace: the project's own, or the shipped one of this
-- path, which also serves in the place of a removed one.
local function changed(store, body)
  local was, now = {}, {}
  for path, one in pairs(body.files) do
    local shipped = embed.read(path) and path or nil
    was[path], now[path] = one.was or shipped, one.now or shipped
  end
  local function text_of(name)
    return embed.read(name) or store:blob(name)
  end
  local files = policy_history.changed(was, now, text_of)
  for _, file in ipairs(files) do
    file.removed = not body.files[file.path].now or nil
    file.text, file.was, file.now = file.now and text_of(file.now), nil, nil
  end
  return files
end

---A proposal with its texts as diffs.
---@param store Store
---@param id integer
---@return table|nil
---@return Error|nil
function M.find(store, id)
  local row, err = row_of(store, id)
  if not row then
    return nil, err
  end
  return { id = row.id, by = row.actor, at = row.at, status = row.status or "open",
    answered_by = row.answered_by, why = row.body.why, generation = row.body.generation,
    files = changed(store, row.body),
    delta = setmetatable(row.body.delta, cjson.array_mt), simulation = row.body.simulation,
    fixtures = row.body.fixtures }
end

---Those that nobody has answered, whole, oldest first.
---@param store Store
---@return table[] see M.find
function M.open(store)
  local all = {}
  for _, row in ipairs(store:read("script_proposals", {})) do
    all[#all + 1] = not row.status and M.find(store, row.id) or nil
  end
  return all
end

---All of them, oldest first.
---@param store Store
---@return {id: integer, by: string, at: string, status: string, generation: string, files: string[]}[]
function M.list(store)
  local rows = setmetatable({}, cjson.array_mt)
  for i, row in ipairs(store:read("script_proposals", {})) do
    rows[i] = { id = row.id, by = row.actor, at = row.at, status = row.status or "open",
      generation = row.body.generation, why = row.body.why, files = tables.keys(row.body.files) }
  end
  return rows
end

-- ---- the acts ----

local SCRIPT = { "ERR_SCRIPT_SYNTAX", "ERR_SCRIPT_CONTRACT" }

M.acts = {
  ["scripts.propose"] = {
    summary = "proposes scripts: `files` are texts by path, `removed` the paths of files that go. They are "
      .. "tried and recorded, none is written",
    fields = { files = "object?", removed = "list?", why = "text?" },
    errors = { "ERR_SCHEMA", "ERR_EXISTS", SCRIPT[1], SCRIPT[2] }, perform = propose,
  },
  ["scripts.accept"] = {
    summary = "accepts proposed scripts as they were read, and writes them: `generation` is the whole id",
    fields = { id = "integer", generation = "text" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_STALE", "ERR_DENIED" }, permission = "admin",
    perform = accept,
  },
  ["scripts.reject"] = {
    summary = "says no to proposed scripts", fields = { id = "integer", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, perform = reject,
  },
}

return M
