-- sim.lua: a recorded history of N= (1000) cards with STEPS= (10) replies of CALLS= (10) calls each, judged
-- by changed scripts: a policy that denies one path, a rule of the house, a tool taken from a role, a role's
-- words, a router, and comments. What is planted is found exactly; how many decisions a second, of the best
-- of REPS= (3) runs, from outside and as told.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local team = dofile("bench/team.lua")

local count, reps = measure.number("N", 1000), measure.number("REPS", 3)
local steps, calls = measure.number("STEPS", 10), measure.number("CALLS", 10)
local directory <close> = measure.directory()

local WORK = ("local STEPS, CALLS = %d, %d\n"):format(steps, calls) .. [[
function work(said)
  if said == STEPS then
    return finish()
  end
  local calls = {}
  for i = 1, CALLS do
    local n = said * CALLS + i
    calls[i] = n % 3 == 0 and call("read_file", { path = ("d/f%d.txt"):format(n - 1) })
      or call("write_file", { path = ("d/f%d.txt"):format(n), content = ("line %d\n"):format(n) .. ("x"):rep(200) })
  end
  return { calls = calls }
end
]]

local CONCURRENCY = 16

local function changed(path, text)
  local dir = directory:new()
  team.write(dir .. "/" .. path, text)
  return dir
end

local function replaced(path, from, to)
  local text, times = measure.read(path):gsub(from, to)
  assert(times == 1, path)
  return changed(path, text)
end

local POLICY = [[
local function decide(call, view)
  if call.tool == "write_file" and call.paths[1] == "d/f1.txt" and view.card.type == "issue" then
    return { decision = "deny", rule = "planted", why = "planted", fix = "-" }
  end
end
return { node = "policy", decide = decide }
]]

local function sim(dir, path)
  local best
  for _ = 1, reps do
    local out = directory.path .. "/result.json"
    local text = measure.shell(("%s/spend 1 sh -c '%s sim --json -C %s --with %s > %s; true'"):format(
      measure.programs, measure.orket, dir, path, out))
    local spent = cjson.decode(text:match("SPENT (%b{})"))
    local result = cjson.decode(measure.read(out))
    result.wall, result.cpu = spent.wall_ms / 1000, spent.cpu_ms / 1000
    best = (not best or result.cpu < best.cpu) and result or best
  end
  return best
end

local closing <close>, url = team.serve(directory, WORK)
local dir = team.project(directory, url, { count = count, concurrency = CONCURRENCY })
local text, done = measure.shell(("%s run --plain -C %s ep 2>&1"):format(measure.orket, dir))
assert(done, text:sub(-2000))

local figures = { cards = count, steps = steps, calls = calls }
local cases = {
  { "a policy", changed("nodes/policy.lua", POLICY), "calls", count },
  { "a rule of the house", changed("config/organization.json", team.organization(url, CONCURRENCY, {
    { id = "planted", effect = "deny", why = "planted", tools = { "write_file" },
      paths = { "d/f2.txt" } } })), "calls", count },
  { "a tool taken from a role", replaced("roles/coder.lua", '"read_file",', ""), "calls",
    steps * calls // 3 * count },
  { "a role's words", replaced("roles/coder.lua", "leave no placeholders", "leave nothing out"), "prompts",
    count },
  { "a router", replaced("nodes/router.lua", "local name = some%(card.seat%)",
    'local name = card.id == "I-1" and "lead" or some(card.seat)'), "routes", 1 },
  { "comments", changed("nodes/policy.lua",
    "local function decide() end\nreturn { node = 'policy', decide = decide }"), "calls", 0 },
}
for _, case in ipairs(cases) do
  local name, path, kind, expected = table.unpack(case)
  local result = sim(dir, path)
  local all = result.judged.calls + result.judged.routes + result.judged.prompts + result.judged.transitions
  assert(#result.differences == expected and result.differ[kind] == expected,
    name .. ": " .. cjson.encode(result.differ))
  assert(result.judged.calls == (steps * calls + 2) * count and result.caveat_count == 0)
  figures[name:gsub("%W", "_")] = all / result.cpu
  measure.figure(name .. ": decisions by CPU time", all / result.cpu, "/s", { least = 5000 })
  measure.figure(name .. ": decisions as told", result.per_second, "/s")
end
measure.bench(figures)
