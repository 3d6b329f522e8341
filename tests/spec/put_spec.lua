-- put_spec.lua: files of people: put into a card as a recorded act, and kept aside where they are in no
-- journal.

local world = dofile("tests/support/world.lua")

-- Copies what a person put; parks where there is nothing.
local COPIES = world.orket.read("tests/support/teams/copies.lua")

local function put(w, arguments)
  return w:orket("put " .. arguments)
end

local function done(w, arguments)
  local text, code = put(w, arguments)
  assert.equal(0, code, text)
  return text
end

local function refused(w, arguments, what)
  local text, code = put(w, arguments)
  assert.equal(1, code, text)
  assert(text:find(what, 1, true), text)
end

local function synced(options)
  options.mock = options.mock or COPIES
  local w = world.new(options)
  assert.equal(0, select(2, w:orket("sync")))
  return w
end

describe("put", function()
  it("orket put takes a file into a card, whose turn reads it, and the run replays", function()
    local w <close> = synced({ issues = { { id = "A" } },
      files = { ["mine/note.txt"] = "the note says salt" } })
    assert.equal("put into A: note.txt\n", done(w, "A mine/note.txt"))
    local event = w:events("file.written")[1]
    assert(event.actor:find("^human:") and event.card == "A", event.actor)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("salt", w:made("copy"))
    assert.equal("the note says salt", w:made("note.txt"))
    w:replays()
    refused(w, "A mine/note.txt", "A is done")
  end)

  it("orket put refuses names that another spelling has already", function()
    local w <close> = synced({ issues = { { id = "A" } }, files = { ["mine/note.txt"] = "x" } })
    for _, name in ipairs({ "./note.txt", "a//note.txt", "a/./note.txt", "/note.txt", "a/" }) do
      refused(w, "--as " .. name .. " A mine/note.txt", "fix: ")
    end
    assert.equal(0, #w:events("file.written"))
  end)

  it("orket put takes what the person put into the card's own directory, with its place, and keeps it once",
    function()
    local w <close> = synced({ issues = { { id = "A" } } })
    w:write("workspace/ep/cards/A/sub/x", "1")
    w:write("workspace/ep/cards/A/note.txt", "the note says pepper")
    assert.equal("put into A: sub/x\n", done(w, "A workspace/ep/cards/A/sub/x"))
    local kept = w:events("tree.kept")
    assert.same({ "note.txt" }, kept[1].body.paths)
    assert(not w:exists("workspace/ep/cards/A/note.txt"))
    assert.equal("put into A: note.txt\n", done(w, "A " .. kept[1].body.place .. "/note.txt"))
    assert.equal("A has these files already\n", done(w, "A workspace/ep/cards/A"))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("pepper", w:made("copy"))
    assert.equal(1, #w:events("tree.kept"))
    w:replays()
  end)

  it("orket put makes a passing verdict count no longer", function()
    local w <close> = world.new({ issues = { { id = "A", verification = { fixture_path = "f.json" } } }, mock = [[
      function work(talk) return say(write("a", "1"), finish()) end
      function review(talk)
        return talk.text:find("go on", 1, true) and accept() or say(call("request_excuse", { reason = "may I?" }))
      end ]], files = { ["verification/f.json"] = '{"argv": ["/bin/true"]}', note = "n" } })
    assert.equal(3, (select(2, w:run())))
    done(w, "A note")
    assert.equal(0, (select(2, w:orket("answer A 'go on'"))))
    local text, code = w:run()
    assert.equal(0, code, text)
    local verdicts = w:events("verify.done")
    assert.equal(2, #verdicts)
    assert.are_not.equal(verdicts[1].body.tree, verdicts[2].body.tree)
    w:replays()
  end)

  it("orket put reaches the owner while a run goes on, but not a card that is being worked on", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
      mock = COPIES, files = { ["note.txt"] = "the note says salt" },
      limits = { concurrency = 1 } })
    local run <close> = setmetatable(w:held(1), { __close = function(self) self.kill("KILL") end })
    refused(w, "A note.txt", "A is being worked on")
    done(w, "B note.txt")
    w:release(1)
    assert.equal(3, (select(2, run.wait())))
    done(w, "A note.txt")
    assert.equal(0, (select(2, w:orket("retry A"))))
    local text = w:run()
    assert.equal("done", w:card("B").status, text)
    w:replays()
  end)

  it("orket put abandons a turn that a killed run left open", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = COPIES,
      files = { ["note.txt"] = "the note says salt" } })
    local run = w:held(1)
    run.kill("KILL")
    assert(world.wait(run.ended))
    w:release(1)
    done(w, "A note.txt")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("turn.abandoned"))
    assert.equal("salt", w:made("copy"))
    w:replays()
  end)

  it("orket put is for files of a card; of a changed card file a run says that it differs, until orket sync applies it",
    function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = COPIES })
    local text = w:run()
    assert(not text:find("card files differ", 1, true), text)
    local epic = w:read("config/epics/ep.json")
    w:write("config/epics/ep.json", (epic:gsub('"Issue A"', '"Issue A, renamed"')))
    text = w:run()
    assert(text:find("card files differ from the board, which the run follows: A (name); orket sync applies the files", 1, true), text)
    assert.equal(0, (select(2, w:orket("sync"))))
    assert(not w:run():find("card files differ", 1, true))
  end)

  it("orket put is not needed for what an agent's interrupted call left, which is not kept aside as a person's file is",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write("lib/a", "one")) end, function() return say(finish()) end)
      end ]] })
    w:killed("permit_before:1")
    assert.equal(1, #w:events("call.allowed"))
    w:write("workspace/ep/cards/A/lib/a", "half")
    w:write("workspace/ep/cards/A/mine", "a person's")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("one", w:made("lib/a"))
    local kept = w:events("tree.kept")
    assert.equal(1, #kept)
    assert.same({ "mine" }, kept[1].body.paths)
    assert.equal("a person's", w:read(kept[1].body.place .. "/mine"))
    assert(text:find("kept aside", 1, true) and text:find(kept[1].body.place, 1, true), text)
    w:replays()
  end)

  it("orket put follows no link that lies in the project, and takes nothing of the engine's own", function()
    local w <close> = synced({ issues = { { id = "A" } }, files = { ["workspace/ep/cards/A/x"] = "x" } })
    local at = w.dir .. "/workspace/ep/cards/A"
    os.execute("ln -s /etc " .. at .. "/etc && ln -s /etc/passwd " .. at .. "/users && ln -s " .. w.dir .. " "
      .. at .. "/home && mkfifo " .. at .. "/pipe")
    refused(w, "A workspace/ep/cards/A/etc/passwd", "ERR_PATH")
    refused(w, "A " .. at .. "/etc", "ERR_PATH")
    refused(w, "A workspace/ep/cards/A/home", "ERR_PATH")
    refused(w, "A workspace/ep/cards/A/users", "ERR_PATH")
    refused(w, "A workspace/ep/cards/A/pipe", "ERR_NOT_FILE")
    refused(w, "A .orket/key", "ERR_PATH")
    refused(w, "A .", "ERR_PATH")
    local text, code = w:orket("put -C " .. w.dir .. " A " .. w.dir
      .. "/workspace/../workspace/ep/cards/A/etc/passwd")
    assert.equal(1, code, text)
    os.execute("truncate -s 2G " .. w.dir .. "/huge")
    refused(w, "A huge", "ERR_TOO_LARGE")
    refused(w, "--as ../x A config/teams/t.json", "ERR_PATH")
    assert.equal(0, #w:events("file.written"))
    assert.equal(2, (select(2, put(w, "--as y A a b"))))
  end)
end)
