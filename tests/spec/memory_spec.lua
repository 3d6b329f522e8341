-- memory_spec.lua: what is remembered: who is shown it, what is found by which words, one row for one text,
-- what is forgotten or expires, labels, and that check, replay and fork know it as it was.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- A role that remembers what its model says after "note:".
local NOTER = [[
return { tools = { "write_file", "update_issue_status" }, prompt = function(view) return brief.prompt(view, "You work.") end,
  route = function(card, reply)
    local p = some(reply.proposal)
    local note = p and p.why and p.why:match("note: (.*)")
    return p and { status = p.status, memory = note }
  end }
]]

local WORK = [[
  function work(talk)
    return say(status("ready_for_testing", "note: " .. (NOTES[talk.card] or "nothing of " .. talk.card)))
  end
]]

local function project(notes, issues, options)
  options = options or {}
  options.files = options.files or { ["roles/coder.lua"] = NOTER }
  local lines = {}
  for card, note in pairs(notes) do
    lines[#lines + 1] = string.format("[%q] = %q", card, note)
  end
  options.mock = "NOTES = {" .. table.concat(lines, ",") .. "}\n" .. (options.mock or WORK)
  options.issues = issues
  options.limits = { concurrency = 1 }
  return world.new(options)
end

local function ran(w, card)
  local text, code = w:run(card)
  assert.equal(0, code, text)
end

local function memory(w, arguments, expected)
  local text, code = w:orket("memory --json " .. arguments)
  assert.equal(expected or 0, code, text)
  return code == 0 and cjson.decode(text) or text
end

local function texts(rows)
  local all = {}
  for i, row in ipairs(rows) do
    all[i] = row.text
  end
  return all
end

-- The remembered notes in the first words of a card's first turn that is no review.
local function shown(w, card)
  for n = 1, w:requests() do
    local messages = cjson.decode(w:request(n)).messages
    if messages[2].content:find("^# Card " .. card:gsub("%-", "%%-") .. "%f[^%w%-]")
      and not messages[1].content:find("integrity guard", 1, true) then
      return messages[2].content
    end
  end
  error("no turn on " .. card)
end

local function is_shown(w, card, text)
  return shown(w, card):find(text, 1, true) ~= nil
end

local function same(w, run)
  local text, code = w:orket("replay --strict " .. (run or "ep.1"))
  assert.equal(0, code, text)
  text, code = w:check()
  assert.equal(0, code, text)
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

describe("memory", function()
  it("memory is empty until something is noted, and says so", function()
    local w <close> = project({}, { {} }, { mock = "function work(talk) return say(finish()) end",
      files = {} })
    ran(w)
    assert.same({}, memory(w, "search"))
    assert.same({}, memory(w, "search anything"))
    assert.equal("nothing is remembered\n", (w:orket("memory search")))
    assert.truthy(memory(w, "why 1", 1):find("ERR_NOT_FOUND", 1, true))
    assert.truthy(memory(w, "forget 1", 1):find("ERR_NOT_FOUND", 1, true))
    same(w)
  end)

  it("memory shows a turn what fits its card before what is newest", function()
    local notes, issues = { A1 = "the ledger rounds half to even" }, { { id = "A1" } }
    for i = 2, 8 do
      notes["A" .. i] = "unrelated remark number " .. i
      issues[i] = { id = "A" .. i, depends_on = { "A" .. (i - 1) } }
    end
    issues[9] = { id = "Z", name = "Rounding", description = "Mend the ledgers", depends_on = { "A8" } }
    local w <close> = project(notes, issues)
    ran(w)
    assert.is_true(is_shown(w, "Z", "rounds half to even"))
    assert.is_false(is_shown(w, "Z", "unrelated remark number 8"))
    assert.is_true(is_shown(w, "A8", "unrelated remark number 7")) -- "Issue A8" finds nothing
    same(w)
  end)

  it("memory keeps one row of a text, with the newest provenance", function()
    local w <close> = project({ A = "seen twice", B = "seen twice" },
      { { id = "A" }, { id = "B", depends_on = { "A" } } })
    ran(w)
    local rows = memory(w, "search")
    assert.equal(1, #rows)
    assert.same({ "B", "epic", "ep", "agent:dev", "coder", "kept" },
      { rows[1].card, rows[1].scope, rows[1].epic, rows[1].actor, rows[1].role, rows[1].status })
    local events = w:events("memory.noted")
    assert.same({ events[1].seq, events[2].seq }, { rows[1].id, rows[1].seq })
    local why = memory(w, "why " .. math.tointeger(rows[1].id))
    assert.same({ events[2].run, events[2].turn, events[2].at }, { why.run, why.turn, why.at })
    assert.truthy((w:orket("memory why " .. math.tointeger(rows[1].id))):find("said first in event", 1, true))
    same(w)
  end)

  it("memory goes to those who are meant: project, epic, role and card", function()
    local w <close> = project({}, { { id = "A" }, { id = "B" } }, {
      mock = "function work(talk) return say(finish()) end",
        files = { ["config/epics/other.json"] = cjson.encode({
        name = "Other", team = "t", environment = "e",
        issues = { { id = "O", name = "Work", seat = "dev" } } }) },
    })
    assert.equal(0, (select(2, w:orket("sync"))))
    for _, words in ipairs({ "add 'for everybody'", "--epic ep add 'for the epic'",
      "--epic other add 'for the other one'",
      "--role coder add 'for coders'", "--role coder --epic other add 'for the other coders'",
      "--role lead_architect add 'for leads'",
      "--card A add 'for A alone'" }) do
      memory(w, words)
    end
    ran(w)
    ran(w, "other")
    local expected = {
      ["for everybody"] = "ABO", ["for the epic"] = "AB", ["for the other one"] = "O", ["for coders"] = "ABO",
      ["for the other coders"] = "O", ["for leads"] = "", ["for A alone"] = "A",
    }
    for text, cards in pairs(expected) do
      for _, card in ipairs({ "A", "B", "O" }) do
        assert.equal(cards:find(card, 1, true) ~= nil, is_shown(w, card, text), text .. " on " .. card)
      end
    end
    assert.same({ "for A alone" }, texts(memory(w, "--card A search")))
    assert.same({ "for the other coders", "for the other one" }, texts(memory(w, "--epic other search")))
    same(w)
    same(w, "other.1")
  end)

  it("memory finds an epic's rows by words that other epics have in thousands", function()
    local w <close> = project({}, { { id = "A", name = "The invoice total", description = "c9" } }, {
      mock = "function work(talk) return say(finish()) end",
        files = { ["config/epics/other.json"] = cjson.encode({
        name = "Other", team = "t", environment = "e",
        issues = { { id = "O", name = "Work", seat = "dev" } } }) },
    })
    assert.equal(0, (select(2, w:orket("sync"))))
    memory(w, "--epic ep add 'the invoice total is in cents'")
    local lines = {}
    for i = 1, 1500 do
      lines[i] = "the invoice total " .. i .. " of customer c" .. i
    end
    w:write("others.txt", table.concat(lines, "\n"))
    memory(w, "--epic other --lines others.txt add")
    for _, question in ipairs({ "invoice", "invoice total", "c77 total" }) do
      assert.same({ "the invoice total is in cents" },
        texts(memory(w, "--epic ep search " .. quoted(question))), question)
    end
    assert.same({}, memory(w, "--role coder search invoice"))
    assert.equal(100, #memory(w, "search 'invoice total'"))
    ran(w, "A")
    assert.is_true(is_shown(w, "A", "the invoice total is in cents"))
    assert.equal(0, (select(2, w:check())))
    same(w)
  end)

  it("memory finds whatever is asked, and takes no sign of it for an expression", function()
    local w <close> = project({}, { {} })
    for _, text in ipairs({ "plain words here", "Grüße aus Köln", "日本語 のメモ", "naïve café" }) do
      memory(w, "add " .. quoted(text))
    end
    local cases = {
      { "words", "plain words here" }, { "WORD", "plain words here" }, { "grusse", nil },
      { "köln", "Grüße aus Köln" }, { "koln", "Grüße aus Köln" },
      { "日本語", "日本語 のメモ" }, { "cafe", "naïve café" }, { '"', nil }, { "*", nil },
      { "plain AND (nothing", "plain words here" },
      { "NOT words", "plain words here" }, { "text:plain^", "plain words here" },
      { "NEAR(plain here, 1)", "plain words here" },
      { "-plain", "plain words here" }, { "memory_fts", nil }, { ("x"):rep(10240), nil },
      { ("plain "):rep(1700), "plain words here" }, { "…—…", nil },
      { "", nil },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[2], texts(memory(w, "search -- " .. quoted(case[1])))[1], case[1]:sub(1, 40))
    end
    local many = {}
    for i = 1, 5000 do
      many[i] = "w" .. i
    end
    assert.same({}, memory(w, "search " .. quoted(table.concat(many, " "))))
    assert.equal(2, (select(2, w:orket("memory search " .. quoted("\xff\xfe")))))
    assert.equal(0, (select(2, w:check())))
  end)

  it("memory refuses what cannot be remembered", function()
    local w <close> = project({}, { { id = "A" } })
    assert.equal(0, (select(2, w:orket("sync"))))
    for words, code in pairs({
      ["add ' '"] = 1, ["add " .. ("x"):rep(10241)] = 1, ["--epic no add x"] = 1, ["--card no add x"] = 1,
      ["--epic A add x"] = 1, ["--role nobody add x"] = 1,
      ["--card A --role coder add x"] = 1, ["--days 0 add x"] = 1, ["--days soon add x"] = 1,
      ["--days nan add x"] = 1,
      ["--label Web add x"] = 1, ["add"] = 2, ["frobnicate"] = 2, [""] = 2, ["forget"] = 2, ["forget x"] = 1,
      ["why x"] = 1,
      ["--label web search x"] = 2, ["-n x search"] = 2,
    }) do
      local text, got = w:orket("memory " .. words)
      assert.equal(code, got, words .. ": " .. text)
    end
    assert.same({}, w:events("memory.noted"))
    memory(w, "add " .. ("x"):rep(10240))
  end)

  it("memory forgets for good, until a person says it again", function()
    local w <close> = project({ A = "half of it is wrong", B = "half of it is wrong" },
      { { id = "A" }, { id = "B", depends_on = { "A" } } }, { mock = WORK:gsub("return say", [[
        if talk.card == "B" and talk.replies == 0 and not FORGOT then
          FORGOT = true
          return say(write("x", "y"))
        end
        return say]], 1) })
    ran(w, "A")
    local id = math.tointeger(memory(w, "search wrong")[1].id)
    assert.equal(id, memory(w, "--why 'all of it is' forget " .. id).id)
    assert.same({}, memory(w, "search wrong"))
    assert.truthy(memory(w, "forget " .. id, 1):find("ERR_TRANSITION", 1, true))
    ran(w)
    assert.is_false(is_shown(w, "B", "half of it"))
    assert.same({}, memory(w, "search")) -- B's agent said it again
    local row = memory(w, "--all search")[1]
    assert.same({ "forgotten", id }, { row.status, row.id })
    local forgot = memory(w, "why " .. id).forgot
    assert.same({ "all of it is", "human:" }, { forgot.why, forgot.actor:sub(1, 6) })
    same(w)
    memory(w, "--epic ep add 'half of it is wrong'")
    assert.same({ "half of it is wrong" }, texts(memory(w, "search wrong")))
    same(w)
  end)

  it("memory ends when it has expired, for turns that begin later", function()
    local w <close> = project({}, { { id = "A" } }, { mock = "function work(talk) return say(finish()) end" })
    memory(w, "--days 0.00001 add 'gone in a second'")
    memory(w, "--days 1 add 'here for a day'")
    assert(world.wait(function()
      return #memory(w, "search") == 1
    end))
    ran(w)
    assert.is_false(is_shown(w, "A", "gone in a second"))
    assert.is_true(is_shown(w, "A", "here for a day"))
    assert.equal("expired", memory(w, "--all search")[2].status)
    same(w)
  end)

  it("labels the turn that is shown what came from outside, and no other one", function()
    local w <close> = project({}, { { id = "A", name = "Invoices" }, { id = "B", name = "Shipping" } },
      { mock = "function work(talk) return say(finish()) end" })
    memory(w, "--label untrusted add 'invoices are sent on Mondays'")
    ran(w)
    assert.is_true(is_shown(w, "A", "| invoices are sent on Mondays"))
    assert.is_false(is_shown(w, "B", "Mondays"))
    local labelled = {}
    for _, event in ipairs(w:events("turn.labelled")) do
      labelled[event.card] = event.body.labels
    end
    assert.same({ A = { "untrusted" } }, labelled)
    memory(w, "add 'invoices are sent on Mondays'") -- a person answers for it
    assert.is_nil(memory(w, "search")[1].labels)
    same(w)
  end)

  it("memory is in a fork as it was at its moment", function()
    local w <close> = project({ A = "known before", B = "learnt later" },
      { { id = "A" }, { id = "B", depends_on = { "A" } },
      { id = "C", depends_on = { "B" } } })
    ran(w)
    local at
    for _, event in ipairs(w:events("card.moved")) do
      at = at or event.card == "A" and event.body.to == "done" and math.tointeger(event.seq)
    end
    local text, code = w:orket("fork ep.1@" .. at)
    assert.equal(0, code, text)
    memory(w, "--epic ep add 'said to the source alone'")
    ran(w, "ep-f1")
    assert.is_true(is_shown(w, "B-f1", "known before"))
    assert.is_false(is_shown(w, "B-f1", "learnt later"))
    assert.is_false(is_shown(w, "B-f1", "said to the source alone"))
    same(w, "ep-f1.1")
    same(w)
  end)

  it("memory has reviews, answers and decisions by rule, and nothing of them without", function()
    for _, rules in ipairs({ { reviews = true, answers = true, decisions = true, days = 7 }, false }) do
      local w <close> = world.new({ issues = { { id = "A" } }, rules = rules and { memory = rules } or nil,
        gate = { { id = "look", effect = "ask", tools = { "write_file" }, why = "look at it" } }, mock = [[
          function work(talk)
            if talk.text:find("drop the tab", 1, true) then
              return talk.replies == 0 and say(call("add_issue_comment", { comment = "it is gone" })) or say(finish())
            end
            if not talk.text:find("use the blue one", 1, true) then
              return say(call("update_issue_status", { status = "waiting_for_developer", reason = "input", why = "which colour?" }))
            end
            return talk.replies == 0 and say(write("colour", "blue	")) or say(finish())
          end
          function review(talk)
            if talk.text:find("it is gone", 1, true) then return accept() end
            return say(status("in_progress", "drop the tab"))
          end
        ]] })
      assert.equal(3, (select(2, w:run())))
      local text, code = w:orket("answer A 'use the blue one'")
      assert.equal(0, code, text)
      text, code = w:run()
      assert.equal(3, code, text)
      text, code = w:orket("deny A --why 'nobody wants colours'")
      assert.equal(0, code, text)
      text, code = w:run()
      assert.equal(0, code, text)
      local by_rule = {}
      for _, row in ipairs(memory(w, "search")) do
        by_rule[row.rule] = { row.text, row.scope, row.epic, row.expires_at and row.expires_at > row.at }
      end
      assert.same(rules and {
        answers = { "A asked: which colour?\nAnswer: use the blue one", "epic", "ep", true },
        decisions = { "write_file of colour was denied on A: nobody wants colours", "epic", "ep", true },
        reviews = { "Review of A: drop the tab", "epic", "ep", true },
      } or {}, by_rule)
      same(w)
    end
  end)

  it("memory is checked: a row, a word or a count that does not follow from the events is told", function()
    local w <close> = project({ A = "as it was said" }, { { id = "A" } })
    ran(w)
    same(w)
    for _, sql in ipairs({
      "UPDATE memory SET text = 'otherwise'",
      "INSERT INTO memory_fts (rowid, text) VALUES (1, 'nobody said this')",
      "INSERT INTO memory_fts (memory_fts, rowid, text) SELECT 'delete', id, text FROM memory",
      "UPDATE memory_fts_docsize SET sz = x'09'",
    }) do
      os.execute("cp " .. w.dir .. "/.orket/orket.db " .. w.dir .. "/kept.db")
      w:sql(sql)
      local text, code = w:check()
      assert.equal(1, code, sql .. ": " .. text)
      assert.truthy(text:find("memory", 1, true), text)
      os.execute("cp " .. w.dir .. "/kept.db " .. w.dir .. "/.orket/orket.db")
    end
  end)

  it("memory takes texts for the same that differ in nothing that matters", function()
    local w <close> = project({}, { {} })
    local first = memory(w, "add 'Tabs are eight wide'")
    for _, text in ipairs({ "tabs are eight wide.", "  TABS  are\teight\n wide!",
      "Tabs are\u{a0}eight\u{200b} wide", "\u{ff34}abs are eight wide" }) do
      assert.equal(first.id, memory(w, "add " .. quoted(text)).id, text)
    end
    local accent = memory(w, "add 'caf\u{e9} \u{c9}COLE \u{41f}\u{420}\u{418}'")
    assert.equal(accent.id, memory(w, "add 'cafe\u{301} \u{e9}cole \u{43f}\u{440}\u{438}'").id)
    for _, text in ipairs({ "cafe ecole", "Tabs are eight wide?", "x > 5", "x < 5", "...", "!" }) do
      local id = memory(w, "add " .. quoted(text)).id
      assert.is_true(id ~= first.id and id ~= accent.id, text)
    end
    assert.equal(8, #memory(w, "search"))
    assert.equal(0, (select(2, w:check())))
  end)

  it("memory is for the card, the role or the epic where its role says so, and for nobody else", function()
    local role = NOTER:gsub("memory = note",
      'memory = note and { text = note, scope = note:match("^for the (%%a+)"), keywords = { "kept" }, days = 3 }')
    local w <close> = project({ A = "for the card alone", B = "for the role alone",
      C = "for the epic alone" },
      { { id = "A" }, { id = "B", depends_on = { "A" } }, { id = "C", depends_on = { "B" } } },
        { files = { ["roles/coder.lua"] = role } })
    ran(w)
    local by_text = {}
    for _, row in ipairs(memory(w, "search")) do
      by_text[row.text] = { row.scope, row.epic, row.reader, row.keywords[1], row.expires_at > row.at }
    end
    assert.same({
      ["for the card alone"] = { "card", "ep", "A", "kept", true },
      ["for the role alone"] = { "role", "ep", "coder", "kept", true },
      ["for the epic alone"] = { "epic", "ep", nil, "kept", true },
    }, by_text)
    assert.is_false(is_shown(w, "B", "for the card alone"))
    assert.is_true(is_shown(w, "C", "for the role alone"))
    same(w)
    for _, note in ipairs({ "{ text = 'x', scope = 'project' }", "{ text = 'x', epic = 'other' }",
      "{ scope = 'card' }", "7", "{ text = 'x', days = -1 }",
      "{ text = 'x', keywords = { 1 } }", "{ text = 'x', keywords = { a = 'ghp_" .. ("a1B2"):rep(9)
        .. "' } }", "{ text = 'x', keywords = 'y' }",
      "{ text = 'x', keywords = { a = 1 } }" }) do
      local v <close> = project({}, { {} },
        { files = { ["roles/coder.lua"] = NOTER:gsub("memory = note", "memory = " .. note) } })
      local text, code = v:run()
      assert.equal(3, code, text)
      assert.same({}, v:events("memory.noted"))
    end
  end)

  it("memory is nothing where its role says nothing, and no more words than may be looked for", function()
    local role = NOTER:gsub("memory = note",
      [[memory = card.id == "A" and " \n" or card.id == "B" and { text = "" } or words()]])
    role = [[local function words()
      local list = {}
      for i = 1, 5000 do
        list[i] = "wort" .. i
      end
      return { text = "many", keywords = list }
    end
    ]] .. role
    local w <close> = project({}, { { id = "A" }, { id = "B" }, { id = "C" } },
      { files = { ["roles/coder.lua"] = role } })
    ran(w)
    local rows = memory(w, "search")
    assert.same({ "many" }, texts(rows))
    assert.truthy(#rows[1].keywords > 100 and #table.concat(rows[1].keywords) <= 1024)
    assert.equal(1, #w:events("memory.noted"))
    same(w)
  end)

  it("memory holds no secrets, whoever says them", function()
    local secret = "ghp_" .. ("a1B2"):rep(9)
    local role = NOTER:gsub("memory = note", 'memory = "the token is ghp_" .. ("a1B2"):rep(9)')
    local w <close> = project({}, { { id = "A" } }, { files = { ["roles/coder.lua"] = role } })
    ran(w)
    assert.same({}, w:events("memory.noted"))
    assert.equal("gate.secret", w:events("memory.refused")[1].body.rule)
    assert.truthy((w:orket("reports")):find("gate.secret", 1, true))
    assert.truthy(memory(w, "add 'the token is " .. secret .. "'", 1):find("ERR_DENIED", 1, true))
    assert.same({}, memory(w, "search"))
    same(w)
  end)

  -- What trusted code notes, as commits of their own.
  local function note(w, bodies)
    assert(os.execute(("ORKET_LUA=tests/support/noter %s %s %s"):format(world.binary, w.dir,
      quoted(cjson.encode(bodies)))))
  end

  it("memory leaves nothing of what ended a day ago, and says so before", function()
    local w <close> = project({}, { {} })
    memory(w, "add 'stays here'")
    note(w, { { text = "ended twentytwo", scope = "project", expires_at = "2022-01-01T00:00:00.000Z" } })
    assert.equal("0", w:sql("SELECT count(*) FROM memory WHERE text LIKE 'ended%'"))
    assert.same({}, memory(w, "--all search twentytwo"))
    local many = {}
    for i = 1, 50 do
      many[i] = { text = "ended number " .. i, scope = "project", expires_at = "2022-01-01T00:00:00.000Z" }
    end
    note(w, many)
    assert.equal("stays here", w:sql("SELECT group_concat(text) FROM memory"))
    assert.equal(0, (select(2, w:check())))
  end)

  it("memory has no trace of a forgotten row in its index once room was made", function()
    local w <close> = project({}, { {} })
    memory(w, "add 'stays here'")
    local id = math.tointeger(memory(w, "add 'xylophone music'").id)
    memory(w, "forget " .. id)
    assert.same({}, memory(w, "search xylophone"))
    assert.equal(0, (select(2, w:orket("gc --keep 30d"))))
    assert.equal("0", w:sql("SELECT count(*) FROM memory_fts_data WHERE instr(block, CAST('xylophon' AS BLOB))"))
    assert.same({ "stays here" }, texts(memory(w, "search stays")))
    assert.equal(0, (select(2, w:check())))
  end)

  it("memory says what is wrong with a project where lines should be remembered", function()
    local w <close> = project({}, { { id = "A" } })
    w:write("notes.txt", "a line\n")
    w:write("config/epics/ep.json", "{")
    assert.truthy(memory(w, "--lines notes.txt add", 1):find("config/epics/ep.json:1", 1, true))
    assert.falsy(memory(w, "--lines notes.txt add", 1):find("traceback", 1, true))
  end)

  it("memory remembers the lines of a file, some hundred at a time, all of them or none", function()
    local w <close> = project({}, { {} })
    local lines = {}
    for i = 1, 1200 do
      lines[i] = i % 7 == 0 and "" or "line " .. i .. " of many"
    end
    w:write("notes.txt", table.concat(lines, "\n") .. "\r\n")
    assert.equal(1029, memory(w, "--label web --days 5 --lines notes.txt add").count)
    local rows = memory(w, "-n 2000 search")
    assert.same({ 1029, { "web" }, true }, { #rows, rows[1].labels, rows[1].expires_at ~= nil })
    assert.equal("line 1199 of many", memory(w, "search 1199")[1].text)
    w:write("bad.txt", "fine\n" .. ("x"):rep(10241) .. "\n")
    assert.truthy(memory(w, "--lines bad.txt add", 1):find("text 2 of these", 1, true))
    w:write("bad.txt", "fine\n\xff\n")
    memory(w, "--lines bad.txt add", 1)
    assert.same({}, memory(w, "search fine"))
    memory(w, "--lines nowhere.txt add", 2)
    memory(w, "--lines notes.txt add more", 2)
    assert.equal(0, (select(2, w:check())))
  end)

  it("memory finds words of one letter, and those that every text has where there are no others", function()
    local w <close> = project({}, { {} })
    memory(w, "add 'plan B needs version 7'")
    memory(w, "add 'to be or not to be'")
    assert.same({ "plan B needs version 7" }, texts(memory(w, "search 7")))
    assert.same({ "plan B needs version 7" }, texts(memory(w, "search b")))
    assert.same({ "to be or not to be" }, texts(memory(w, "search 'or not'")))
  end)
end)
