-- api.lua: what the operations of a REPL line do: reads, dry runs, reload, and the acts of a person.

local changes = require("orket.dev.repl.changes")
local cjson = require("cjson")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local nodes = require("orket.scripts.nodes")
local repl_judge = require("orket.dev.repl.repl_judge")
local tables = require("orket.util.tables")
local moments = require("orket.dev.repl.moment")
local owner = require("orket.project.owner")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

local act = {}

local function card_row(repl, id)
  local card = repl.store:read("card", { id = id })[1]
  if not card then
    return nil, errors.new("ERR_NOT_FOUND", "there is no card " .. tostring(id), "cards() lists them")
  end
  return card
end

function act.cards(repl, request)
  local cards = setmetatable({}, cjson.array_mt)
  for _, card in ipairs(repl.store:read("board", {})) do
    if not request.status or card.status == request.status then
      cards[#cards + 1] = { id = card.id, type = card.type, status = card.status, name = card.name,
        seat = card.seat }
    end
  end
  return cards
end

function act.card(repl, request)
  return card_row(repl, request.id)
end

function act.events(repl, request)
  local events = repl.store:read("last_events", {
    card = request.card, run = request.run, kind = request.kind, limit = math.min(request.limit or 20, 500),
  })
  return setmetatable(events, cjson.array_mt)
end

function act.runs(repl)
  return setmetatable(repl.store:read("runs", {}), cjson.array_mt)
end

function act.scripts(repl, request)
  return setmetatable(tables.keys(repl.generation[request.kind] or {}), cjson.array_mt)
end

local function view(repl, id, role)
  local card, err = card_row(repl, id)
  if not card then
    return nil, err
  end
  return errors.check(repl.store:read_doc("view", {
    card = id, role = role, seat = card.seat, review = card.status == "code_review" and 1 or 0,
  }))
end

function act.view(repl, request)
  local doc, err = view(repl, request.card)
  return doc and doc:value(), err
end

local function prompt_of(repl, generation, card, name)
  local role = generation.roles[name or "coder"]
  if not role then
    return nil, errors.new("ERR_NOT_FOUND", "there is no role " .. tostring(name), "roles() lists them")
  end
  local doc, err = view(repl, card, role.name)
  if not doc then
    return nil, err
  end
  local prompt
  prompt, err = errors.check(role.script:call("prompt", { doc }))
  if not prompt then
    return nil, err
  end
  return nodes.ask(generation.nodes.prompts, "build", doc, prompt)
end

---What the role would be told about the card now; nothing is sent.
function act.prompt(repl, request)
  local generation, why = moments.generation(repl, request.card)
  if not generation then
    return nil, why
  end
  return prompt_of(repl, generation, request.card, request.role)
end

---What gate, policies and autonomy would say to a call: {role, card, tool, arguments, labels}. Nothing is
---done.
function act.judge(repl, request)
  local card, err = card_row(repl, request.card)
  if not card then
    return nil, err
  end
  local generation
  generation, err = moments.generation(repl, card.id)
  if not generation then
    return nil, err
  end
  return repl_judge.verdict(repl, generation, {
    card = card, role = request.role, tool = request.tool, arguments = request.arguments,
    labels = request.labels,
  })
end

---Which seat and role the router would give the card to.
function act.route(repl, request)
  local card, err = card_row(repl, request.card)
  if not card then
    return nil, err
  end
  local epic = card_row(repl, card.epic)
  local team = epic and repl.config.teams[epic.data.team]
  if not team then
    return nil, errors.new("ERR_CONFIG", "the card belongs to no epic with a team")
  end
  local generation
  generation, err = moments.generation(repl, card.id)
  if not generation then
    return nil, err
  end
  return nodes.ask(generation.nodes.router, "route", card, team, { review = card.status == "code_review" })
end

local function past_is_past(repl)
  local moment = repl.moment
  return moment and errors.new("ERR_STORE_READONLY", "a moment of the past cannot be changed",
    string.format("orket fork %s@%d goes on from it", moment.run, moment.at))
end

