-- operations.lua: what each permitted operation does, and the events that record it.
--
-- perform(turn, permit, run, operation) consumes the permit. File operations happen at once on the
-- descriptors the gate judged; card operations become events of the turn's open transaction (turn.tx), so
-- that they are committed together with the call's result or not at all. What reaches beyond the tree is done
-- at most once (effects/at_most_once.lua). Which is which is said by the gate's table of operations.

local async = require("orket.async")
local attachments = require("orket.turn.context.attachments")
local command = require("orket.effects.command")
local server_call = require("orket.mcp.server_call")
local definitions = require("orket.code.definitions")
local code_outline = require("orket.code.code_outline")
local cjson = require("cjson")
local errors = require("orket.errors")
local gate = require("orket.core.gate")
local labels = require("orket.governance.labels")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")
local at_most_once = require("orket.effects.at_most_once")
local turn_plan = require("orket.turn.turn_plan")
local talk = require("orket.turn.talk")
local result_paging = require("orket.turn.context.result_paging")

local M = {}

-- ---- what was interrupted ----

-- The content of the tree says whether a change had happened before: it is recorded, and made once more,
-- which is the same. In the run's own stream: a turn's events are those of a turn that nothing interrupted.
local function settle(turn, kind, path, blob)
  local found = turn.tree.found[path]
  if found == nil then
    found = turn.tree.files[path] or false
  end
  local tx = turn.engine.stream:begin()
  tx:event("operation.settled", turn.card.id, {
    turn = turn.number, op = kind, path = path, blob = blob, happened = found == (blob or false),
  })
  tx:commit()
end

-- ---- on files ----

local on_file = {}

on_file["fs.write"] = function(turn, result, permit, operation)
  local blob = permit:store(turn.tx)
  turn.tree:remember(blob, operation.content)
  turn:remember(blob, operation.content)
  if turn.again then
    settle(turn, "fs.write", result.path, blob)
  end
  turn:changed(result.path, blob, result.bytes)
  return { path = result.path, bytes = result.bytes }
end

on_file["fs.attach"] = function(turn, result, permit)
  return attachments.attach(turn, permit:path(), result.content)
end

on_file["fs.delete"] = function(turn, result)
  if turn.again then
    settle(turn, "fs.delete", result.path)
  end
  turn:changed(result.path, nil)
  return { path = result.path }
end

-- ---- on source files ----

-- What was found, and what the reading itself says.
local function found_in(sources, found)
  found.more = sources.more or found.more
  found.ignored = sources.ignored
  return found
end

on_file["code.outline"] = function(turn, sources, _, operation)
  local all = turn.engine:symbols():of_all(sources.files)
  return found_in(sources, code_outline.of(sources.files, all, operation.tokens))
end

on_file["code.find"] = function(turn, sources, _, operation)
  local files, name = definitions.candidates(sources.files, operation.name)
  local found = definitions.of(files, turn.engine:symbols():of_all(files), name)
  found.files = #sources.files
  return found_in(sources, found)
end

-- ---- on cards ----

local on_card = {}

local CARDS_MOST, COMMENTS_MOST = 20, 100 -- of one turn
local RUN_CARDS_MOST = 100 -- made by all turns of a run: a card that makes cards that make cards ends here

local function too_many(what, most)
  return nil, errors.new("ERR_LIMIT", "a turn makes at most " .. most .. " " .. what,
    "go on with the ones that there are")
end

on_card["card.comment"] = function(turn, record)
  if turn:count_comment() > COMMENTS_MOST then
    return too_many("comments", COMMENTS_MOST)
  end
  turn.tx:event("comment.added", turn.card.id, { text = record.text, labels = turn.marks })
  turn:made(record.text)
  return { added = true }
end

on_card["card.move"] = function(turn, record)
  local objection = moves.objection(turn.card, record.status, turn.role, record.reason)
  if objection then
    return nil, objection
  end
  turn:propose({ status = record.status, reason = record.reason, why = record.why }, turn.card.status)
  return { proposed = record.status }
end

on_card["card.excuse"] = function(turn, record)
  return { proposed = turn:park(record.reason or record.why) }
end

-- An epic's own card, or one that was there before it was forked.
local function is_of(store, epic, own)
  for _, row in ipairs(epic ~= own and store:read("lineage", { card = own }) or {}) do
    if row.source == epic then
      return true
    end
  end
  return epic == own
end

-- A new card has to be one that can be worked on.
local function fault_of(turn, record)
  local engine = turn.engine
  local seats = engine.project.config.teams[engine.epic.data.team].seats
  if not seats[record.seat] then
    return "the team has no seat '" .. tostring(record.seat) .. "'",
      "one of: " .. table.concat(tables.keys(seats), ", ")
  end
  for _, id in ipairs(record.depends_on or {}) do
    local other = engine.store:read("card_state", { id = id })[1]
    if not other or not is_of(engine.store, other.epic, turn.card.epic) then
      return "there is no card '" .. id .. "' in this epic",
        "depend on ids that get_issue_context or create_issue returned"
    end
  end
end

-- What a card may not write, the cards that it makes may not either.
local function scope_of(turn)
  local scope = turn:scope()
  return scope and { scope = scope }
end

