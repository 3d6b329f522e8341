-- runner_spec.lua: tests/run.lua over small specs: what it prints, in which order, how it ends, and what it
-- leaves running.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local dir

before_each(function()
  dir = orket.directory()
end)

after_each(function()
  orket.remove(dir)
end)

-- Runs specs with these texts; the paths of the specs are numbered.
local function run(specs, environment)
  local paths = {}
  for i, text in ipairs(specs) do
    paths[i] = dir .. "/" .. i .. "_spec.lua"
    orket.write(paths[i], text)
  end
  local command = ("env -u ORDER -u TEST_TIMEOUT -u JOBS %s lua5.4 tests/run.lua %s 2>&1"):format(environment
    or "", table.concat(paths, " "))
  return orket.shell(command)
end

local PASSES, FAILS = 'it("holds", function() end)', 'it("does not hold", function() error("because") end)'

-- Prints a line, waits until the other one has printed as well, and prints another line.
local MEETS = [[
it("meets the other", function()
  print("first line of ME")
  io.stdout:flush()
  assert(io.open("DIR/ME", "w")):close()
  for _ = 1, 3000 do
    local file = io.open("DIR/OTHER")
    if file then
      file:close()
      print("last line of ME")
      return error("shown")
    end
    require("luv").sleep(10)
  end
  error("the other did not run beside it")
end)
]]

local function meets(me, other)
  return (MEETS:gsub("ME", me):gsub("OTHER", other):gsub("DIR", dir))
end

describe("tests/run.lua", function()
  it("tests/run.lua ends with the sum as its last line, and fails when one file failed", function()
    local text, code = run({ PASSES, FAILS })
    assert.equal(1, code)
    assert.equal("1 passed, 1 failed", text:match("([^\n]*)\n$"))
    assert(text:find("because", 1, true), text)
    text, code = run({ PASSES, PASSES })
    assert.same({ "2 passed, 0 failed", 0 }, { text:match("([^\n]*)\n$"), code })
  end)

  it("tests/run.lua counts a file that tests nothing, or does not end in time, as failed", function()
    local text, code = run({ "", 'it("hangs", function() while true do end end)' }, "TEST_TIMEOUT=1")
    assert.same({ 1, "0 passed, 2 failed" }, { code, text:match("([^\n]*)\n$") })
    assert(text:find("2_spec.lua +0 passed +1 failed +[%d.]+ s %(out of time%)"), text)
  end)

  it("tests/run.lua counts what is skipped as neither, also a whole file of it, and says why", function()
    local text, code = run({ PASSES .. ' it("needs", function() pending("no moon is here") end)',
      'pending("stands for all: no sun is here")' })
    assert.same({ 0, "1 passed, 0 failed" }, { code, text:match("([^\n]*)\n$") })
    assert(text:find("skipped, since they need what is not here:\n", 1, true), text)
    assert(text:find("  " .. dir .. "/1_spec.lua: [^\n]*no moon is here\n"), text)
    assert(text:find("  " .. dir .. "/2_spec.lua: [^\n]*no sun is here\n"), text)
  end)

  it("tests/run.lua runs files beside each other, and shows what each prints in one piece", function()
    local text = run({ meets("one", "two"), meets("two", "one") }, "JOBS=2")
    for _, name in ipairs({ "one", "two" }) do
      assert(text:find("first line of " .. name .. "\nlast line of " .. name, 1, true), text)
    end
  end)

  it("tests/run.lua names the slowest files, the slowest of all first", function()
    local text = run({ PASSES, PASSES, 'it("takes long", function() require("luv").sleep(700) end)' })
    local first = text:match("the slowest:\n *[%d.]+ s +(%S+)")
    assert.equal(dir .. "/3_spec.lua", first)
  end)

  it("repeats an order by its number, and says it", function()
    local function order(environment)
      local text = run({ PASSES, PASSES, PASSES, PASSES, PASSES }, "JOBS=1 " .. environment)
      local names = {}
      for name in text:match("^(.*)the slowest:"):gmatch("(%d)_spec") do
        names[#names + 1] = name
      end
      return table.concat(names), text:find("in the order of ORDER=7\n", 1, true) ~= nil
    end
    local first, said = order("ORDER=7")
    assert.is_true(said)
    assert.equal(first, (order("ORDER=7")))
    assert.same({ "12345", false }, { order("") })
    assert.not_equal("12345", first)
  end)

  it("kills what a file left running, and everything when it is interrupted", function()
    local mark = math.random(10 ^ 6, 10 ^ 7)
    local function left()
      return orket.shell("pgrep -fx 'sleep " .. mark .. "'")
    end
    run({ ('it("leaves", function() os.execute("sleep %d &") end)'):format(mark) })
    assert.equal("", left())
    orket.write(dir .. "/hangs_spec.lua", ('it("hangs", function() os.execute("sleep %d") end)'):format(mark))
    local pid = orket.shell(("lua5.4 tests/run.lua %s/hangs_spec.lua >%s/out 2>&1 & echo $!"):format(dir,
      dir)):match("%d+")
    assert(world.wait(function() return left() ~= "" end), "the spec did not start")
    os.execute("kill -INT " .. pid)
    assert(world.wait(function() return left() == "" end), "it is still there")
  end)
end)
