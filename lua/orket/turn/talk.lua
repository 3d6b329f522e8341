-- talk.lua: the turns of a conversation: what they look at, what they propose about cards that are not
-- theirs, and the reply that is an answer. A change is made in the role's name, by the state machine's leave,
-- after a person said yes to it.

local cjson = require("cjson")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")
local seats = require("orket.scheduler.seats")

local M = {}

local CARDS_MOST, REPORTS_MOST, COMMENTS_MOST = 200, 20, 20
local FINAL = statuses.FINAL

local function array(value)
  return setmetatable(value, cjson.array_mt)
end

-- ---- what it looks at ----

local look = {}

local function marked(turn, id, call)
  turn:label(labels.of_view(turn.engine:labels_of(id)), call)
end

function look.cards(turn, wanted, call)
  local cards, count = array({}), 0
  for _, row in ipairs(turn.engine.store:read("board", {})) do
    if row.type ~= "plan" and (not wanted.status or row.status == wanted.status) then
      count = count + 1
      if #cards < CARDS_MOST then
        marked(turn, row.id, call)
        cards[#cards + 1] = {
          id = row.id, type = row.type, name = row.name, status = row.status, reason = row.wait_reason,
          seat = row.seat, parent = row.parent, priority = row.priority,
        }
      end
    end
  end
  return { cards = cards, count = count }
end

