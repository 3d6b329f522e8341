-- leaks_spec.lua: descriptors and memory do not grow with what one process has done: epics, cards, turns,
-- steps, plans, conversations, forks, replays.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = world.orket.read("tests/support/teams/leaks.lua")

local FILES = 72 -- a run of one card at a time needs 65; what each epic, card or line kept would be too many

local function new_world(options)
  options.mock, options.limits = MOCK, { concurrency = 1 }
  return world.new(options)
end

-- A rock of so many epics of one card each.
local function rock_of(count)
  local files, epics = {}, {}
  for i = 1, count do
    files["config/epics/e" .. i .. ".json"] = cjson.encode({ name = "Epic " .. i, team = "t",
      environment = "e",
      issues = { { id = "E-" .. i, name = "Issue " .. i, seat = "dev" } } })
    epics[i] = { epic = "e" .. i }
  end
  files["config/rocks/r.json"] = cjson.encode({ name = "Rock", epics = epics })
  return new_world({ issues = { { id = "A" } }, files = files })
end

-- An epic of so many cards, each of which is verified by a program.
local function epic_of(count)
  local issues = {}
  for i = 1, count do
    issues[i] = { id = "I-" .. i, verification = { fixture_path = "ok.json" } }
  end
  return new_world({ issues = issues, files = { ["verification/ok.json"] = '{"argv": ["true"]}' } })
end

-- Runs a command with few descriptors: its peak of memory in KiB, and what it printed.
local function peak(w, arguments)
  local text, code = world.orket.shell(([[cd %s; ORKET_MODEL_URL=%s python3 -c '
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d))
code = subprocess.call(sys.argv[1:], stderr=subprocess.STDOUT)
print("\npeak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)' timeout 100 %s %s 2>&1]]):format(w.dir, w.url, FILES, FILES, world.binary, arguments))
  assert.equal(0, code, text)
  return tonumber(text:match("peak (%d+)")), text
end

local MORE = 8 * 1024 -- KiB: the cache of SQLite fills, and cards stay on the board

describe("descriptors and memory", function()
  it("a process that runs a rock keeps no descriptor and no memory of an epic whose run is over", function()
    local few <close> = rock_of(5)
    local many <close> = rock_of(80)
    local small, large = peak(few, "run --plain r"), peak(many, "run --plain r")
    assert(large - small < MORE, small .. " to " .. large)
  end)

  it("a process that runs and replays many cards and programs keeps nothing of them", function()
    local few <close> = epic_of(5)
    local many <close> = epic_of(80)
    for _, command in ipairs({ "run --plain ep", "replay --strict ep.1" }) do
      local small, large = peak(few, command), peak(many, command)
      assert(large - small < MORE, command .. ": " .. small .. " to " .. large)
    end
  end)

  it("a process in which a person says many things keeps nothing of them", function()
    local w <close> = new_world({ issues = { { id = "A" } } })
    w:orket("sync")
    w:write("few", ("and then\n"):rep(5))
    w:write("many", ("and then\n"):rep(80))
    local small, large = peak(w, "chat --json <few"), peak(w, "chat --json <many")
    assert(large - small < MORE, small .. " to " .. large)
  end)
end)
