-- store_spec.lua: the journal as trusted Lua meets it, and `orket check` through the binary.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

describe("store", function()
  local dir

  before_each(function()
    dir = orket.directory()
  end)

  after_each(function()
    orket.remove(dir)
  end)

  -- Calls a function of tests/support/probes/store.lua in a task, with the path of a fresh database; answers
  -- the values that it prints with `say`.
  local function run(name)
    local text = orket.probe(orket.task("store", name, dir .. "/orket.db"))
    local answers = {}
    for line in text:gmatch("[^\n]+") do
      answers[#answers + 1] = line:match("^%[") and cjson.decode(line) or line
    end
    return answers
  end

  it("the store writes, reads and closes", function()
    assert.same({ { 1 }, { "C1", "ready", 2.5, { "a" }, {} }, { "hello", false }, { "system", "user" },
      { "user", false }, { 64 }, { 3, 2 } }, run("writes_reads_closes"))
  end)

  it("the store hashes parts as their lengths and bytes, whatever their size", function()
    assert.same({ { true, true, true, true } }, run("hashes_parts_their_lengths"))
  end)

  it("the store knows the bytes of a hash, and of nothing else", function()
    assert.same({ { "00ff" .. ("a1"):rep(30), true, true, true } }, run("knows_bytes_hash_nothing"))
  end)

  it("the store tells subscribers before done, each the kinds it wants", function()
    assert.same({
      { "all", "card.created", "C1", "board", 0, 1, "card C1" }, { "cards", "card.created" }, { "done", 1 },
      { "all", "note", cjson.null, "board", 0, 2, "x" }, { "done", 2 },
    }, run("tells_subscribers_before_done"))
  end)

  it("the store answers failures with code and cure", function()
    local answers = run("answers_failures_code_cure")
    local codes = {}
    for i, answer in ipairs(answers) do
      codes[i] = answer[1]
      assert.is_true(answer[2])
    end
    assert.same({ "ERR_STALE", "ERR_EXISTS", "ERR_OWNED", "ERR_IO", "ERR_NOT_FOUND", "ERR_LIMIT" }, codes)
  end)

  it("the store raises for the caller's bugs", function()
    local answers = run("raises_caller_s_bugs")
    assert.equal(17, #answers)
    for i, answer in ipairs(answers) do
      assert.same({ true }, answer, i)
    end
  end)

  it("the store gives a prompt all it needs in one read", function()
    local view = run("gives_prompt_all_needs")[1][1]
    assert.equal("all", view.card.requirements)
    assert.equal("E", view.card.parent_id)
    assert.same({ "C1" }, view.card.depends_on)
    assert.same({ { id = "C1", name = "card C1", note = "look here", status = "ready" } }, view.dependencies)
    assert.equal("hurry", view.comments[1].text)
    assert.same({ { text = "learnt" } }, view.memory)
    assert.same({ "coder", "dev", true }, { view.role, view.seat, view.review })
    assert.same({ fixture = "v.lua", last = { ok = false, log = "boom", tree = "t1" } }, view.verification)
    assert.equal("why", view.epic.description)
    assert.equal("fs.read", view.effects[1].result.operations[1].op)
    assert.same({ { path = "a", with = "C1" } }, view.conflict)
  end)

  it("the store knows the files of a tree at every moment", function()
    assert.same({
      { "a=1", "b=1" }, { "a=1", "b=2", "c=1" }, { "a=1", "b=1" }, { "b=2", "c=1" }, { "a=9", "b=1" },
    }, run("knows_files_tree_every"))
  end)

  it("the store is checked from the command line", function()
    orket.shell("mkdir " .. dir .. "/.orket")
    dir = dir .. "/.orket"
    run("checked_command_line")
    dir = dir:sub(1, -8)
    local text, code = orket.run("check " .. dir)
    assert.equal(0, code)
    assert.truthy(text:find("sound: 2 events in 1 streams", 1, true))
    local report = cjson.decode((orket.run("check --json " .. dir)))
    assert.same({}, report.problems)
    orket.shell("sqlite3 " .. dir
      .. [[/.orket/orket.db "UPDATE entry SET body = replace(body, 'said', 'lied')"]])
    text, code = orket.run("check " .. dir)
    assert.equal(1, code)
    assert.truthy(text:find("chain board/0/2", 1, true))
    text, code = orket.run("check " .. dir .. "/none")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_NOT_FOUND", 1, true) or text:find("orket:", 1, true))
    assert.equal(2, select(2, orket.run("check --nonsense")))
  end)

  it("the store has one owner at a time", function()
    assert.same({ { true }, { "ERR_OWNED" }, { true }, { "ERR_IO" } }, run("owner_time"))
  end)
end)
