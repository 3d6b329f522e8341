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

local API = {}

function API.cards(status) return ask("cards", { status = status }) end
function API.card(id) return ask("card", { id = id }) end
function API.events(options) return ask("events", options) end
function API.runs() return ask("runs") end
function API.roles() return ask("scripts", { kind = "roles" }) end
function API.tools() return ask("scripts", { kind = "tools" }) end
function API.nodes() return ask("scripts", { kind = "nodes" }) end
function API.view(id) return ask("view", { card = id }) end
function API.prompt(id, role) return ask("prompt", { card = id, role = role }) end
function API.judge(call) return ask("judge", call) end
function API.route(id) return ask("route", { card = id }) end
function API.files(id) return ask("files", { card = id }) end
function API.file(id, path) return ask("file", { card = id, path = path }) end
function API.at(event) return ask("at", { event = event ~= nil and tostring(event) or nil }) end
function API.diff(a, b) return ask("diff", { a = tostring(a), b = b ~= nil and tostring(b) or nil }) end

-- next and back: by events, or "turn"; next is also Lua's own, for tables.
local function step(direction)
  return function(by)
    if by == "turn" then
      return ask("at", { turn = direction })
    end
    if by ~= nil and type(by) ~= "number" then
      error('next and back take a number, or "turn"', 0)
    end
    return ask("at", { events = direction * (by or 1) })
  end
end
local forward = step(1)
API.back = step(-1)
function API.next(by, ...)
  if type(by) == "table" then
    return next(by, ...)
  end
  return forward(by)
end
function API.reload() return ask("reload") end
function API.comment(id, text) return ask("person", { act = "comment", card = id, text = text }) end
function API.answer(id, text) return ask("person", { act = "answer", card = id, text = text }) end
function API.retry(id) return ask("person", { act = "retry", card = id }) end
function API.move(id, status, reason)
  return ask("person", { act = "move", card = id, status = status, reason = reason })
end

-- Of a run that the REPL is attached to.
local function word(name)
  return function(fields)
    fields = fields or {}
    fields.word = name
    return ask("debug", fields)
  end
end
local of = {}
for _, name in ipairs({ "breakpoints", "stopped", "wait", "inspect", "step", "continue", "skip", "clear", "breakpoint" }) do
  of[name] = word(name)
end
API.breakpoints, API.stopped = of.breakpoints, of.stopped
function API.breakpoint(wanted) return of.breakpoint({ wanted = wanted }) end
function API.clear(id) return of.clear({ id = id }) end
function API.wait(seconds) return of.wait({ seconds = seconds }) end
function API.inspect(id) return of.inspect({ card = id }) end
function API.step(id) return of.step({ card = id }) end
API["continue"] = function(id) return of.continue({ card = id }) end
function API.skip(id, why) return of.skip({ card = id, why = why }) end
function API.dry(id) return ask("dry", { card = id }) end

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
