-- attack_replay_spec.lua: a journal that was changed by hand and made to fit again, hashes, chains, heads and
-- all (tests/support/forge.py): a replay names the first event that does not follow, or else the end that was
-- signed.

local world = dofile("tests/support/world.lua")
local orket = world.orket

local MOCK = world.orket.read("tests/support/teams/replayed.lua")

-- Two cards, a comment of an agent, one of a person, a question with its answer, a refusal, a verification.
local function recorded()
  local w = world.new({
    issues = { { verification = { fixture_path = "ok.json" } }, { depends_on = { "I-1" } } }, mock = MOCK,
    limits = { concurrency = 1 },
    gate = { { id = "secret", effect = "deny", why = "it is secret", paths = { "secret.txt" } } },
    files = { ["verification/ok.json"] = '{"argv":["/bin/sh","-c","echo fine; test -f I-1.txt"]}' },
  })
  assert.equal(0, (select(2, w:orket("sync"))))
  assert.equal(0, (select(2, w:orket("comment I-1 'use tabs'"))))
  assert.equal(3, (select(2, w:run())))
  assert.equal(0, (select(2, w:orket("answer I-2 'yes, blue'"))))
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

local SIGNED = "run%.ended"

-- What is changed, how, and the kind of the event that is named; by --strict, when that is another one.
local rows = {
  { "a reply's text", "text(messages, 'assistant', 'so be it', 'so be IT')", SIGNED },
  { "a reply's call", [[text(messages, 'assistant', 'my first file', 'my other file')]], "call%.allowed" },
  { "a reply's call to another tool", "text(messages, 'assistant', 'read_file', 'list_files')",
    "call%.allowed" },
  { "tokens", "edit(find('step.reply'), usage=dict(prompt=1, completion=1))", "turn%.ended" },
  { "tokens and their sum",
    "e = find('step.reply'); edit(e, usage=dict(prompt=json.loads(e['body'])['usage']['prompt'] + 1, completion=json.loads(e['body'])['usage']['completion'])); t = find('turn.ended'); edit(t, tokens_in=json.loads(t['body'])['tokens_in'] + 1)", SIGNED },
  { "why the model ended", "edit(find('step.reply'), finish='length')", SIGNED },
  { "the model's name", "edit(find('step.reply'), model='other')", "step%.reply" },
  { "a tool's result", [[text(messages, '"role":"tool"', 'added\\":true', 'added\\":null')]],
    "call%.result" },
  { "how a call ended", "change(find('call.result'), '\"ok\":true', '\"ok\":false')", "call%.result" },
  { "a yes of the gate", "e = find('call.allowed', which=1); e['kind'] = 'call.refused'", "call%.refused" },
  { "a no of the gate", "e = find('call.refused'); e['kind'] = 'call.allowed'", "call%.allowed" },
  { "why the gate said no", "change(find('call.refused'), 'choose another name', 'choose no name')",
    "call%.refused" },
  { "a role", "text(blobs, '-- coder.lua', 'You are', 'You were')", "turn%.prompted" },
  { "a remark in a role", "text(blobs, '-- coder.lua', '-- coder.lua', '-- Coder.lua')", SIGNED },
  { "a tool's text", "text(blobs, '-- write_file.lua', 'bytes = written.bytes', 'bytes = 1')",
    "call%.result" },
  { "a setting", [[text(blobs, '"process_rules"', '"concurrency":1', '"steps":1')]], "step%.reply" },
  { "an agent's comment", "change(find('comment.added', 'on my way'), 'on my way', 'at home')",
    "comment%.added" },
  { "a person's comment", "change(find('comment.added', 'use tabs'), 'tabs', 'blanks')", "turn%.prompted" },
  { "a person's answer", "change(find('comment.added', 'yes, blue'), 'blue', 'red')", "turn%.prompted" },
  { "a card", "change(find('card.created', 'I-1'), 'Issue I-1', 'Issue I-7')", "turn%.prompted" },
  { "a file", [[text(blobs, 'my first file', 'first', 'other')]], "file%.written" },
  { "a verdict", "e = find('verify.done'); change(e, '\"ok\":true', '\"ok\":false')", "turn%.prompted",
    "card%.moved" },
  { "a verdict's words", "change(find('verify.done'), 'fine', 'good')", "turn%.prompted" },
  { "where a card moved",
    "change(find('card.moved', 'ready_for_testing'), '\"to\":\"ready_for_testing\"', '\"to\":\"blocked\"')",
    "card%.moved" },
  { "what was merged", "change(find('tree.merged'), 'I-1.txt', 'I-9.txt')", "tree%.merged" },
  { "who worked", "e = find('turn.started'); e['actor'] = 'agent:lead'", "turn%.started" },
  { "the role of an event", "find('file.written')['role'] = 'lead_architect'", "file%.written" },
  { "the card of an event", "find('file.written')['card'] = 'I-2'", "file%.written" },
  { "the step of an event", "find('call.allowed', which=1)['step'] = 2", "call%.allowed" },
  { "the seat of a turn", "edit(find('turn.started'), seat='lead')", "turn%.started" },
  { "the outcome of a turn", "edit(find('turn.ended'), outcome='parked')", "turn%.ended" },
  { "the outcome of the run",
    "edit(events[-2] if events[-2]['kind'] == 'run.ended' else find('run.ended', which=1), status='parked')",
    SIGNED, SIGNED },
  { "an event that is gone", "drop(find('call.allowed'))", "comment%.added" },
  { "a written file that is gone", "drop(find('file.written'))", "call%.result" },
  { "a reply that is gone", "drop(find('step.reply', which=1))", "call%.allowed" },
  { "the end of a turn that is gone", "drop(find('turn.ended'))", "card%.moved" },
  { "the last event of a turn that is gone", "drop(after(find('turn.ended'), -1))", "." },
  { "two events that changed places", "a = find('file.written'); swap(a, after(a))", "call%.result" },
  { "a yes before the reply that asked for it", "a = find('step.reply'); swap(a, after(a))",
    "call%.allowed" },
  { "an event told twice", "repeat(find('file.written'))", "file%.written" },
  { "a comment told twice", "repeat(find('comment.added', 'on my way'))", "comment%.added" },
  { "the end of the run that is gone", "[drop(e) for e in events[:] if e['kind'] == 'run.ended']", "." },
  { "the signature that is gone", "db.execute('DELETE FROM head')", SIGNED },
}

