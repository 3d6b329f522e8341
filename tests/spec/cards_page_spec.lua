-- cards_page_spec.lua: what the page says of cards and runs that are over, in a real browser (tests/web/cards.mjs).

package.path = "lua/?.lua;" .. package.path
local browser = dofile("tests/support/browser.lua")
local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local text = require("orket.view.format.text")
local world = dofile("tests/support/world.lua")

local OVERRIDE = "\u{202e}"

local MOCK = [[
function work(talk)
  return steps(talk, function()
    return { content = "I \u{202e}write", calls = { write("db/\u{202e}txt.sql", "one \u{200b}line\n") } }
  end, function() return say(call("read_file", { path = "db/\u{202e}txt.sql" })) end,
    function() return say(finish()) end)
end
]]

local CODES = [[import { visible } from "./web/src/shared/visible.js";
for (let i = 0; i < 0x110000; i++)
  if (i !== 9 && i !== 10 && (i < 0xd800 || i > 0xdfff)) console.log(visible(String.fromCodePoint(i)))]]

describe("text of agents on the page", function()
  it("is escaped as the inbox escapes it, each character", function()
    local out, wrong = orket.shell("node --input-type=module -e '" .. CODES .. "'"), {}
    local lines = out:gmatch("[^\n]+")
    for code = 0, 0x10FFFF do
      if code ~= 9 and code ~= 10 and (code < 0xD800 or code > 0xDFFF) and lines() ~= text.visible(utf8.char(code)) then
        wrong[#wrong + 1] = ("U+%04X"):format(code)
      end
    end
    assert.same({}, wrong)
  end)
end)

browser.describe("a person who looks at cards", function()
  it("sees what a path really is: in calls, results, replies and changes", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/hidden", s)
    for _, shown in ipairs({ seen.activity, seen.changes }) do
      assert(not shown:find(OVERRIDE, 1, true) and not shown:find("\u{200b}", 1, true), shown)
      assert(shown:find("db/⟨U+202E⟩txt.sql", 1, true) and shown:find("one ⟨U+200B⟩line", 1, true), shown)
    end
    assert(seen.activity:find("I ⟨U+202E⟩write", 1, true), seen.activity)
  end)

  it("reads of what came out well that it did, and opens the scripts while a changed one waits", function()
    local w <close> = world.new({ issues = { { id = "A", name = "A card with a name",
      verification = { fixture_path = "good.json" } } }, mock = MOCK, files = { ["verification/good.json"] =
      [[{ "kind": "command", "cases": [{ "name": "is there", "argv": ["/bin/ls", "db"], "expect": { "exit": 0 } }] }]] } })
    w:run()
    local s <close> = service.start(w)
    local role = orket.read("roles/coder.lua"):gsub('"read_file",', '"read_file", "wipe",', 1)
    w:write("tools/wipe.lua", [[return { name = "wipe", description = "Deletes a file.", operations = { "fs.delete" },
      schema = { type = "object", properties = { path = { type = "string", format = "path" } },
        required = { "path" }, additionalProperties = false },
      run = function(args) return fs.delete(args.path) end }]])
    w:write("roles/coder.lua", role)
    assert(world.wait(function() return s:get("/v1/policies/history").text:find('"waiting"', 1, true) end, 30))
    local seen = browser.watch("cards/outcomes", s)
    assert(seen.checks:find("Passed", 1, true) and not seen.checks:find("NaN", 1, true), seen.checks)
    assert(seen.event:find("Verification passed", 1, true) and not seen.event:find("failed", 1, true), seen.event)
    assert(not seen.scripts:find("[object", 1, true), seen.scripts)
    assert.equal(1, seen.heads)
    assert(seen.name > 60, seen.name)
    assert.equal(0, seen.over)
  end)

  it("leaves a timeline without an error", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    w:run()
    local s <close> = service.start(w)
    assert.equal(20, browser.watch("cards/left", s).rounds)
  end)

  it("sees what a card waits for: an approval only where one is asked", function()
    local w <close> = world.new({ issues = { { id = "A", verification = { fixture_path = "bad.json" } } }, mock = MOCK,
      files = { ["verification/bad.json"] = [[{ "argv": ["/bin/false"], "wall": 10 }]] } })
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/parked", s)
    assert(seen.board:find("Waits for a review", 1, true), seen.board)
    assert(seen.card:find("Blocked: a review", 1, true) and seen.card:find("Waits for\na review", 1, true), seen.card)
    assert(seen.checks:find("/bin/false 0%.%d%d s, limit 10 s, 0 of 1 passed"), seen.checks)
    assert(seen.checks:find("exit code 1", 1, true), seen.checks)
  end)

  it("sees what a run that another build followed did, amounts with their currency, and an epic's tokens", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = MOCK, rules = { budgets =
      { currency = "EUR" } }, model = { price = { input = 3000000, output = 15000000 } } })
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/sums", s)
    assert(seen.run:lower():find("cards done\n2 of 2", 1, true), seen.run)
    assert(seen.compare:find("Cards done\t2 of 2\t2 of 2", 1, true), seen.compare)
    for _, shown in ipairs({ seen.runs, seen.run, seen.compare }) do
      assert(shown:find("€", 1, true), shown)
    end
    local tokens = seen.epic:match("Tokens\n([%d.kM]+)")
    assert(tokens ~= "0" and seen.tree:find(tokens, 1, true), seen.epic .. seen.tree)
  end)

  it("reads which file was asked for or refused; what needed approval is amber", function()
    local mock = [[function work(talk) return steps(talk, function() return say(write("gen/a.c", "x")) end,
      function() return say(write("db/a.sql", "x\n")) end, function() return say(finish()) end) end]]
    local w <close> = world.new({ issues = { { id = "A" } }, mock = mock, gate = {
      { id = "db", effect = "ask", tools = { "write_file" }, paths = { "db/**" }, why = "a person decides" },
      { id = "gen", effect = "deny", paths = { "gen/**" }, why = "made by a program" } } })
    w:run()
    w:orket("approve " .. cjson.decode((w:orket("approvals --json")))[1].id)
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/settled", s)
    assert.same({ false, false, { "box amber", "box red" } }, { seen.over1280, seen.over360, seen.boxes })
    for _, row in ipairs({ seen.row1280, seen.row360 }) do
      assert(row:find("write_file db/a.sql", 1, true) and row:find("\nA\n%w+\n") and not row:find("human:", 1, true), row)
    end
    assert(seen.refusals:find("write_file gen/a.c was refused", 1, true), seen.refusals)
    assert(seen.refusals:find("write_file db/a.sql needed approval", 1, true), seen.refusals)
  end)

  local function asked()
    local w = world.new({ issues = { { id = "A" }, { id = "B" } }, gate = { { id = "db", effect = "ask",
      tools = { "write_file" }, paths = { "db/**" }, why = "a person decides" } }, rules = { budgets =
      { organization = { tokens = 5000000 } } }, mock = [[function work(talk)
        return say(write("db/" .. talk.card, "x")) end]] })
    w:run()
    return w
  end

  it("goes on by keys from the item that is open, and by arrows", function()
    local w <close> = asked()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/keys", s)
    assert.same({ 1, true, true, "A" }, { seen.chosen, seen.second, seen.first, seen.tile })
  end)

  it("sees the chosen column's name, and caps in words, on 360 pixels", function()
    local w <close> = asked()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/narrow", s)
    for i, is_in_sight in ipairs(seen.columns) do
      assert(is_in_sight, i)
    end
    assert(#seen.columns > 4 and seen.cap >= 110, seen.cap)
  end)

  it("sees that a point in time is none, and at one that is, nothing of now", function()
    local w <close> = asked()
    local s <close> = service.start(w)
    local seen = browser.watch("cards/points", s)
    assert(seen.word:find("There is no event abc", 1, true) and seen.zero:find("There is no event 0", 1, true), seen.word)
    assert.same({ 0, 0 }, { seen.tiles, seen.badges })
  end)
end)
