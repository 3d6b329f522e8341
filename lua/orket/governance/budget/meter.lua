-- meter.lua: the budgets of a run under way: every request to a model passes it, and every file that is
-- written where disk is capped. There is none when nothing is capped.
--
-- A cap that is reached is told as an error with the body of `budget.reached`; whoever asked records it and
-- parks the card. Runs that are under way together count in one ledger: what was spent before is read once,
-- when the first of them that meets a cap begins or goes on; from then on it is counted here.

local async = require("orket.async")
local caps = require("orket.governance.budget.caps")
local errors = require("orket.errors")
local estimates = require("orket.governance.budget.estimate")
local ledgers = require("orket.governance.budget.ledger")
local budget_format = require("orket.governance.budget.budget_format")
local spents = require("orket.governance.budget.spent")
local sys = require("orket.core.sys")
local usages = require("orket.llm.usage")

local M = {}

local Meter = {}
Meter.__index = Meter

local CONFIG = "config/organization.json#/process_rules/"

---@class SharedBudget what the meters of all runs under way have in common
---@field ledger table
---@field estimate table
---@field budgets table process_rules.budgets, as the run that began last was given them
---@field day string|nil that is counted of the organization

-- ---- which caps ----

local function add(self, list, scope, name, own)
  if scope ~= "organization" and not name then
    return
  end
  local limits, where = caps.limits(self.shared.budgets, scope, name, own)
  for _, kind in ipairs(caps.KINDS) do
    if limits[kind] then
      local cap = self.shared.ledger:cap(caps.path(scope, name, kind), kind, limits[kind], function()
        return ((self.spent[scope][name or ""] or {})[kind]) or 0
      end)
      cap.where = cap.where or where[kind] and CONFIG .. "budgets/" .. where[kind] or nil
      table.insert(kind == "disk" and list.disk or list, cap)
    end
  end
end

