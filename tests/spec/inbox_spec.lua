-- inbox_spec.lua: what waits for a person: listed with its commands, and answered one by one on a terminal.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

-- A and B ask for a yes, C asks a question.
local MOCK = [[
function work(talk)
  if talk.card == "C" then
    return talk.text:find("blue", 1, true) and say(finish()) or say(call("request_excuse", { reason = "which colour?" }))
  end
  return steps(talk, function() return say(write("locked/" .. talk.card, "content of " .. talk.card .. "\n")) end, function() return say(finish()) end)
end
]]

local function parked()
  local w = world.new({ issues = { { id = "A" }, { id = "B" }, { id = "C" } }, mock = MOCK, gate = RULE,
    limits = { concurrency = 1 } })
  local text, code = w:run()
  assert.equal(3, code, text)
  return w
end

-- What is shown on a terminal on which each of these lines is typed when it is asked for.
local function typed(w, lines)
  local steps = {}
  for _, line in ipairs(lines) do
    steps[#steps + 1] = { "see", " > " }
    steps[#steps + 1] = { "type", line .. "\n" }
  end
  return w:typed("inbox", steps)
end

describe("inbox", function()
  it("orket inbox lists what waits with its commands where there is no terminal", function()
    local w <close> = parked()
    local text, code = w:orket("inbox")
    assert.equal(3, code, text)
    local id = w:pending()[1].id
    for _, part in ipairs({ "content of A", "content of B", "which colour?", "orket approve " .. id,
      "orket deny " .. id .. " --why TEXT", 'orket answer C "TEXT"' }) do
      assert(text:find(part, 1, true), part .. " in:\n" .. text)
    end
    local items = cjson.decode((w:orket("inbox --json")))
    assert.same({ "approval", "approval", "question" }, { items[1].kind, items[2].kind, items[3].kind })
    assert(items[1].expires_at <= items[2].expires_at)
    assert.equal("C", items[3].card)
  end)

  it("orket inbox goes through it one by one on a terminal, with the acts of the commands", function()
    local w <close> = parked()
    local text, code = typed(w, { "yes", "approve", "deny not this", "answer blue" })
    assert.equal(0, code, text)
    assert(text:find("not understood: yes", 1, true) and text:find("content of A", 1, true), text)
    local said = {}
    for i, event in ipairs(w:events("approval.answered")) do
      said[i] = event.card .. " " .. event.body.answer .. " " .. (event.body.why or "-")
      assert(event.actor:find("^human:"))
    end
    assert.same({ "A approved -", "B denied not this" }, said)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "content of A\n", nil }, { w:made("locked/A"), w:made("locked/B") })
    assert.equal("Nothing waits for you.\n", (w:orket("inbox")))
    w:replays()
  end)

  it("orket inbox leaves what is put off, and what comes after the end, as it is", function()
    local w <close> = parked()
    local text, code = typed(w, { "later", "approve", "quit" })
    assert.equal(3, code, text)
    assert.equal(1, #w:pending())
    assert.equal("A", w:pending()[1].card)
    assert.equal("waiting_for_developer", w:card("C").status)
    text, code = typed(w, { "deny", "", "" })
    assert.equal(3, code, text)
    assert.equal(1, #w:pending())
  end)

  it("orket inbox does not give an answer to a question that came after the one that was shown", function()
    local w <close> = world.new({ issues = { { id = "C" } }, mock = [[
function work(talk)
  if talk.text:find("large", 1, true) then
    return say(finish())
  elseif talk.text:find("blue", 1, true) then
    return say(call("request_excuse", { reason = "which size?" }))
  end
  return say(call("request_excuse", { reason = "which colour?" }))
end]] })
    assert.equal(3, (select(2, w:run())))
    local text, code = w:typed("inbox", {
      { "see", "which colour?" }, { "shell", w:command("answer C blue") .. " && "
        .. w:command("run --plain ep") }, { "type", "answer large\n" },
    })
    assert.equal(1, code, text)
    assert(text:find("C has changed meanwhile", 1, true), text)
    assert.equal("waiting_for_developer", w:card("C").status)
    text, code = typed(w, { "answer large" })
    assert.equal(0, code, text)
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)
end)