describe("attack replay", function()
  local w

  setup(function()
    w = recorded()
  end)

  teardown(function()
    w:close()
  end)

  -- A changed copy, replayed.
  local function forged(code, mode)
    local dir = w.dir .. "/.test/forged"
    orket.shell(string.format("rm -rf %s; mkdir -p %s; cp -R %s/config %s/.orket %s/verification %s", dir,
      dir, w.dir, w.dir, w.dir, dir))
    orket.write(dir .. "/code", code)
    local text, status = orket.shell(string.format("python3 tests/support/forge.py %s/.orket/orket.db \"$(cat %s/code)\" 2>&1", dir, dir))
    assert.equal(0, status, text)
    return orket.shell(string.format("%s replay -C %s %s ep.1 2>&1", world.binary, dir, mode))
  end

  for _, row in ipairs(rows) do
    local name, code, kind, strict = table.unpack(row)
    it("a journal that was made to fit again is not accepted after a change of " .. name, function()
      for mode, named in pairs({ [""] = kind, ["--strict"] = strict }) do
        local text, status = forged(code, mode)
        assert.equal(1, status, text)
        assert.truthy(text:find("^orket: ERR_REPLAY: ep%.1/%d+%.%d+ %(" .. named), text)
        if text:find("something else", 1, true) then
          assert.truthy(text:find("\n%-[^\n]") and text:find("\n%+[^\n]"), text)
        end
      end
    end)
  end

  it("a journal that was made to fit again is as recorded when nothing was changed", function()
    local text, status = forged("pass", "--strict")
    assert.equal(0, status, text)
    assert.truthy(text:find("as recorded and signed", 1, true), text)
  end)

  it("a journal that ends without a signature is reported as not signed",
    function()
    local text, status = forged("[drop(e) for e in events[:] if e['kind'] == 'run.ended' or e['card'] == 'ep' and e['seq'] > 50]; db.execute('DELETE FROM head')", "")
    assert.equal(0, status, text)
    assert.truthy(text:find("as recorded; not signed, the run did not end", 1, true), text)
  end)
end)
