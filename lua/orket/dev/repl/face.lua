-- face.lua (restricted): what a line of the REPL sees. It is put before the line; run() answers the
-- line's value and the globals it set that are plain data, so that they live on for the next line.

-- A line keeps plain data only: what is null is not there.
local function bare(value)
  if value == cjson.null then
    return nil
  elseif type(value) ~= "table" then
    return value
  end
  for key, item in pairs(value) do
    value[key] = bare(item)
  end
  return value
end

local function ask(op, fields)
  local operation = fields or {}
  operation.op = op
  local answer = perform(operation)
  if answer.error ~= nil and answer.error ~= cjson.null then
    local fix = type(answer.error.fix) == "string" and answer.error.fix ~= "" and answer.error.fix
    error(answer.error.code .. ": " .. answer.error.message .. (fix and "\n  fix: " .. fix or ""), 0)
  end
  return bare(answer.result)
end

local function is_plain(value, depth)
  local kind = type(value)
  if kind ~= "table" then
    return kind == "string" or kind == "number" or kind == "boolean"
  elseif depth > 20 then
    return false
  end
  for key, item in pairs(value) do
    if type(key) == "table" or not is_plain(item, depth + 1) then
      return false
    end
  end
  return true
end

local API = {}

---All cards, or those with a status: {id, type, status, name, seat}.
function API.cards(status) return ask("cards", { status = status }) end
---All fields of a card.
function API.card(id) return ask("card", { id = id }) end
---The newest events, oldest first. options: card, run, kind, limit (20).
function API.events(options) return ask("events", options) end
---All runs.
function API.runs() return ask("runs") end
---The names of the roles that serve.
function API.roles() return ask("scripts", { kind = "roles" }) end
---The names of the tools that serve.
function API.tools() return ask("scripts", { kind = "tools" }) end
---The names of the nodes that serve.
function API.nodes() return ask("scripts", { kind = "nodes" }) end
---What a role would see of a card.
function API.view(id) return ask("view", { card = id }) end
---The messages that the card's next turn would send.
function API.prompt(id, role) return ask("prompt", { card = id, role = role }) end
---What the gate decides about a call, which is not made: {card=, role=, tool=, arguments=}.
function API.judge(call) return ask("judge", call) end
---The seat and the role that would take a card next.
function API.route(id) return ask("route", { card = id }) end
---The files of a card or an epic.
function API.files(id) return ask("files", { card = id }) end
---The text of one of them.
function API.file(id, path) return ask("file", { card = id, path = path }) end
---With --run: where the REPL is, or goes to the event with that number.
function API.at(event) return ask("at", { event = event ~= nil and tostring(event) or nil }) end
---With --run: what changed from event A to B, or since A: fields of cards, and files.
function API.diff(a, b) return ask("diff", { a = tostring(a), b = b ~= nil and tostring(b) or nil }) end

local function step(direction, by)
  if by == "turn" then
    return ask("at", { turn = direction })
  end
  if by ~= nil and type(by) ~= "number" then
    error('next and back take a number, or "turn"', 0)
  end
  return ask("at", { events = direction * (by or 1) })
end

---With --run: one event back, as many as a number says, or with "turn" to where a turn began or ended.
function API.back(by) return step(-1, by) end
---With --run: the same forward. For a table it is Lua's own next.
function API.next(by, ...)
  if type(by) == "table" then
    return next(by, ...)
  end
  return step(1, by)
end
---Takes the scripts of the project as they are now; answers what was refused.
function API.reload() return ask("reload") end
---Adds a comment to a card, as a recorded act of yours.
function API.comment(id, text) return ask("person", { act = "comment", card = id, text = text }) end
---Answers a parked card's question, as a recorded act of yours.
function API.answer(id, text) return ask("person", { act = "answer", card = id, text = text }) end
---Tries a parked card again, or, attached, judges the call of a stopped turn again.
function API.retry(id) return ask("person", { act = "retry", card = id }) end
---Moves a card, as a recorded act of yours.
function API.move(id, status, reason)
  return ask("person", { act = "move", card = id, status = status, reason = reason })
end
---Prints its values, tables as JSON, with blanks between them.
function API.print(...)
  local texts = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    texts[i] = type(value) == "table" and is_plain(value, 0) and cjson.encode(value) or tostring(value)
  end
  ask("print", { text = table.concat(texts, " ") })
end

-- Of a run that the REPL is attached to.
local function debug(word, fields)
  fields.word = word
  return ask("debug", fields)
end
---Attached: the breakpoints that are set.
function API.breakpoints() return debug("breakpoints", {}) end
---Attached: all turns that stand at a breakpoint.
function API.stopped() return debug("stopped", {}) end
---Attached: turns stop at {tool=}, {rule=}, {role=} or {transition=}, narrowed by card= and role=; * is
---anything.
function API.breakpoint(wanted) return debug("breakpoint", { wanted = wanted }) end
---Attached: removes a breakpoint.
function API.clear(id) return debug("clear", { id = id }) end
---Attached: waits for the next turn that stops.
function API.wait(seconds) return debug("wait", { seconds = seconds }) end
---Attached: view, prompt, call, decision and operation of a stopped turn.
function API.inspect(id) return debug("inspect", { card = id }) end
---Attached: lets a stopped turn go to its next place.
function API.step(id) return debug("step", { card = id }) end
---Attached: lets a stopped turn go on.
function API.continue(id) return debug("continue", { card = id }) end
---Attached: refuses the call of a stopped turn, with a reason for the model.
function API.skip(id, why) return debug("skip", { card = id, why = why }) end
---Attached: what the scripts on the disk would change for a stopped turn.
function API.dry(id) return ask("dry", { card = id }) end

local function shown(value)
  if value == nil or is_plain(value, 0) then
    return value
  end
  return tostring(value)
end

function run(line, kept)
  local environment = {}
  for name, value in pairs(kept) do
    environment[name] = value
  end
  setmetatable(environment, {
    __index = function(_, name)
      return API[name] or _G[name]
    end,
  })
  local value = line(environment)
  local keep = {}
  for name, set in pairs(environment) do
    if is_plain(set, 0) then
      keep[name] = set
    end
  end
  return { value = shown(value), keep = keep }
end