-- The turn's own: what its tape says was used.
local function add_turn(turn, list)
  if turn.limits.tokens then
    local cap = ledgers.cap("turn/tokens", "tokens", math.tointeger(turn.limits.tokens // 1),
      turn.spent.tokens_in + turn.spent.tokens_out)
    cap.ends, cap.where = true, CONFIG .. "limits/tokens"
    list[#list + 1] = cap
  end
end

-- The caps above the requests of such a turn; above its files, in `disk`.
local function caps_above(self, about)
  local list, card = { disk = {} }, about.card
  add(self, list, "organization")
  add(self, list, "epics", self.epic.id, self.epic.data.budget)
  add(self, list, "users", self.user)
  add(self, list, "roles", about.role)
  add(self, list, "cards", card.id, card.budget)
  add_turn(about, list)
  return list
end

local function caps_of(self, turn)
  if not turn.caps then
    turn:budget(caps_above(self, turn))
  end
  return turn.caps
end

-- ---- a cap is reached ----

-- The body of `budget.reached`; more is what was asked for beyond what is used.
local function report(self, cap, card, more)
  local kind = cap.kind
  return {
    cap = cap.path, used = budget_format.plain(kind, cap.used), limit = budget_format.plain(kind, cap.limit),
    decision = "deny", rule = "budget." .. kind, where = cap.where, ends = cap.ends,
    why = string.format("%s: %s of %s are used%s", cap.path,
      budget_format.amount(kind, cap.used, self.currency),
      budget_format.amount(kind, cap.limit, self.currency),
      more and ", " .. more .. " more were asked for" or ""),
    fix = (cap.where and "raise it in " .. cap.where or "raise the budget in the card's file, orket sync")
      .. ", then orket retry " .. card,
  }
end

local function refusal(self, cap, turn, more)
  local body = report(self, cap, turn.card.id, more)
  local err = errors.new("ERR_LIMIT", body.why, body.fix)
  err.budget = body
  return err
end

-- ---- warnings ----

local function warn(turn, crossed)
  for _, cap in ipairs(crossed) do
    turn:record("budget.warned", {
      cap = cap.path, used = budget_format.plain(cap.kind, cap.used),
      limit = budget_format.plain(cap.kind, cap.limit),
    })
  end
end

-- ---- time ----

-- The organization's day is over: nothing is used of the next one.
local function renew(self)
  local shared = self.shared
  local today = shared.day and spents.day(sys.now())
  if today and today > shared.day then
    shared.day = today
    for _, kind in ipairs(caps.KINDS) do
      local cap = shared.ledger.caps[caps.path("organization", nil, kind)]
      if cap then
        ledgers.renew(cap)
      end
    end
  end
end

-- ---- a request ----

-- Waiting for others is no time of the turn's.
local function wait(self, turn, list, wants)
  local began = sys.monotonic()
  local held, reached = async.suspend(function(wake)
    return self.shared.ledger:wait(list, wants, wake)
  end)
  turn:skip_time(sys.monotonic() - began)
  return held, reached
end

local function reserve(self, turn, list, wants)
  renew(self)
  local held, reached = self.shared.ledger:reserve(list, wants())
  if not held and not reached then
    held, reached = wait(self, turn, list, wants)
  end
  if held then
    return held
  end
  return nil, reached.path and refusal(self, reached, turn) or reached -- or the task was canceled
end

-- What an attempt cost.
local function spent_by(self, turn, model, outcome)
  local usage, time = outcome.usage or {}, self.timed and turn:took() or nil
  outcome.took = time
  return {
    tokens = (usage.prompt or 0) + (usage.completion or 0), money = usages.money(model.price, usage) or 0,
    calls = 1, seconds = time,
  }
end

-- outcome: the reply, or the error, which alone has a code
local function settle(self, request, held, bytes, outcome)
  local was_made = not outcome.code or outcome.is_attempt
  local spent = was_made and spent_by(self, request.turn, request.model, outcome) or {}
  if outcome.usage then -- first: who waits is served by what is known now
    self.shared.estimate:learn(request.model, bytes, outcome.usage)
  end
  warn(request.turn, self.shared.ledger:commit(held, spent))
end

-- What a request holds is given back whatever breaks.
local Held = {}

function Held:__close()
  self.ledger:release(self.held)
end

---Requests of turns through the budgets (llm/client.lua).
---@param inner Ask
---@return Ask
function Meter:over(inner)
  return function(request)
    local list = request.turn and caps_of(self, request.turn) or {}
    if #list == 0 and not (request.turn and self.timed) then
      return inner(request)
    end
    local estimate, bytes = self.shared.estimate, estimates.bytes(request)
    local held, refused = reserve(self, request.turn, list, function()
      return estimate:of(request.model, bytes)
    end)
    if not held then
      return nil, refused
    end
    local _ <close> = setmetatable({ ledger = self.shared.ledger, held = held }, Held)
    local reply, err = inner(request)
    settle(self, request, held, bytes, reply or err)
    return reply, err
  end
end

-- ---- files ----

---Room for so many bytes in the turn's tree: they are booked, or refused.
---@param turn Turn
---@param bytes integer
---@return true|nil ok
---@return Error|nil
function Meter:write(turn, bytes)
  local list = caps_of(self, turn).disk
  renew(self)
  for _, cap in ipairs(list) do
    if bytes > cap.limit - cap.used then
      return nil, refusal(self, cap, turn, bytes)
    end
  end
  warn(turn, ledgers.charge(list, { disk = bytes }))
  return true
end

-- ---- the meter ----

---True when a cap of this path has room again, or is gone.
---@param waits string path
---@param card {id: string, budget: table?}
---@return boolean
function Meter:has_room(waits, card)
  local scope, kind = waits:match("^(%l+)/"), waits:match("([^/]+)$")
  local name = waits:match("^%l+/(.+)/[^/]+$")
  local own
  if scope == "cards" then
    own = card.budget
  elseif scope == "epics" then
    own = self.epic.data.budget
  end
  local limit = caps.limits(self.shared.budgets, scope, name, own)[kind]
  return not limit or ((self.spent[scope][name or ""] or {})[kind] or 0) < limit
end

---The least that the caps above a turn's requests leave, by kind, as events have it.
---@param card table
---@param role string
---@return table<string, number>
function Meter:left(card, role)
  local left = {}
  renew(self)
  for _, cap in ipairs(caps_above(self, { card = card, role = role, limits = {} })) do
    left[cap.kind] = math.min(left[cap.kind] or math.maxinteger, math.max(0, cap.limit - cap.used))
  end
  for kind, amount in pairs(left) do
    left[kind] = budget_format.plain(kind, amount)
  end
  return left
end

---What requests under way hold.
---@param shared SharedBudget
---@return table<string, {held: integer, flying: integer}> by path
function M.held(shared)
  local held = {}
  for path, cap in pairs(shared.ledger.caps) do
    held[path] = cap.flying > 0 and { held = math.min(cap.held, cap.limit), flying = cap.flying } or nil
  end
  return held
end

-- What an epic's file and those of its cards say.
local function owns_of(epic, cards)
  local owns = { epic.data.budget }
  for _, card in pairs(cards) do
    owns[#owns + 1] = card.budget
  end
  return owns
end

---True when bytes written by a card of this epic are counted.
---@param config table
---@param epic table
---@param card table
---@return boolean
function M.counts_disk(config, epic, card)
  local budgets = (config.organization.process_rules or {}).budgets
  if not budgets and not epic.data.budget and not card.budget then
    return false
  end
  return caps.counts(budgets or {}, "disk", owns_of(epic, { card }))
end

---What is counted for all runs that are under way together, before the first one.
---@return SharedBudget
function M.shared()
  return { ledger = ledgers.new(), estimate = estimates.new(), budgets = {} }
end

-- The caps as they are configured now hold for all runs.
local function configure(shared, budgets, store)
  shared.budgets = budgets
  local by_day = (budgets.organization or {}).per == "day"
  shared.day = by_day and (shared.day or spents.today(store, sys.now())) or nil
end

---The budgets of a run; nil when nothing is capped.
---@param project table
---@param epic table card row
---@param run {id: string, user: string?, limits: table, cards: table<string, table>}
---@param shared SharedBudget
---@return table|nil meter
function M.open(project, epic, run, shared)
  local owns, store = owns_of(epic, run.cards), project.store
  configure(shared, project.config.organization.process_rules.budgets or {}, store)
  local budgets = shared.budgets
  if not (next(budgets) or next(owns) or run.limits.tokens) then
    return nil
  end
  return setmetatable({
    shared = shared, epic = epic, spent = spents.read(store, epic.id, shared.day),
    user = spents.user(store, run.id) or run.user, timed = caps.counts(budgets, "seconds", owns),
    currency = budgets.currency,
  }, Meter)
end

return M
