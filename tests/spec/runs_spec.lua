-- runs_spec.lua: what `orket run NAME` means for a rock, an epic, one card, and what stands in the way;
-- with the example's team.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

describe("runs", function()
  local dir, url

  setup(function()
    dir = orket.directory()
    orket.write(dir .. "/url", "")
    os.execute(string.format("%s mock-llm --fast examples/textkit/mock.lua > %s/url & echo $! > %s/pid",
      orket.binary, dir, dir))
    for _ = 1, 200 do
      url = orket.read(dir .. "/url"):match("http:%S+")
      if url then
        break
      end
      os.execute("sleep 0.1")
    end
  end)

  teardown(function()
    os.execute("kill $(cat " .. dir .. "/pid)")
    orket.remove(dir)
  end)

  local function project(name)
    local path = dir .. "/" .. name
    os.execute("cp -R examples/textkit " .. path)
    return path
  end

  local function run(path, arguments)
    return orket.shell(string.format("ORKET_MODEL_URL=%s timeout 100 %s run -C %s %s 2>&1", url, orket.binary,
      path,
      arguments))
  end

  local function statuses(path)
    local of = {}
    for _, card in ipairs(cjson.decode((orket.run("board --json -C " .. path)))) do
      of[card.id] = card.status
    end
    return of
  end

  local function last(text)
    return cjson.decode(text:match("([^\n]+)\n$"))
  end

  it("orket run that somebody was faster than asks no model, and the next one goes on", function()
    local path = project("stale")
    local text = orket.probe(orket.chunk("runs", "meets_a_stale_epic", path), "ORKET_MODEL_URL=" .. url
      .. " ")
    assert.equal("nil\tERR_STALE\n", text)
    local log = orket.run("log --json -C " .. path)
    assert.truthy(log:find('"turn.started"', 1, true)) -- the claim was in the same commit
    assert.falsy(log:find('"step.', 1, true))
    assert.falsy(log:find('"run.', 1, true))
    local said, code = run(path, "--json textkit")
    assert.equal(0, code, said)
    assert.same({ done = 7 }, last(said).counts)
    assert.equal(0, select(2, orket.run("check " .. path)))
  end)

  it("orket run serves no changed scripts that could not be recorded", function()
    local path = project("unrecorded")
    orket.write(path .. "/roles/coder.lua", orket.read("roles/coder.lua"))
    local text = orket.probe(orket.chunk("runs", "cannot_record", path, path .. "/roles/coder.lua"))
    assert(text:find("^changed scripts do not serve, they could not be recorded: ERR_STORE_FULL: .*\ntrue\nfalse\t1\n$"), text)
  end)

  it("orket run of one card runs it and what it depends on, and leaves the epic open", function()
    local path = project("one")
    local text, code = run(path, "--json TK-3")
    assert.equal(0, code)
    assert.same({ done = 3 }, last(text).counts)
    local of = statuses(path)
    assert.same({ "done", "done", "done", "ready", "in_progress" },
      { of["TK-1"], of["TK-2"], of["TK-3"], of["TK-4"], of.textkit })
    text, code = run(path, "TK-3")
    assert.equal(0, code)
    assert(text:find("^already done"), text)
    text, code = run(path, "textkit")
    assert.equal(0, code)
    assert(text:find("done: 7 done\n"), text)
    assert.equal("done", statuses(path).textkit)
    assert.equal("sound", (orket.run("check " .. path):match("^%a+")))
    text, code = run(path, "--again textkit")
    assert.equal(0, code)
    assert(text:find("done: 7 done\n"), text)
    of = statuses(path)
    assert.same({ "done", "done", nil }, { of["textkit-b2"], of["TK-7-b2"], of["TK-7"] })
  end)

  it("orket run of a rock runs its epics, telling each event once", function()
    local path = project("rock")
    orket.write(path .. "/config/rocks/first.json", '{"name": "First", "epics": [{"epic": "textkit"}]}')
    local text, code = run(path, "--json first")
    assert.equal(0, code)
    local seen, count = {}, 0
    for line in text:gmatch("[^\n]+") do
      local seq = cjson.decode(line).seq
      assert(not seq or not seen[seq], line)
      seen[seq or 0], count = true, count + 1
    end
    assert(count > 100)
    assert.equal("done", last(text).status)
    assert.equal("done", statuses(path).first)
    assert.equal(0, (select(2, run(path, "first"))))
  end)

  it("orket run parks what can never start, also when it was canceled before", function()
    local path = project("canceled")
    orket.run("sync -C " .. path)
    orket.run("move -C " .. path .. " TK-2 canceled")
    local text, code = run(path, "--json textkit")
    assert.equal(3, code)
    local parked = last(text).parked
    assert.equal(3, #parked)
    assert.equal("dependency", parked[1].reason)
    assert.equal("TK-2 was canceled", parked[1].why)
    assert(parked[1].command:find("^orket move %-C .+ TK%-3 canceled$"), parked[1].command)
  end)

  it("orket run refuses what is not there", function()
    local path = project("none")
    local text, code = run(path, "textkid")
    assert.equal(1, code)
    assert(text:find("did you mean textkit?", 1, true), text)
    text, code = run(path, "--json textkid")
    assert.equal(1, code)
    assert.equal("ERR_NOT_FOUND", cjson.decode(text:match('({"already[^\n]+)\n')).error.code)
  end)
end)
