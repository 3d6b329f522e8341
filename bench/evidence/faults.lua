-- faults.lua: the example killed and failed at every point of fault, N times each (25), and at 80 N random
-- moments; every stack that allocates or calls the system fails once, then 80 N random allocations. What came
-- out is held against the run that nothing happened to (tests/support/faulty.lua). Then kills among counted
-- effects, and around scripts that change. At last: how soon a killed run of 10,000 cards is ready again.
-- PART=kill|moments|eio|enospc|oom|stacks|allocations|effects|reload|restart runs that part alone.
-- FAULTY=build/gcc-san-fault/orket gives the same under the sanitizers.

local cjson = require("cjson")
local effects = dofile("tests/support/effects.lua")
local faulty = dofile("tests/support/faulty.lua")
local reload = dofile("tests/support/reload.lua")
local orket = faulty.orket

local N = tonumber(os.getenv("N")) or 25
local bed <close> = faulty.new()
local hits, sites = bed:record()
local failed = 0

-- Adds up how one try ended.
local function note(count, fault, one)
  count.tried = count.tried + 1
  count[one.code == 137 and "killed" or one.code == 0 and "made good" or "told"] =
    (count[one.code == 137 and "killed" or one.code == 0 and "made good" or "told"] or 0) + 1
  count["waits for a person"] = (count["waits for a person"] or 0) + (one.gave_up and 1 or 0)
  count["answered by a person"] = (count["answered by a person"] or 0) + (one.answers or 0)
  if #one.problems > 0 then
    failed = failed + 1
    print(fault .. ": exit " .. one.code .. "\n  " .. table.concat(one.problems, "\n  "))
  end
end

local function try(count, fault, options)
  note(count, fault, bed:try(fault, options))
end

local function section(name, fill)
  local count, began, before = { tried = 0 }, os.time(), failed
  fill(count)
  local parts = {}
  for what, n in pairs(count) do
    parts[#parts + 1] = what ~= "tried" and n > 0 and n .. " " .. what or nil
  end
  table.sort(parts)
  print(string.format("%-36s %5d tried (%s), %d wrong, %d s", name, count.tried, table.concat(parts, ", "),
    failed - before,
    os.time() - began))
  io.flush()
end

local function at_points(act, times, options)
  return function(count)
    for _, point in ipairs(faulty.points()) do
      if point.place ~= "everywhere" and hits[point.name] > 0 and point.acts:find(act, 1, true) then
        for _ = 1, math.min(times, act == "kill" and times or hits[point.name]) do
          try(count, point.name .. ":" .. math.random(hits[point.name]) .. ":" .. act, options)
        end
      end
    end
  end
end

local MEMORY = { retries = true }
local PART = os.getenv("PART")

local function part(name, what, fill)
  if not PART or PART == name then
    section(what, fill)
  end
end

print(string.format("%d points, %d hits in one run, %d allocations, %d stacks", #faulty.points(), hits.any,
  hits.allocation, #sites))
part("kill", "kill at every point", at_points("kill", N))
part("moments", "kill at random moments", function(count)
  for i = 1, 80 * N do
    if i % 2 == 0 then
      try(count, "allocation:" .. math.random(hits.allocation) .. ":kill")
    else
      try(count, "", { kill = 0.002 + math.random() * 0.4 })
    end
  end
end)
for _, act in ipairs({ "eio", "enospc", "oom" }) do
  part(act, act .. " at every point", at_points(act, math.ceil(N / 5), MEMORY))
end
part("stacks", "every stack fails once", function(count)
  for _, site in ipairs(sites) do
    local act = site.what == "memory" and "oom" or "eio"
    try(count, "site:" .. site.stack .. ":" .. act, MEMORY)
  end
end)
part("allocations", "random allocations fail", function(count)
  for _ = 1, 80 * N do
    try(count, "allocation:" .. math.random(hits.allocation) .. ":oom", MEMORY)
  end
end)

-- ---- effects beyond the tree, and scripts that change ----

part("effects", "kill among counted effects", function(count)
  local among <close> = effects.new()
  local of = among:hits()
  for _, point in ipairs(faulty.points()) do
    for _ = 1, point.place ~= "everywhere" and of[point.name] > 0 and math.ceil(N / 5) or 0 do
      local fault = point.name .. ":" .. math.random(of[point.name]) .. ":kill"
      note(count, fault, among:try(fault))
    end
  end
  for _ = 1, 4 * N do
    note(count, "a random moment", among:try("", 0.01 + math.random() * 0.4))
  end
end)
part("reload", "kill around changed scripts", function(count)
  local before = reload.hits()
  for _ = 1, N do
    for _, point in ipairs({ "script_before", "script_after", "generation_before", "generation_after" }) do
      local fault = point .. ":" .. before[point] + 1 .. ":kill"
      note(count, fault, reload.try(fault))
    end
    note(count, "recorded", reload.try("", "recorded"))
    note(count, "a random moment", reload.try("", math.random() * 0.2))
  end
end)

-- ---- restart ----

local function many_cards(count)
  local dir, issues = bed:project(), {}
  for i = 1, count do
    issues[i] = { id = "C-" .. i, name = "Card " .. i, seat = "coder", description = "Build part " .. i,
      depends_on = i > 100 and { "C-" .. i - 100 } or nil }
  end
  local epic = cjson.decode(orket.read(dir .. "/config/epics/textkit.json"))
  epic.issues = issues
  orket.write(dir .. "/config/epics/textkit.json", cjson.encode(epic))
  return dir
end

local function seconds(command)
  local text = orket.shell("s=$(date +%s%N); " .. command .. "; e=$(date +%s%N); echo $((e - s))")
  return tonumber(text:match("(%d+)%s*$")) / 1e9
end

if not PART or PART == "restart" then
  local dir = many_cards(10000)
  assert(bed:run(dir, { fault = "reply_before:20:kill" }) == 137)
  local ready = seconds(string.format("cd %s; ORKET_MODEL_URL=%s %s run --json textkit | head -1 >/dev/null",
    dir, bed.url, faulty.release))
  print(string.format("restart with 10,000 cards: ready in %.2f s", ready))
end
print(failed == 0 and "nothing was lost, doubled or told wrong" or failed .. " wrong")
os.exit(failed == 0 and 0 or 1)
