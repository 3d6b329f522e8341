-- transcript_spec.lua: `orket transcript`: what was said in turns, as text, Markdown and JSON lines, also
-- while they go on.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- Fails a call, is refused one, tries to steer the terminal, and does its work.
local WORK = orket.read("tests/support/teams/transcribed.lua")

local function entries(w, arguments)
  local list = {}
  for line in (w:orket("transcript --json " .. arguments)):gmatch("[^\n]+") do
    list[#list + 1] = cjson.decode(line)
  end
  return list
end

local function of_kind(list, kind)
  local found = {}
  for _, entry in ipairs(list) do
    found[#found + 1] = entry.kind == kind and entry or nil
  end
  return found
end

describe("transcript", function()
  local w
  setup(function()
    w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" }, seat = "nobody" } },
      mock = WORK,
      team = { name = "Team", seats = { dev = { name = "Dev", roles = { "coder" } },
        nobody = { name = "N", roles = { "coder" } },
        guard = { name = "Guard", roles = { "integrity_guard" } } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(0, select(2, w:orket("replay --strict ep.1")))
  end)
  teardown(function() w:__close() end)

  it("orket transcript prints prompt, replies, calls, results and refusals of a card in order", function()
    local text, code = w:orket("transcript A")
    assert.equal(0, code, text)
    local at = 1
    for _, part in ipairs({ "ep.1/1 A dev (coder), m, ", "prompt, system", "prompt, user",
      "# Card A: Issue A", "reply 1, ", "so be it",
      "call read_file", 'path = "nothing"', "call write_file", "FAILED read_file",
      "REFUSED write_file (gate.path.escape)", "reply 2, ",
      "line 19", "result of write_file", "reply 3, ", "turn ended, done: salted",
        "guard (integrity_guard) reviews", "turn ended, done" }) do
      local _, stop = text:find(part, at, true)
      assert(stop, "no '" .. part .. "' behind " .. at .. " in\n" .. text)
      at = stop
    end
  end)

  it("orket transcript neutralises what would steer a terminal in text and in Markdown", function()
    for _, option in ipairs({ "", " --markdown" }) do
      local text = w:orket("transcript A" .. option)
      assert(text:find("I write ␛[31mred", 1, true), text)
      assert(not text:find("\27", 1, true))
    end
  end)

  it("orket transcript cuts what is long and says how many lines it left out, unless --full is given",
    function()
    local short, full = w:orket("transcript ep.1/1"), w:orket("transcript --full ep.1/1")
    assert(short:find("… %d+ more lines %(%-%-full shows them%)"), short)
    assert(not short:find("line 50", 1, true))
    assert(full:find("line 50", 1, true) and not full:find("more lines", 1, true), full)
  end)

  it("orket transcript wraps every line to the terminal, broken at blanks", function()
    local text = orket.shell(string.format("cd %s && NO_COLOR=1 script -qec 'stty rows 30 cols 60; %s transcript A' /dev/null", w.dir, w.binary))
    assert(text:find("turn ended, done", 1, true), text)
    for line in text:gmatch("[^\r\n]+") do
      assert((utf8.len(line) or #line) <= 60, line)
    end
  end)

  it("orket transcript fences what agents wrote so that it cannot end its fence", function()
    local text = w:orket("transcript --markdown A")
    assert(text:find("\n````text\nI write ␛[31mred ```now\n````\n", 1, true), text)
  end)

  it("orket transcript prints one JSON object per entry with --json, whole", function()
    local list = entries(w, "A")
    assert.equal("turn", list[1].kind)
    assert.equal("system", of_kind(list, "prompt")[1].messages[1].role)
    local replies = of_kind(list, "reply")
    assert.equal("I write \27[31mred ```now", replies[2].text)
    assert.equal("write_file", replies[2].calls[1].tool)
    assert(replies[2].calls[1].arguments:find("line 60", 1, true))
    assert.equal("gate.path.escape", of_kind(list, "refusal")[1].rule)
    assert.equal(false, of_kind(list, "result")[1].ok)
    assert.equal("done", of_kind(list, "end")[1].outcome)
  end)

  it("orket transcript prints one turn for RUN/TURN and all turns of the card for its ID", function()
    assert.equal(1, #of_kind(entries(w, "ep.1/1"), "turn"))
    assert.equal(2, #of_kind(entries(w, "A"), "turn"))
    assert.equal(2, #of_kind(entries(w, "--all A"), "turn"))
  end)

  it("orket transcript refuses turns and cards that there are not, and both forms at once", function()
    for arguments, expected in pairs({ ["ep.1/99"] = "the run ep.1 has no turn 99",
      ["no.1/1"] = "there is no run 'no.1'",
      ["AA"] = "there is no card 'AA'", ["ep"] = "no model has been asked about ep" }) do
      local text, code = w:orket("transcript " .. arguments)
      assert.equal(1, code)
      assert(text:find(expected, 1, true), text)
    end
    assert.equal(2, select(2, w:orket("transcript --json --markdown A")))
  end)

  it("orket transcript follows a turn with -f and ends with it", function()
    local live <close> = world.new({ issues = { { id = "A" } }, mock = [[
function work(talk)
  return steps(talk, function() return say(write("a", "1")) end, function() return say(finish()) end)
end]] })
    local run = live:held(2)
    local out = live.dir .. "/followed"
    os.execute(string.format("(%s; echo $? > %s.code) > %s 2>&1 &", live:command("transcript -f ep.1/1"), out,
      out))
    assert(world.wait(function()
      return live:exists("followed") and live:read("followed"):find("result of write_file", 1, true)
    end),
      live:exists("followed") and live:read("followed"))
    assert(not live:read("followed"):find("reply 2", 1, true))
    assert.equal(0, select(2, run.wait()))
    assert(world.wait(function() return live:exists("followed.code") end), live:read("followed"))
    assert.equal("0\n", live:read("followed.code"))
    assert(live:read("followed"):find("reply 1.*reply 2.*turn ended, done"), live:read("followed"))
  end)
end)

describe("transcript", function()
  it("what came out of a run stands at its end: turns, time, tokens, files and the command that shows changes, also as data",
    function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(write('a', '1'), finish()) end",
      model = { price = { input = 1000, output = 1000 } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(text:find("\ndone: 1 done\n  ep.1: 2 turns, 2 steps, %d+:%d%d, %d+ tokens in, %d+ out, cost %d+%.%d%d%d%d\n"
      .. "  files: workspace/ep/tree %(what changed: orket diff ep%)\n$"), text)
    assert.equal("1", w:made("a"))
    local data
    for line in (w:orket("run --json --again ep")):gmatch("[^\n]+") do
      data = cjson.decode(line)
    end
    assert.equal("done", data.status)
    assert.equal(2, data.run.turns)
    assert.equal("workspace/ep-b2/tree", data.run.files)
    w:replays()
  end)

  it("what came out of a run quotes the last reply of a parked card, in a line that cannot steer the terminal",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
function work()
  return { content = "I cannot\27[2J\ngo on", calls = { call("request_excuse", { reason = "which dish?" }) } }
end]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local quote = "last reply (orket transcript ep.1/1): I cannot [2J go on; calls request_excuse"
    assert(text:find(quote, 1, true), text)
    assert((w:orket("show A")):find(quote, 1, true), (w:orket("show A")))
    local reply = w:card("A").last_reply
    assert.same({ "ep.1", { "request_excuse" } }, { reply.run, reply.tools })
  end)

  it("what came out of a run is explained by why with the command that prints what was said", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(write('a', '1'), finish()) end" })
    assert.equal(0, select(2, w:run()))
    local text, code = w:orket("why " .. math.tointeger(w:events("file.written")[1].seq))
    assert.equal(0, code, text)
    assert(text:find("\n  what was said: orket transcript ep.1/1\n", 1, true), text)
    assert(not text:find("prompt[^\n]*hash="), text)
  end)
end)

describe("transcript", function()
  local function silent(reply)
    local w = world.new({ issues = { { id = "A" } }, limits = { nudges = 1 },
      mock = "function work(talk) return " .. reply .. " end" })
    local text, code = w:run()
    assert.equal(3, code, text)
    return w, text
  end

  it("a model that calls nothing is quoted once at the end of the run, and by why, which knows what a card was parked for",
    function()
    local w, text = silent('{ content = "I am looking at the card now,\\nand will write it soon." }')
    local ending = text:sub((text:find("\nparked: ", 1, true)))
    assert.equal(1, select(2, ending:gsub("I am looking at the card now", "")), ending)
    assert.equal(2, select(2, text:gsub("I am looking at the card now", "")), text) -- in the line of its move
    assert(ending:find("what was said: orket transcript ep.1/1", 1, true), ending)
    local why, code = w:orket("why A")
    assert.equal(0, code, why)
    assert(why:find("kind=card.moved card=A from=in_progress to=waiting_for_developer", 1, true), why)
    assert(why:find("\n +I am looking at the card now, and will write it soon%.\n"), why)
    local last = w:sql("SELECT max(seq) FROM event WHERE card = 'A' AND kind = 'card.moved'")
    assert.equal(w:orket("why --json " .. last), (w:orket("why --json A")))
    w:close()
  end)

  it("a model that calls nothing is said to be silent where its reply is empty", function()
    local w, text = silent('{ content = "" }')
    assert(text:find("last reply (orket transcript ep.1/1): (empty)", 1, true), text)
    local shown = w:orket("transcript A")
    assert(shown:find("\n  reply 1, %d+ tokens in, %d+ out, empty\n"), shown)
    w:close()
  end)

  it("a model that calls nothing has what helps it in lines that are read", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return talk.replies == 0 and say(call("create_the_file", { path = "x" })) or say(finish())
      end ]] })
    w:run()
    local shown = w:orket("transcript A")
    assert(shown:find("\n    help:\n      tools: read_file, write_file", 1, true), shown)
  end)
end)

describe("transcript", function()
  it("thoughts of a model stand in the transcript, are bounded, go back to no model, and a replay has them",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return steps(talk,
          function() return { reasoning = "PONDERED " .. ("on "):rep(20000), calls = { write("dish", "x") } } end,
          function() return say(finish()) end)
      end ]] })
    assert.equal(0, select(2, w:run()))
    local reply = of_kind(entries(w, "A"), "reply")[1]
    assert(reply.thoughts:find("^PONDERED on") and #reply.thoughts <= 16384 + 100, #reply.thoughts)
    assert(w:orket("transcript A"):find("PONDERED", 1, true))
    for n = 2, w:requests() do
      assert.is_nil(w:request(n):find("PONDERED", 1, true))
    end
    local recorded = w:events("step.reply")[1].body.thoughts
    assert.same({ 64, #reply.thoughts }, { #recorded.blob, math.tointeger(recorded.bytes) })
    w:replays("ep.1")
  end)

  it("thoughts of a model are in an exported run, and in a fork of it, which is derived again", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return steps(talk, function() return { reasoning = "PONDERED", calls = { write("dish", "x") } } end, function() return say(finish()) end)
      end ]] })
    assert.equal(0, select(2, w:run()))
    local text, code = w:orket("export -o .test/bundle ep.1 && " .. w.binary .. " verify .test/bundle")
    assert.equal(0, code, text)
    assert.equal(1, select(2, w:read(".test/bundle"):gsub("PONDERED", "")))
    text, code = w:orket("fork ep.1@" .. math.tointeger(w:events("file.written")[1].seq))
    assert.equal(0, code, text)
    text, code = w:orket("run ep-f1")
    assert.equal(0, code, text)
    assert(w:orket("transcript ep.1/1"):find("PONDERED", 1, true))
    for _, run in ipairs({ "ep.1", "ep-f1.1" }) do
      w:replays(run)
    end
  end)

  -- tests/journals/inline_thoughts.tar.gz: a project whose run was recorded when they stood in the event
  -- itself.
  it("thoughts of a model are read where an older journal has them in the event", function()
    local dir = world.orket.directory()
    world.orket.shell("tar -C " .. dir .. " -xzf tests/journals/inline_thoughts.tar.gz")
    for _, row in ipairs({ { "check %s", "" }, { "replay --strict -C %s ep.1", "" },
      { "transcript -C %s A", "PONDERED twice" },
      { "transcript --json -C %s A", '"thoughts":"PONDERED once"' } }) do
      local text, code = world.orket.shell(world.binary .. " " .. row[1]:format(dir) .. " 2>&1")
      assert(code == 0 and text:find(row[2], 1, true), text)
    end
    world.orket.remove(dir)
  end)
end)
