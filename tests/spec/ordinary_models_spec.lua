-- ordinary_models_spec.lua: an ordinary model takes the project of `orket init` to done, whatever goes wrong
-- on the way (tests/support/ordinary.lua).

local world = dofile("tests/support/world.lua")
local orket = world.orket

local MODEL = orket.read("tests/support/play.lua") .. orket.read("tests/support/ordinary.lua")
local SEEDS = 6

-- The project, with a model of this seed, or whose every wrong reply is of one kind.
local function project(seed, fault)
  local dir = orket.directory()
  local text, code = orket.shell(world.binary .. " init " .. dir .. " 2>&1")
  assert(code == 0, text)
  local w = world.copy(dir, ("SEED, FAULT = %d, %s\n"):format(seed, fault and ("%q"):format(fault) or "nil")
    .. MODEL)
  orket.remove(dir)
  return w
end

local function is_done(seed, fault)
  local w <close> = project(seed, fault)
  local text, code = w:run("hello")
  assert.equal(0, code, text)
  assert.equal("done", w:card("hello-1").status)
  assert.equal(0, w:card("hello-1").retry_count)
  assert.equal(0, #w:events("turn.failed") + #w:events("turn.looped"))
  assert.equal("hello, world\n", (orket.shell("sh " .. w.dir .. "/workspace/hello/tree/hello.sh world")))
  assert.falsy(w:exists("workspace/hello/tree/x.sh"))
  assert(w:requests() <= 9, w:requests() .. " requests") -- three for each right one: write, report, accept
  w:replays("hello.1")
  return w:requests()
end

describe("ordinary models", function()
  for kind in MODEL:match("local KINDS = {(.-)}"):gmatch("[%w_]+") do
    it("an ordinary model takes a new project to done with two wrong replies before each right one: " .. kind,
      function()
      assert.equal(9, is_done(1, kind))
    end)
  end

  for seed = 1, SEEDS do
    it("an ordinary model takes a new project to done with all kinds of wrong replies, of seed " .. seed,
      function()
      is_done(seed)
    end)
  end
end)
