-- repl_at_event_spec.lua: `orket repl --run RUN --at EVENT`: a moment looked at, dry-run, stepped through,
-- compared.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return talk.replies < 2 and say(write("a", ("line\n"):rep(9) .. "text " .. talk.replies .. "\n")) or say(finish())
end
]]

describe("repl at event", function()
  local w, seq

  setup(function()
    w = world.new({ issues = { { id = "A" } }, mock = MOCK,
      files = { ["workspace/ep/tree/seed"] = "sown\n" } })
    assert.equal(0, (select(2, w:run())))
    seq = { results = {} }
    for _, event in ipairs(w:events()) do
      local at = math.floor(event.seq)
      seq[event.kind .. "/" .. math.floor(tonumber(event.turn) or 0)] = at
      if event.kind == "call.result" then
        table.insert(seq.results, at)
      end
      seq.last = event.run == "ep.1" and at or seq.last
    end
  end)
  teardown(function()
    w:close()
  end)

  local function lines(at, ...)
    w:write("lines", table.concat({ ... }, "\n") .. "\n")
    return w:orket("repl --run ep.1 " .. (at and "--at " .. at or "") .. " < lines")
  end

  it("a moment of a run shows cards, events, views and files as they were", function()
    assert.equal("in_progress\n", (lines(seq.results[1], 'card("A").status')))
    assert.equal("done\n", (lines(nil, 'card("A").status')))
    assert.equal("text 0\n", (lines(seq.results[1], 'file("A", "a"):match("text %d")')))
    assert.equal("text 1\n", (lines(seq.results[2], 'file("A", "a"):match("text %d")')))
    assert.equal("sown\n\n", (lines(seq.results[1], 'file("ep", "seed")')))
    assert.equal("1\n2\n", (lines(seq.results[1], '#files("ep")', '#files("A")')))
    assert.equal("2\n", (lines(seq["run.ended/0"], '#files("ep")'))) -- merged
    assert.equal(seq.results[1] .. "\n", (lines(seq.results[1], "events{limit = 1}[1].seq")))
    assert.equal("in_progress\n", (lines(seq.results[1], 'view("A").card.status')))
    assert.equal("0\n", (lines(seq["run.started/0"], "card('A').turns")))
  end)

  it("a moment of a run dry-runs prompt and gate with the scripts that were recorded, whatever the files say now",
    function()
    local coder = orket.read("roles/coder.lua")
    w:write("roles/coder.lua", (coder:gsub("You are a programmer", "You are somebody else")))
    local dry = 'prompt("A", "coder")[1].content:match("You are %a+ ?%a*")'
    assert.equal("You are a programmer\n", (lines(seq.results[1], dry)))
    assert.equal("You are somebody else\n", (w:orket("repl < lines")))
    os.remove(w.dir .. "/roles/coder.lua")
    local judge = 'judge{card="A", role="coder", tool="write_file", arguments={path="a", content=""}}.decision'
    assert.equal("allow\n", (lines(seq.results[1], judge)))
    assert.equal("deny\n", (lines(seq.last, judge))) -- the card is done
  end)

  it("a moment of a run is left for the next and the one before, by events and by turns", function()
    local at = seq.results[1]
    local text = lines(at, "at()", "next()", "back(2)", 'back("turn")', 'next("turn")', "next(9999)",
      'at("1.1")', "back(9999)")
    local shown = {}
    for place in text:gmatch("ep%.1@(%d+)") do
      shown[#shown + 1] = tonumber(place)
    end
    assert.same({ at, at + 1, at - 1, seq["turn.started/1"], seq["turn.ended/1"], seq.last,
      seq["turn.started/1"],
      seq["run.started/0"] }, shown)
    assert(text:find("ep.1/1/", 1, true))
  end)

  it("a moment of a run is compared with another: fields of cards, and files as a unified diff", function()
    local text = lines(seq.results[2], ("diff(%d)"):format(seq.results[1]))
    assert.truthy(text:find("^card A\n  tokens_in: %d+ %-> %d+\n  tokens_out: %d+ %-> %d+\n%-%-%- A/a\n"),
      text)
    assert.truthy(text:find(table.concat({
      "--- A/a", "+++ A/a", "@@ -7,4 +7,4 @@", " line", " line", " line", "-text 0", "+text 1", "",
    }, "\n"), 1, true), text)
    text = lines(nil, ("diff(%d, %d)"):format(seq["run.started/0"], seq.results[1]))
    assert(text:find("card A\n", 1, true) and text:find("  status: ready -> in_progress\n", 1, true), text)
    assert(text:find("--- /dev/null\n+++ A/a\n@@ -0,0 +1,10 @@\n+line", 1, true), text)
    -- A's file, in the epic's tree as well
    text = lines(nil, ("diff(%d, %d)"):format(seq["run.started/0"], seq.last))
    assert.equal(1, select(2, text:gsub("+++ [%w/]*/a\n", "")), text)
    assert(text:find("+++ ep/a\n", 1, true) and text:find("the same change of a in A", 1, true), text)
    assert.equal("nothing changed\n", (lines(seq.last, "diff(" .. seq.last .. ")")))
  end)

  it("orket repl --at refuses every word that would change something", function()
    local before = w:sql("SELECT count(*), max(seq) FROM event")
    for _, line in ipairs({ 'comment("A", "x")', 'answer("A", "x")', 'retry("A")', 'move("A", "ready")',
      "reload()" }) do
      local text, code = lines(seq.results[1], line)
      assert.equal(1, code)
      assert(text:find("ERR_STORE_READONLY", 1, true), text)
    end
    assert.equal(before, w:sql("SELECT count(*), max(seq) FROM event"))
    assert.equal(0, (select(2, w:check())))
  end)

  it("orket repl --at refuses what is not an event of the run", function()
    for _, row in ipairs({
      { "--at 5", 2, "--at needs --run" }, { "--run ep.9", 1, "there is no run 'ep.9'" },
      { "--run ep.1 --at 99999", 1, "is no moment of ep.1" },
      { "--run ep.1 --at soon", 1, "'soon' is no event" },
    }) do
      local text, code = w:orket("repl " .. row[1] .. " </dev/null")
      assert.equal(row[2], code, text)
      assert(text:find(row[3], 1, true), text)
    end
    local text = lines(seq.last, 'at("7.7")', "next(1.5)", 'next("card")', 'file("A", "none")',
      'files("none")', "help")
    for _, part in ipairs({
      "has no event 7", "whole number", 'next and back take a number, or "turn"',
      "\nERR_NOT_FOUND: A has no file none",
      "there is no card none", "dry runs: prompt(ID, ROLE)",
    }) do
      assert(text:find(part, 1, true), text)
    end
    text = w:orket("repl < lines")
    assert(text:find("this is now", 1, true), text)
  end)
end)
