-- example_acts.lua: what a person does with examples: one that an agent proposed is accepted or rejected, one
-- that is shown is taken out. The only door to nodes/examples.lua: the event is on disk before the file is
-- touched.

local async = require("orket.async")
local changes = require("orket.scripts.serving.change")
local errors = require("orket.errors")
local examples = require("orket.scripts.examples")
local person = require("orket.governance.person")
local scripts = require("orket.scripts.scripts")

local M = {}

local PATH = examples.PATH

-- ---- the file ----

-- The last change of the file that was recorded.
local function last_change(store)
  local last
  for _, kind in ipairs({ "example.accepted", "example.removed" }) do
    local event = store:read("last_events", { kind = kind, limit = 1 })[1]
    last = event and (not last or event.seq > last.seq) and event or last
  end
  return last and last.body
end

-- What a kill left of it while it was written is not the file: it is as it was before.
local function unfinished(store, text)
  local change = last_change(store)
  local now = change and store:blob(change.now)
  if now and #text < #now and now:sub(1, #text) == text then
    return change
  end
end

local function read(project)
  local text, err = errors.check(project.root:read(PATH))
  local cut = text and unfinished(project.store, text)
  if cut then
    text, err = cut.was and project.store:blob(cut.was) or nil, { code = "ERR_NOT_FOUND" }
  end
  if not text and err.code == "ERR_NOT_FOUND" then
    return {}, nil
  elseif not text then
    return nil, err
  end
  local entry
  entry, err = scripts.prepare(PATH, text)
  return entry and examples.copy(entry.about), err or text
end

-- Recorded, then written; what serves meanwhile is told.
local function change(project, request, roles, was, kind, body)
  local text = examples.write(roles)
  local entry, err = scripts.prepare(PATH, text)
  if not entry then
    return nil, err
  end
  local ok = true
  if kind then
    local tx = person.begin(project, request.who)
    body.was, body.now = was and tx:blob(was), tx:blob(text)
    tx:event(kind, request.card, body)
    ok, err = errors.check(async.await(tx.commit, tx))
  end
  if ok then
    ok, err = errors.check(project.root:write(PATH, text))
  end
  if not ok then
    return nil, err
  end
  if project.generation then
    changes.reload(project, function() end)
    return "it serves the turns that begin from now on"
  end
  return "the next run takes it"
end

-- ---- proposals ----

local function has(roles, proposal)
  for _, list in pairs(roles) do
    for _, one in ipairs(list) do
      if one.proposal == proposal then
        return true
      end
    end
  end
  return false
end

-- One whose acceptance was cut off before the file was written is accepted once more.
local function find(project, id, roles)
  local row = math.tointeger(tonumber(id)) and project.store:read("examples",
    { id = math.tointeger(tonumber(id)) })[1]
  if not row then
    return nil, errors.new("ERR_NOT_FOUND", "no example was proposed as '" .. tostring(id) .. "'",
      "orket examples lists them")
  elseif row.status and not (row.status == "accepted" and roles and not has(roles, row.id)) then
    return nil, errors.new("ERR_TRANSITION", "the example " .. row.id .. " was " .. row.status
      .. " already, by " .. row.answered_by,
      "an answer counts once; orket examples lists what waits")
  end
  return row
end

-- The work that it is taken from has to have been good, as its review found.
local function unfit(project, row, roles, role)
  local fault = examples.fault(row.body.proposal)
  if fault then
    return errors.new("ERR_SCHEMA", "the example " .. row.id .. " cannot be shown: " .. fault,
      "reject it: orket examples reject " .. row.id)
  elseif row.card_status ~= "done" and row.card_status ~= "archived" then
    return errors.new("ERR_TRANSITION", row.card .. " is " .. tostring(row.card_status)
      .. ": it is not known yet whether its work was good",
      "accept it when the card is done")
  elseif not scripts.texts(project.root)["roles/" .. role .. ".lua"] then
    return errors.new("ERR_NOT_FOUND", "there is no role " .. role, "name one with --role")
  elseif #(roles[role] or {}) >= examples.MOST then
    return errors.new("ERR_LIMIT", role .. " has " .. examples.MOST .. " examples already",
      "orket examples remove " .. role .. " NUMBER")
  end
  for _, one in ipairs(roles[role] or {}) do
    if one.text == row.body.proposal then
      return errors.new("ERR_EXISTS", role .. " is shown exactly this already",
        "reject it: orket examples reject " .. row.id)
    end
  end
end

local act = {}

act["example.accept"] = function(project, request)
  local roles, was = read(project)
  if not roles then
    return nil, was
  end
  local row, err = find(project, request.id, roles)
  if not row then
    return nil, err
  end
  local role, body = tostring(request.role or row.body.example_for), row.body
  err = unfit(project, row, roles, role)
  if err then
    return nil, err
  end
  local labels = not request.trust and body.labels or nil
  roles[role] = roles[role] or {}
  table.insert(roles[role], {
    text = body.proposal, card = row.card, turn = row.run and row.run .. "/" .. row.turn,
    proposed = row.actor, labels = labels, by = "human:" .. (request.who or "unknown"), proposal = row.id,
  })
  request.card = row.card
  local said
  said, err = change(project, request, roles, was, not row.status and "example.accepted" or nil, {
    proposal = row.id, role = role, labels = labels, trusted = request.trust and body.labels or nil,
    run = row.run, turn = row.turn,
  })
  return said and { id = row.id, role = role, number = #roles[role], labels = labels,
    message = "accepted " .. row.id .. " as example " .. #roles[role] .. " of " .. role
      .. (labels and ", labelled " .. table.concat(labels, ", ") or "")
      .. "; " .. said }, err
end

act["example.reject"] = function(project, request)
  local row, err = find(project, request.id)
  if not row then
    return nil, err
  end
  local tx = person.begin(project, request.who)
  tx:event("example.rejected", row.card, { proposal = row.id, why = request.why })
  local ok
  ok, err = errors.check(async.await(tx.commit, tx))
  return ok and { id = row.id, message = "rejected " .. row.id }, err
end

act["example.remove"] = function(project, request)
  local roles, was = read(project)
  if not roles then
    return nil, was
  end
  local number = math.tointeger(tonumber(request.number))
  local one = roles[request.role] and number and roles[request.role][number]
  if not one then
    return nil, errors.new("ERR_NOT_FOUND", tostring(request.role) .. " has no example "
      .. tostring(request.number), "orket examples lists them")
  end
  table.remove(roles[request.role], number)
  local said, err = change(project, request, roles, was, "example.removed", {
    role = request.role, number = number, proposal = one.proposal, text = one.text, why = request.why,
  })
  return said and { role = request.role, number = number, message = "took example " .. number .. " of "
    .. request.role .. " out; " .. said }, err
end

-- One change after the other.
local function perform(project, request)
  local held <close>, canceled = project:alone("examples")
  if not held then
    return nil, canceled
  end
  return act[request.act](project, request)
end

-- ---- the acts ----

M.acts = {
  ["example.accept"] = {
    summary = "shows a proposed example to a role, without its labels if `trust`",
    fields = { id = "text", role = "text?", trust = "boolean?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_SCHEMA", "ERR_LIMIT", "ERR_EXISTS",
      "ERR_SCRIPT_CONTRACT" },
    perform = perform,
  },
  ["example.reject"] = {
    summary = "says no to a proposed example",
    fields = { id = "text", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, perform = perform,
  },
  ["example.remove"] = {
    summary = "takes an example of a role out, by its number",
    fields = { role = "text", number = "text", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_SCRIPT_CONTRACT" }, perform = perform,
  },
}

return M
