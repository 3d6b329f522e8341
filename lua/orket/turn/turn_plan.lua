-- turn_plan.lua: what the turns of a plan's card leave: its requirements, which go to the next seat, and the
-- cards of a proposal that a person took. Nothing of a proposal is on the board before: until then it is a
-- call in the journal.

local cards = require("orket.project.cards")
local cjson = require("cjson")
local config = require("orket.project.config")
local draft = require("orket.planning.draft")
local plan_files = require("orket.planning.plan_files")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")
local planning = require("orket.planning.planning")

local M = {}

-- What an operation that was performed makes of the card. No role says so of itself: its route may not end a
-- plan.
M.ENDS = { ["plan.specify"] = "ready", ["plan.make"] = "done" }

local function data_of(turn)
  return turn.engine.store:read("card", { id = turn.card.id })[1].data
end

---Under which names a proposal of this turn's card would be made.
---@param turn Turn
---@return {plan: string, team: string, environment: string, marks: string[]?}
function M.about(turn)
  local plan = data_of(turn).params.planning
  return { plan = turn.card.epic, team = plan.team, environment = plan.environment, marks = turn.marks }
end

local function proposes(turn, operation, why)
  local status = M.ENDS[operation]
  turn:plan_ends(status)
  turn:propose({ status = status, why = why })
end

local function lines(title, texts)
  local out = {}
  for i, text in ipairs(texts or {}) do
    out[i] = "- " .. text
  end
  return #out > 0 and title .. table.concat(out, "\n") or ""
end

---The operation plan.specify: the requirements are the card's, and the next seat has it.
---@param turn Turn
---@param record {requirements: string[], assumptions: string[]?}
---@return table result
function M.specify(turn, record)
  local text = lines("", record.requirements) .. lines(planning.ASSUMED, record.assumptions)
  turn:change({ requirements = text, seat = data_of(turn).params.planning.architect })
  turn:made(text)
  proposes(turn, "plan.specify", #record.requirements .. " requirements")
  return { handed_over = true }
end

local function record_files(turn, texts)
  local made = setmetatable({}, cjson.array_mt)
  for _, path in ipairs(tables.keys(texts)) do
    made[#made + 1] = { path = path, blob = turn.tx:blob(texts[path]) }
  end
  return plan_files.sort(made)
end

---The operation plan.make: the cards of the proposal, all of them in the transaction of its result.
---@param turn Turn
---@param record table
---@return table result
function M.make(turn, record)
  local about = M.about(turn)
  local texts = draft.files(record, about)
  local made = config.of_files(texts)
  local rock = made.rocks[record.id]
  local count = cards.add(turn.tx, rock, made.epics)
  turn:record("plan.accepted", {
    rock = rock.id, epics = #rock.epics, issues = count, request = hash.of(data_of(turn).description or ""),
    files = record_files(turn, texts),
  })
  turn:made(rock.id)
  if not data_of(turn).params.planning.talk then -- a conversation goes on
    proposes(turn, "plan.make", "taken: " .. rock.id)
  end
  return { rock = rock.id, epics = #rock.epics, issues = count }
end

---Who ends a turn of a plan's card: what a person took is the engine's to end, else it is the turn's own
---role.
---@param turn Turn
---@param proposal {status: string}
---@return string role
function M.role(turn, proposal)
  return turn.planned == proposal.status and "system" or turn.role
end

---The transition with which a turn of a plan's card ends.
---@param turn Turn
---@param proposal {status: string, reason: string?, why: string?}
---@return boolean|nil ok
---@return Error|nil
function M.commit(turn, proposal)
  return moves.add(turn.tx, turn.card, proposal.status, {
    role = M.role(turn, proposal), reason = proposal.reason, why = proposal.why,
  })
end

---A call that the journal has was performed before the interruption.
---@param turn Turn
---@param operations {op: string, hash: string?}[]
function M.recall(turn, operations)
  for _, done in ipairs(operations) do
    local status = done.hash and M.ENDS[done.op]
    if status then
      turn:plan_ends(status)
    end
  end
end

return M
