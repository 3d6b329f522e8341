-- reload.lua: scripts that change in the middle of a run, which is killed around the publication of the new
-- generation, changed once more, and gone on with: each turn keeps the scripts that it began with.
--
--   local try = reload.try("generation_before:2:kill")    -- {code, problems}

local faulty = dofile("tests/support/faulty.lua")
local world = dofile("tests/support/world.lua")

local M = {}

-- Four replies of each card, none too fast; the guard is not kept waiting.
local TEAM = [[
function work(talk)
  local r = talk.replies < 3 and say(write(talk.card .. talk.replies, "x")) or say(finish())
  r.delay_ms = 40
  return r
end
]]

local function coder(w, name)
  local text, found = world.orket.read("roles/coder.lua"):gsub("You are a programmer of a software team%.",
    "I am the " .. name .. ".")
  assert(found == 1)
  w:write("roles/coder.lua", text)
end

local function new_world(binary)
  local w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } },
    { id = "C", depends_on = { "B" } } },
    mock = TEAM, binary = binary })
  coder(w, "first")
  return w
end

-- The names under which each card's worker asked, in order, each once in a row: {A = "first", …}.
local function names(w)
  local of = {}
  for n = 1, w:requests() do
    local request = w:request(n)
    local card, name = request:match("# Card (%w+):"), request:match("I am the (%a+)")
    if name and not (of[card] or ""):find(name .. "$") then
      of[card] = (of[card] and of[card] .. " " or "") .. name
    end
  end
  return of
end

-- Every turn's generation is in the journal, before the turn.
local function check_generations(w, problems)
  local recorded = {}
  for _, event in ipairs(w:events()) do
    local generation = event.body.generation
    if event.kind == "scripts.loaded" then
      recorded[generation] = true
    elseif event.kind == "turn.started" and not recorded[generation] then
      problems[#problems + 1] = "turn " .. event.turn .. " has a generation that was not recorded before"
    end
  end
end

-- What each card may have been worked on with: A began before the change, and C after all of them.
local ALLOWED = { A = { first = true }, B = { first = true, second = true, third = true },
  C = { second = true, third = true } }

local function check_names(w, code, problems)
  local of = names(w)
  for card, allowed in pairs(ALLOWED) do
    if not allowed[of[card] or ""] then
      problems[#problems + 1] = card .. " was worked on by: " .. tostring(of[card])
    end
  end
  if code == 137 and of.C ~= "third" then
    problems[#problems + 1] = "after the kill C was worked on by the " .. of.C
  end
end

-- Kills from outside: some seconds after the change, or when it is recorded and a further request came.
local function kill_at(w, run, moment)
  if type(moment) == "number" then
    world.sleep(moment)
  else
    assert(world.wait(function() return #w:events("scripts.loaded") == 2 end), "no second generation")
    local n = w:requests()
    assert(world.wait(function() return w:requests() > n end), "no further request")
  end
  run.kill("KILL")
end

---Changes the scripts in the first card's turn, kills, changes them again, goes on.
---@param fault string of ORKET_FAULT, or ""
---@param moment number|"recorded"|nil when it is killed from outside
---@return {code: integer, problems: string[]}
function M.try(fault, moment)
  local w <close> = new_world(faulty.faulty)
  local problems = {}
  w.environment = "ORKET_FAULT=" .. fault
  local run = w:start()
  assert(world.wait(function() return w:request(2) end), "no second request")
  coder(w, "second")
  if moment then
    kill_at(w, run, moment)
  end
  local _, code = run.wait()
  w.environment = ""
  if code ~= 0 then
    coder(w, "third")
    local text, again = w:run()
    problems[1] = again ~= 0 and "does not complete: " .. text or nil
  end
  check_names(w, code, problems)
  check_generations(w, problems)
  local report, sound = w:check()
  problems[#problems + 1] = sound ~= 0 and report or nil
  return { code = code, problems = problems }
end

---How often a start alone hits each point: the next hit is the reload's.
---@return table<string, integer>
function M.hits()
  local w <close> = new_world(faulty.faulty)
  w.environment = "ORKET_FAULT=record:" .. w.dir .. "/.test/record"
  assert(select(2, w:run()) == 0)
  local hits = {}
  for name, count in w:read(".test/record"):gmatch("point (%S+) (%d+)\n") do
    hits[name] = tonumber(count)
  end
  return hits
end

return M