on_card["card.create"] = function(turn, record)
  if turn.created >= CARDS_MOST then
    return too_many("cards", CARDS_MOST)
  elseif turn.engine:cards_made(turn) >= RUN_CARDS_MOST then
    return nil, errors.new("ERR_LIMIT",
      "the agents of this run made " .. RUN_CARDS_MOST .. " cards, and may make no more",
      "do the work as part of this card, or ask a person with request_excuse")
  end
  local fault, fix = fault_of(turn, record)
  if fault then
    return nil, errors.new("ERR_USAGE", fault, fix)
  end
  turn.engine:cards_made(turn, 1)
  turn.engine.issue_count = (turn.engine.issue_count or 0) + 1
  local id = turn:new_card_id()
  turn.tx:event("card.created", id, {
    id = id, type = "issue", status = "ready", name = record.summary or record.name, seat = record.seat,
    priority = record.priority, description = record.description, parent_id = turn.card.epic,
    epic = turn.card.epic, depends_on = record.depends_on, build_id = turn.card.build,
    data_labels = turn.marks, params = scope_of(turn),
  })
  turn:made(id)
  return { id = id }
end

on_card["card.context"] = function(turn, _, call)
  turn:label(labels.of_view(turn.engine:labels_of(turn.card.id)), call)
  return turn.engine.store:read_doc("context", { card = turn.card.id }):value()
end

on_card["card.credits"] = function(turn, record)
  turn.tx:event("card.credits", turn.card.id, { amount = record.amount })
  return { reported = record.amount }
end

local function note(kind)
  return function(turn, record)
    record.labels = turn.marks -- whatever the script said
    turn.tx:event(kind, turn.card.id, record)
    turn:made(kind .. cjson.encode(record))
    return { recorded = true }
  end
end

on_card["card.nominate"] = note("card.nominated")
on_card["card.refine"] = note("refinement.proposed")

on_card["turn.finish"] = function(turn, record)
  local usual = turn.review and "done" or "ready_for_testing"
  turn:propose({ status = record.status or usual, why = record.summary })
  return { finished = true }
end

on_card["turn.result"] = result_paging.read

on_card["plan.specify"] = function(turn, record)
  if turn.card.type ~= "plan" then
    return nil, errors.new("ERR_DENIED", "plan.specify is for plans", "do the card's own work")
  end
  return turn_plan.specify(turn, record)
end

on_card["board.read"] = function(turn, record, call)
  return talk.read(turn, record, call)
end

on_card["board.create"] = function(turn, record)
  return talk.create(turn, record)
end

on_card["board.change"] = function(turn, record)
  return talk.change(turn, record)
end

on_card["plan.make"] = function(turn, record)
  return turn_plan.make(turn, record)
end

-- ---- performed ----

-- Once a cap is reached the turn writes nothing more, also where less would fit.
local function make_room(turn, bytes)
  local cap = turn:cap()
  if cap then
    return nil, errors.new("ERR_LIMIT", cap.why, cap.fix)
  end
  local ok, err = turn.engine:room(turn, bytes)
  if not ok then
    turn:reached(err.budget)
  end
  return ok, err
end

local function perform_on_file(turn, permit, operation, call)
  local kind, path, bytes = operation.op, permit:path(), permit:size()
  local room, full = true, nil
  if bytes then
    room, full = make_room(turn, bytes)
  end
  if not room then
    return nil, full
  end
  local result, err = errors.check(async.await(permit.perform, permit))
  if result then
    turn:label(labels.of_reading(turn.tree, kind, result, path), call)
  elseif bytes then
    turn.engine:give_back(turn, bytes)
  end
  local record = on_file[kind]
  if not result or not record then
    return result, err
  end
  return record(turn, result, permit, operation)
end

---Operations that reach beyond the tree, by kind: functions (turn, operation) -> result | nil, Error.
---Each is performed at most once (effects/at_most_once.lua).
M.beyond = {}

M.beyond["mcp.call"] = function(turn, operation)
  return server_call.perform(turn, operation)
end

---True when an operation changes something beside the journal: then its intent has to be durable first.
---@param kind string
---@return boolean
function M.touches_world(kind)
  local effect = gate.effect(kind)
  return effect ~= "none" and effect ~= "journal"
end

---@class Effect what a permitted operation came to
---@field kind "done"|"failed"|"open"  open: no event says whether it happened, the call can have no result
---  yet
---@field result any of "done": plain data for the tool's box
---@field err Error|nil of "failed" and "open"
---@field told table|nil what a person said of it

-- Whatever was answered beyond the tree came from there, a failure's message as well; what a person said did
-- not, and as long as nobody knows what it came to there is nothing that was said.
local function perform_outside(turn, permit, run, kind)
  local effect = at_most_once.perform(turn, permit, kind, run.id, M.beyond[kind])
  if effect.kind ~= "open" and not effect.told then
    turn:label({ labels.DEFAULT }, run.id)
  end
  return effect
end

local function perform_here(turn, permit, run, operation)
  if operation.op == "proc.run" then
    return command.perform(turn, permit, run, operation)
  elseif not on_card[operation.op] then
    return perform_on_file(turn, permit, operation, run.id)
  end
  local record, err = errors.check(permit:take())
  if not record then
    return nil, err
  end
  return on_card[operation.op](turn, record, run.id)
end

---Performs one permitted operation.
---@param turn Turn
---@param permit GatePermit single use
---@param run CallRun
---@param operation table
---@return Effect
function M.perform(turn, permit, run, operation)
  if gate.effect(operation.op) == "once" then
    return perform_outside(turn, permit, run, operation.op)
  end
  local result, err = perform_here(turn, permit, run, operation)
  if result then
    return { kind = "done", result = result }
  end
  return { kind = "failed", err = err }
end

return M
