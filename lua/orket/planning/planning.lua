-- planning.lua: a request becomes a plan's card, which the analyst and the architect of a team work on as on
-- any other: an epic of its own, PLAN-N, with one card, PLAN-N-draft. Its run is a run, its turns are turns;
-- what they may use are the tools for cards of the type plan, and what they come to is a proposal.

local async = require("orket.async")
local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local draft = require("orket.planning.draft")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local seats = require("orket.scheduler.seats")
local statuses = require("orket.util.statuses")
local text = require("orket.view.format.text")
local strings = require("orket.util.strings")

local M = {}

M.REQUEST_MAX = 100000 -- bytes
-- in a card's requirements; what follows is assumed
M.ASSUMED = "\nAssumed, because the request leaves it open:\n"
local NAME_MAX = 80 -- columns of a request's first line
local FIXTURES_MOST = 100 -- that a prompt names

-- ---- where the plan is made ----

local function names(map)
  local all = tables.keys(map)
  return #all > 0 and table.concat(all, ", ", 1, math.min(#all, 12)) or "there is none"
end

-- The one that is asked for, that the organization says, or the only one.
local function choose(kind, map, asked)
  local all = tables.keys(map)
  local name = asked or #all == 1 and all[1]
  if not name then
    return nil, errors.new("ERR_USAGE", "several " .. kind .. "s could do this: " .. names(map),
      "name one with --" .. kind .. ", or in process_rules.planning." .. kind)
  elseif not map[name] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no " .. kind .. " '" .. name .. "'",
      "one of: " .. names(map))
  end
  return name
end

local function role_of(project, name)
  local role = project.generation.roles[name]
  return role and role.about
end

-- Each planning seat's role has to be able to propose: a project may have written its own.
local function check_roles(project)
  for role, tool in pairs({ requirements_analyst = "propose_requirements",
    lead_architect = "propose_plan" }) do
    local about = role_of(project, role)
    if not about or not tables.has(about.tools, tool) then
      return nil, errors.new("ERR_CONFIG", "the role " .. role .. " has no tool " .. tool,
        "list it in roles/" .. role .. ".lua, or remove that file: the shipped one has it")
    end
  end
  return true
end