local function comments_of(store, id)
  local rows, told = store:read("comments", { card = id }), array({})
  for i = math.max(1, #rows - COMMENTS_MOST + 1), #rows do
    told[#told + 1] = { author = rows[i].author, text = rows[i].text }
  end
  return told
end

function look.card(turn, wanted, call)
  local store = turn.engine.store
  local row = wanted.card and store:read("card", { id = wanted.card })[1]
  if not row then
    return nil, errors.new("ERR_NOT_FOUND", "there is no card '" .. tostring(wanted.card) .. "'",
      "look at the cards first")
  end
  marked(turn, row.id, call)
  return {
    id = row.id, type = row.type, name = row.name, status = row.status, reason = row.wait_reason,
    seat = row.seat, parent = row.parent, epic = row.epic, priority = row.priority, note = row.note,
    depends_on = array(row.depends_on), retries = row.retry_count, description = row.data.description,
    requirements = row.data.requirements, comments = comments_of(store, row.id),
    tokens = row.tokens_in + row.tokens_out,
  }
end

function look.waiting(turn, _, call)
  local store, told = turn.engine.store, array({})
  for _, row in ipairs(store:read("parked", {})) do
    if row.id ~= turn.card.id and #told < CARDS_MOST then
      marked(turn, row.id, call)
      local move = store:read("last_events", { card = row.id, kind = "card.moved", limit = 1 })[1]
      told[#told + 1] = { id = row.id, status = row.status, reason = row.wait_reason,
        why = move and move.body.why }
    end
  end
  return { waiting = told }
end

function look.reports(turn, wanted, call)
  local told = array({})
  for _, row in ipairs(turn.engine.store:read("reports", { card = wanted.card, limit = REPORTS_MOST })) do
    if row.card then
      marked(turn, row.card, call)
    end
    told[#told + 1] = { card = row.card, role = row.role, rule = row.rule, tool = row.tool, why = row.why,
      fix = row.fix, at = row.at }
  end
  return { reports = told }
end

function look.costs(turn)
  local told, tokens_in, tokens_out = array({}), 0, 0
  for _, row in ipairs(turn.engine.store:read("board", {})) do
    tokens_in, tokens_out = tokens_in + row.tokens_in, tokens_out + row.tokens_out
    if row.tokens_in > 0 and #told < CARDS_MOST then
      told[#told + 1] = { card = row.id, tokens_in = row.tokens_in, tokens_out = row.tokens_out,
        turns = row.turns }
    end
  end
  return { tokens_in = tokens_in, tokens_out = tokens_out, cards = told }
end

---The operation board.read.
---@param turn Turn
---@param record {what: string, card: string?, status: string?}
---@param call string
---@return table|nil result
---@return Error|nil
function M.read(turn, record, call)
  local act = look[record.what]
  if not act then
    return nil, errors.new("ERR_USAGE", "nothing on the board is called '" .. record.what .. "'",
      "one of: " .. table.concat(tables.keys(look), ", "))
  end
  return act(turn, record, call)
end

-- ---- what stands against a proposal ----

local function refusal(why, fix, rule)
  return { decision = "deny", rule = rule or "board.invalid", why = why, fix = fix }
end

local function team_of(turn, epic)
  local row = epic and turn.engine.store:read("card", { id = epic })[1]
  return row and turn.engine.project.config.teams[row.data.team]
end

local function against_seat(turn, epic, seat)
  local team = team_of(turn, epic)
  if not team or not team.seats[seat] then
    return refusal("the team has no seat '" .. tostring(seat) .. "'",
      "one of: " .. table.concat(tables.keys(team and team.seats or {}), ", "))
  elseif not seats.worker(team.seats[seat]) then
    return refusal("the seat '" .. seat .. "' reviews, it does no work", "give the work to another seat")
  end
end

local function against_create(turn, record)
  local store = turn.engine.store
  local epic = store:read("card_state", { id = record.epic })[1]
  if not epic or epic.type ~= "epic" or FINAL[epic.status] then
    return refusal("there is no open epic '" .. record.epic .. "'",
      "look at the cards first; a new epic is a plan")
  end
  for _, id in ipairs(record.depends_on or {}) do
    local other = type(id) == "string" and store:read("card_state", { id = id })[1]
    if not other or other.epic ~= epic.id then
      return refusal("there is no card '" .. tostring(id) .. "' in the epic " .. epic.id,
        "depend on issues of the same epic")
    end
  end
  return against_seat(turn, epic.id, record.seat)
end

local function against_status(turn, card, record)
  local verdict = moves.judge(card, record.status, turn.role, record.reason)
  return not verdict.ok and refusal(verdict.why, verdict.fix) or nil
end

local function against_change(turn, record)
  local card = turn.engine.store:read("card_state", { id = record.card })[1]
  if not card or card.type == "plan" or card.id == turn.card.epic then
    return refusal("there is no card '" .. record.card .. "' to change", "look at the cards first")
  elseif not (record.status or record.seat or record.priority) then
    return refusal("nothing is changed", "give status, seat or priority")
  elseif FINAL[card.status] then
    return refusal("the card " .. card.id .. " is " .. card.status .. ", which is final",
      "propose a new issue")
  elseif record.seat and card.type ~= "issue" then
    return refusal("only an issue has a seat", "leave seat out")
  end
  local objection = record.seat and against_seat(turn, card.epic, record.seat)
  return objection or record.status and against_status(turn, card, record) or nil
end

---What stands against a proposal about cards.
---@param turn Turn
---@param operation table board.create or board.change
---@return GateVerdict|nil refusal
function M.objection(turn, operation)
  if operation.op == "board.create" then
    return against_create(turn, operation)
  end
  return against_change(turn, operation)
end

-- ---- what it makes ----

---The operation board.create.
---@param turn Turn
---@param record table
---@return table result
function M.create(turn, record)
  local epic = turn.engine.store:read("card", { id = record.epic })[1]
  local id = turn:new_card_id()
  turn.tx:event("card.created", id, {
    id = id, type = "issue", status = "ready", name = record.summary, seat = record.seat,
    priority = record.priority,
    description = record.description, parent_id = epic.id, epic = epic.id, depends_on = record.depends_on,
    build_id = epic.build, data_labels = turn.marks,
  })
  turn:made(id)
  return { id = id }
end

local function give_fields(turn, card, record)
  local set = { seat = record.seat, priority = record.priority }
  if next(set) then
    turn.tx:event("card.changed", card.id, { rev = card.revision, set = set, labels = turn.marks })
    card.revision = card.revision + 1
  end
end

---The operation board.change: in the role's name, as far as the state machine lets it.
---@param turn Turn
---@param record table
---@return table|nil result
---@return Error|nil
function M.change(turn, record)
  local store = turn.engine.store
  local card = store:read("card_state", { id = record.card })[1]
  give_fields(turn, card, record)
  if record.status then
    local ok, err = moves.add(turn.tx, card, record.status,
      { role = turn.role, reason = record.reason, why = record.why })
    if ok and record.status == "canceled" then
      ok, err = moves.cancel_below(turn.tx, card, store)
    end
    if not ok then
      return nil, err
    end
  end
  turn:made(cjson.encode(record))
  return { card = card.id, status = card.status }
end

-- ---- what it says ----

M.SAID = "the person has the word" -- why it is parked then

---The seats that may be given work.
---@param turn Turn
---@return {seat: string, role: string}[]
function M.seats(turn)
  return turn.engine.store:read("card", { id = turn.card.id })[1].data.params.planning.seats
end

---A reply without a call is an answer: it is said, and the person has the word.
---@param turn Turn
---@param reply {content: string?, nudge: string?}
---@return boolean answered  false: it is no conversation, or nothing was said in words
function M.answered(turn, reply)
  local said = type(reply.content) == "string" and reply.content or ""
  if not said:find("%S") or reply.problem or reply.nudge or not turn:is_talk() then
    return false
  end
  turn:record("turn.said", { text = said, labels = turn.marks })
  turn:park(M.SAID)
  return true
end

return M
