-- reloads.lua: a policy that is changed every second while turns run: what each turn was refused tells which
-- text judged it. Each change has a rule of its own; a turn makes the same forbidden call again and again,
-- for longer than a change takes.
--
--   local result = reloads.run({ seconds = 60, cards = 200, pause = 1 })

local world = dofile("tests/support/world.lua")

local M = {}

-- As data, with the same conditions each time: it serves at once.
local POLICY = [[
return { deny = { { tool = "write_file", path = "probe.txt", rule = "g%d", why = "changed %d times" } } }
]]

-- Six replies, each with a forbidden call and one that does something.
local MOCK = [[
function work(talk)
  local said = talk.replies < 6 and say(write("probe.txt", "x"), write(talk.card .. talk.replies, "x")) or say(finish())
  said.delay_ms = %d
  return said
end]]

local function cards(count)
  local issues = {}
  for i = 1, count do
    issues[i] = { id = "I-" .. i }
  end
  return issues
end

-- Changes the policy until the run ends or the time is over: how often.
local function change(w, run, options)
  local count, began = 0, os.time()
  while not run.ended() and os.time() - began < options.seconds do
    count = count + 1
    w:write("nodes/policy/tick.lua.new", POLICY:format(count, count))
    os.rename(w.dir .. "/nodes/policy/tick.lua.new", w.dir .. "/nodes/policy/tick.lua")
    world.sleep(options.pause)
  end
  return count
end

-- Which rules a turn was refused by, and how each turn ended.
local function read(w)
  local turns = {}
  for _, event in ipairs(w:events()) do
    local key = event.run .. "/" .. event.turn
    local turn = turns[key] or { rules = {} }
    if event.kind == "turn.started" and not event.body.review then
      turn.generation, turns[key] = event.body.generation, turn
    elseif event.kind == "call.refused" and turns[key] then
      turn.rules[event.body.rule] = (turn.rules[event.body.rule] or 0) + 1
    elseif event.kind == "turn.ended" and turns[key] then
      turn.outcome = event.body.outcome
    end
  end
  return turns
end

local function judge(turns)
  local result = { turns = 0, dropped = 0, mixed = 0, generations = 0, decisions = 0 }
  local rule_of, generation_of = {}, {}
  for _, turn in pairs(turns) do
    result.turns = result.turns + 1
    result.dropped = result.dropped + (turn.outcome == "done" and 0 or 1)
    for rule, count in pairs(turn.rules) do
      local id = turn.generation
      result.generations = result.generations + (rule_of[id] and 0 or 1)
      rule_of[id], generation_of[rule] = rule_of[id] or rule, generation_of[rule] or id
      result.mixed = result.mixed + ((rule_of[id] ~= rule or generation_of[rule] ~= id) and 1 or 0)
      result.decisions = result.decisions + count
    end
  end
  return result
end

---@param options {seconds: integer, cards: integer, pause: number, delay: integer, concurrency: integer}
---@return {turns: integer, dropped: integer, mixed: integer, generations: integer, decisions: integer, changes: integer, loaded: integer,
---waiting: integer, code: integer, sound: boolean, text: string}
function M.run(options)
  local w <close> = world.new({
    issues = cards(options.cards), mock = MOCK:format(options.delay),
    limits = { concurrency = options.concurrency },
    files = { ["nodes/policy/tick.lua"] = POLICY:format(0, 0) },
  })
  local run = w:start()
  local changes = change(w, run, options)
  local text, code = run.wait(options.seconds + 30)
  local result = judge(read(w))
  result.changes, result.code, result.text = changes, code, text
  result.loaded, result.waiting = #w:events("scripts.loaded") - 1, #w:events("scripts.waiting")
  result.sound = select(2, w:check()) == 0
  return result
end

return M