-- The seats that a plan may give work to, and what each can.
local function seats_of(project, team)
  local told = setmetatable({}, cjson.array_mt)
  for _, name in ipairs(tables.keys(team.seats)) do
    local role = seats.worker(team.seats[name])
    if role then
      told[#told + 1] = { seat = name, role = role, what = (role_of(project, role) or {}).description }
    end
  end
  return told
end

local function fixtures_of(project)
  local told = setmetatable({}, cjson.array_mt)
  for _, entry in ipairs(project.root:list("verification") or {}) do
    if entry.name:find("^[^.].*%.json$") and #told < FIXTURES_MOST then
      told[#told + 1] = entry.name
    end
  end
  return told
end

-- ---- its cards ----

---The next id of this kind.
---@param store table
---@param kind "PLAN"|"CHAT"
---@return string
function M.free_id(store, kind)
  return kind .. "-" .. #M.ids(store, kind) + 1
end

local function name_of(request)
  return text.cut(text.clean(strings.trimmed(request):match("^[^\r\n]*")), NAME_MAX)
end

---What the seats of a plan are told of the house.
---@param project table
---@param where {team: string, environment: string}
---@return table params
function M.params(project, where)
  local team = project.config.teams[where.team]
  local analyst, architect = seats.planners(team)
  return {
    team = where.team, environment = where.environment, analyst = analyst, architect = architect,
    seats = seats_of(project, team), fixtures = fixtures_of(project),
    issues = (project:process().planning or {}).issues or draft.EPIC_MOST,
  }
end

local function create(project, request, where)
  local tx, id, params = project.board:begin(), M.free_id(project.store, "PLAN"), M.params(project, where)
  local marks = request.labels
  tx:event("card.created", id, {
    id = id, type = "epic", status = "ready", name = "Plan: " .. name_of(request.text), team = where.team,
    environment = where.environment, params = { planning = { team = where.team } }, data_labels = marks,
  })
  tx:event("card.created", id .. "-draft", {
    id = id .. "-draft", type = "plan", status = "ready", name = name_of(request.text),
    description = request.text,
    seat = params.analyst, parent_id = id, epic = id, params = { planning = params }, data_labels = marks,
  })
  local ok, err = errors.check(async.await(tx.commit, tx))
  return ok and id, err
end

---For which team, in which environment.
---@param project table
---@param asked {team: string?, environment: string?}
---@return {team: string, environment: string}|nil
---@return Error|nil
function M.where(project, asked)
  local rules, where = project:process().planning or {}, {}
  local err
  where.team, err = choose("team", project.config.teams, asked.team or rules.team)
  if where.team then
    where.environment, err = choose("environment", project.config.environments,
      asked.environment or rules.environment)
  end
  return where.environment and where or nil, err
end

---The cards of a request.
---@param project table opened as owner, scripts loaded, with its board stream
---@param request {text: string, team: string?, environment: string?, labels: string[]?}
---@return string|nil id of the plan
---@return Error|nil
function M.open(project, request)
  local ok, err = check_roles(project)
  local where
  if ok then
    where, err = M.where(project, request)
  end
  if not where then
    return nil, err
  end
  return create(project, request, where)
end

-- ---- what became of it ----

---@class Plan
---@field id string
---@field card table the row of its draft
---@field question table|nil that waits for a person's yes or no
---@field proposal table|nil  what is asked for, or was taken
---@field rock string|nil that was made
---@field request string
---@field labels string[]|nil of what the proposal was made of
---@field assumptions string[] of the analyst
---@field run string|nil that made it last (plan_record.find)
---@field parked table|nil what it waits for (plan_record)
---@field fault Error|nil why no plan came (plan_record)

---What a question is about, with all its texts.
---@param store table
---@param row table|nil of the query approvals
---@return table|nil operation
function M.asked(store, row)
  return row and content.whole(store, row.operation) or nil
end

-- What the analyst decided, where the request leaves it open: the last lines of the requirements.
local function assumptions_of(requirements)
  local items = setmetatable({}, cjson.array_mt)
  local _, last = (requirements or ""):find(M.ASSUMED, 1, true)
  for line in last and requirements:sub(last + 1):gmatch("[^\n]+") or function() end do
    local item = line:match("^%- (.*)")
    if item or #items == 0 then
      items[#items + 1] = item or line
    else
      items[#items] = items[#items] .. " " .. line
    end
  end
  return items
end

---@param store table
---@param id string of the plan, or of its draft
---@return Plan|nil
---@return Error|nil
function M.find(store, id)
  local first = id:match("^(PLAN%-%d+)") or id
  local card = store:read("card", { id = first .. "-draft" })[1]
  if not card or card.type ~= "plan" then
    return nil, errors.new("ERR_NOT_FOUND", "there is no plan '" .. id .. "'", "orket plan --list shows them")
  end
  local rows = store:read("approvals", { card = card.id })
  local row = rows[#rows]
  local taken = store:read("plans", { card = card.id })[1]
  return {
    id = first, card = card, question = row and row.status == "pending" and row or nil,
    request = card.data.description,
    proposal = M.asked(store, row), rock = taken and taken.rock, labels = row and row.labels,
    answered = row and row.status ~= "pending" and row or nil,
    assumptions = assumptions_of(card.data.requirements),
  }
end

---The ids of all plans, or conversations, oldest first.
---@param store table
---@param kind "PLAN"|"CHAT"|nil
---@return string[]
function M.ids(store, kind)
  local ids = {}
  while store:read("card_state", { id = (kind or "PLAN") .. "-" .. #ids + 1 })[1] do
    ids[#ids + 1] = (kind or "PLAN") .. "-" .. #ids + 1
  end
  return ids
end

---The run that works on the card of a plan or a conversation; nil before its first turn.
---@param store table
---@param card table
---@return string|nil
function M.run(store, card)
  local turn = store:read("last_events", { card = card.id, kind = "turn.started", limit = 1 })[1]
  return turn and turn.run
end

local function last_seq(store, about)
  about.limit = 1
  local event = store:read("last_events", about)[1]
  return event and event.seq or 0, event
end

---Its seat was working when its run was stopped, and no run has continued it since.
---@param store Store
---@param card {id: string, status: string}
---@return boolean
function M.is_stopped(store, card)
  local run = statuses.OPEN[card.status] and M.run(store, card)
  if not run then
    return false
  end
  local at, ended = last_seq(store, { run = run, kind = "run.ended" })
  local resumed = last_seq(store, { run = run, kind = "run.resumed" })
  local moved = last_seq(store, { card = card.id, kind = "card.moved" })
  return ended ~= nil and ended.body.status == "drained" and at > resumed and at > moved
end

-- What its last turn was ended for, when that came to nothing.
local function ending_of(store, plan)
  local rows = store:read("reports", { card = plan.card.id, limit = 20 })
  local move = store:read("last_events", { card = plan.card.id, kind = "card.moved", limit = 1 })[1]
  local is_over = rows[1] and rows[1].rule:find("^turn%.") and move and move.body.why == rows[1].why
  return is_over and rows or nil
end

---Why no plan came of it: its model proposed none that holds, as often as it may. nil when that is not so.
---@param store table
---@param plan Plan
---@return Error|nil
function M.fault(store, plan)
  local rows = plan.card.status == "waiting_for_developer" and ending_of(store, plan)
  if not rows then
    return nil
  end
  local why = rows[1].why
  for i = 2, #rows do
    if rows[i].run == rows[1].run and rows[i].turn == rows[1].turn then
      why = why .. "; the last refusal (" .. rows[i].rule .. "):\n  " .. rows[i].why:gsub("\n", "\n  ")
      break
    end
  end
  return errors.new("ERR_PLAN", "no plan that holds was proposed, nothing was made: " .. why,
    "orket plan --go-on " .. plan.id
      .. " asks again; or say it more simply, in smaller parts, or choose another model")
end

---Under which names a plan's proposal would be made.
---@param plan Plan
---@return {plan: string, team: string, environment: string, marks: string[]?}
function M.about(plan)
  local params = plan.card.data.params.planning
  return { plan = plan.id, team = params.team, environment = params.environment, marks = plan.labels }
end

return M