---The files of a card or an epic: {path, blob}.
function act.files(repl, request)
  return changes.files(repl.store, request.card)
end

function act.file(repl, request)
  return changes.file(repl.store, request.card, tostring(request.path))
end

function act.at(repl, request)
  return moments.go(repl, request)
end

function act.diff(repl, request)
  return moments.diff(repl, request.a, request.b)
end

function act.reload(repl)
  if repl.moment then
    return nil, past_is_past(repl)
  end
  local problems = repl:reload()
  local lines = setmetatable({}, cjson.array_mt)
  for i, problem in ipairs(problems) do
    lines[i] = problem.path .. ": " .. errors.line(problem.err)
  end
  return { generation = repl.generation.id, refused = lines }
end

local function debug(repl, request)
  if not repl.attached then
    return nil, errors.new("ERR_USAGE", "not attached to a run", "orket repl --attach")
  end
  return repl.attached:ask(request)
end

---What the run's debugger answers.
function act.debug(repl, request)
  return debug(repl, request)
end

local function messages_text(messages)
  local lines = {}
  for _, message in ipairs(messages) do
    for line in ("-- " .. tostring(message.role) .. "\n" .. tostring(message.content)):gmatch("[^\n]*") do
      lines[#lines + 1] = line
    end
  end
  return lines
end

---What a turn that stands would be told, and how its call would be judged, by the scripts that are on the
---disk now: a diff against its own.
function act.dry(repl, request)
  local stop, err = debug(repl, { word = "inspect", card = request.card })
  if not stop then
    return nil, err
  end
  local was = scripts.recorded(repl.store, stop.generation, repl:rules())
  local refused = was and act.reload(repl).refused
  local before, after = nil, nil
  if was then
    before, err = prompt_of(repl, was, request.card, stop.role)
    after = before and prompt_of(repl, repl.generation, request.card, stop.role)
  end
  if not after then
    return nil, err or errors.new("ERR_NOT_FOUND", "the scripts of this turn are not recorded")
  end
  local dry = { prompt = diff.unified(messages_text(before), messages_text(after)), refused = refused }
  if stop.call and stop.call.bytes then
    dry.too_large = "the call's arguments"
  elseif stop.call then
    local call = {
      card = card_row(repl, request.card), role = stop.role, seat = stop.seat, tool = stop.call.name,
      run = stop.run, turn = stop.turn, arguments = stop.call.arguments, labels = stop.labels,
    }
    dry.before, dry.after = repl_judge.verdict(repl, was, call),
      repl_judge.verdict(repl, repl.generation, call)
  end
  return dry
end

-- Of a turn that stands, the call is judged again.
local function again(repl, request)
  if request.act ~= "retry" or not repl.attached then
    return nil
  end
  local answer, err = repl.attached:ask({ word = "again", card = request.card })
  return answer, err and err.code ~= "ERR_NOT_FOUND" and err or nil
end

---An act of the person at the keyboard: it goes through the owner like any other person's.
function act.person(repl, request)
  if repl.moment then
    return nil, past_is_past(repl)
  end
  local answer, err = again(repl, request)
  if answer or err then
    return answer, err
  end
  local fields = { who = sys.user() }
  for _, name in ipairs({ "act", "card", "text", "status", "reason", "why" }) do
    fields[name] = request[name]
  end
  return owner.ask(repl.dir, fields)
end

function act.print(_, request)
  print(text.block(request.text))
end

---Performs one operation of a line.
---@param repl table {dir, store, config, generation, reload}
---@param operation table
---@return table answer {result} or {error}
function M.perform(repl, operation)
  local perform = act[operation.op]
  if not perform then
    return { error = errors.new("ERR_USAGE", "no such operation") }
  end
  local ok, result, err = pcall(perform, repl, tables.all_given(operation))
  if not ok then -- whatever a line put into a word, the REPL goes on
    err = type(result) == "table" and result.code and result
      or errors.new("ERR_USAGE", operation.op .. " cannot take that: " .. tostring(result):match("[^\n]*"),
        "help lists the words")
  end
  if err then
    return { error = err }
  end
  return { result = result }
end

return M
