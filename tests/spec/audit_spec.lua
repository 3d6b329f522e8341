-- audit_spec.lua: what a run leaves for who was not there: a signed head, by a key that nobody else has.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local WORK = [[
function work(talk)
  return say(write("made.txt", "by " .. talk.card .. "\n"), finish())
end
]]

local function finished()
  local w = world.new({ issues = { { id = "A" } }, mock = WORK })
  local text, code = w:run()
  assert(code == 0, text)
  return w
end

describe("audit", function()
  local w = finished()

  it("a run that ended is signed, and checked", function()
    local report = cjson.decode((w:orket("check --json")))
    assert.same({}, report.problems)
    assert.equal(1, report.heads)
    w:orket("run --plain ep") -- done already: nothing is signed again
    assert.equal(1, cjson.decode((w:orket("check --json"))).heads)
  end)

  it("a run that ended keeps the secret to itself", function()
    local secret = w:read(".orket/key"):match("^(%x+)\n$")
    assert.equal(64, #secret)
    assert.equal("600", (orket.shell("stat -c %a " .. w.dir .. "/.orket/key"):gsub("\n", "")))
    local raw = secret:gsub("%x%x", function(digits)
      return string.char(tonumber(digits, 16))
    end)
    w:sql("PRAGMA wal_checkpoint(TRUNCATE)")
    local database = w:read(".orket/orket.db")
    assert.falsy(database:find(secret, 1, true) or database:find(raw, 1, true))
    for _, command in ipairs({ "log --json", "check --json", "show --json A", "run --json ep" }) do
      assert.falsy(w:orket(command):find(secret, 1, true))
    end
  end)

  it("a run that ended shows when its head is gone or changed", function()
    orket.shell("cp -r " .. w.dir .. " " .. w.dir .. ".copy")
    local copy = setmetatable({ dir = w.dir .. ".copy" }, { __index = w })
    copy:sql("UPDATE head SET events = events - 1")
    local text, code = copy:orket("check")
    assert.equal(1, code)
    assert(text:find("head ep.1 %(commit %d+%): its signature is not over what it says"), text)
    copy:sql("DELETE FROM head")
    text, code = copy:orket("check")
    assert.equal(1, code)
    assert(text:find("head ep.1 %(commit %d+%): its end is not signed"), text)
    orket.remove(copy.dir)
  end)

  it("a run that ended shows when the time of any of its events was changed", function()
    local last = tonumber((w:sql("SELECT max(seq) FROM entry")))
    for seq = 1, last do
      orket.shell("cp -r " .. w.dir .. " " .. w.dir .. ".copy")
      local copy = setmetatable({ dir = w.dir .. ".copy" }, { __index = w })
      copy:sql(string.format("UPDATE entry SET at = at %+d WHERE seq = %d", seq % 2 == 0 and 1 or -86400000,
        seq))
      local text, code = copy:orket("check")
      assert.equal(1, code, seq .. ": " .. text)
      assert.truthy(text:find(string.format("(commit %d): its hash does not follow", seq), 1, true),
        seq .. ": " .. text)
      if copy:sql("SELECT run FROM journal WHERE seq = " .. seq):find("ep.1", 1, true) then
        text, code = copy:orket("replay --strict ep.1")
        assert.equal(1, code, seq .. ": " .. text)
        assert.truthy(text:find("its hash does not follow", 1, true), seq .. ": " .. text)
        text, code = copy:orket("export ep.1 -o " .. copy.dir .. "/bundle")
        assert.equal(1, code, seq .. ": " .. text)
      end
      orket.remove(copy.dir)
    end
  end)

  it("a run that ended keeps its key from being used when others could have read it", function()
    orket.shell("chmod 644 " .. w.dir .. "/.orket/key")
    local text, code = w:orket("comment A hello")
    assert.equal(1, code)
    assert(text:find("ERR_DENIED", 1, true) and text:find("fix: chmod 600 ", 1, true), text)
    orket.shell("chmod 600 " .. w.dir .. "/.orket/key")
    assert.equal(0, select(2, w:orket("comment A hello")))
    w:close()
  end)
end)

describe("audit", function()
  -- The model sends its key back, in its words and in a file.
  local KEY = "sk-very-secret-0123456789"
  local w = world.new({
    issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
    mock = ([[
      function work(talk)
        local said = say(write(talk.card .. ".txt", "the key is %s\n"), finish("with %s"))
        said.content = "I was called with %s"
        return said
      end
    ]]):gsub("%%s", KEY),
  })
  local text, code = orket.shell("export ORKET_MODEL_KEY=" .. KEY .. "; " .. w:command("run --plain ep")
    .. " 2>&1")
  assert(code == 0, text)
  local file = w.dir .. "/.test/bundle"
  local report = cjson.decode((w:orket("export ep.1 --json -o " .. file)))

  local function verify(arguments)
    local answer, exit = orket.shell("cd / && env -i " .. world.binary .. " verify --json " .. arguments
      .. " 2>&1")
    return cjson.decode(answer), exit
  end

  it("an exported run is verified with nothing but the file", function()
    local copy = orket.directory()
    os.execute("cp " .. file .. " " .. copy .. "/alone")
    local answer, exit = verify(copy .. "/alone")
    orket.remove(copy)
    assert.equal(0, exit)
    assert.same({ true, "unknown", "ep.1" }, { answer.ok, answer.signer, answer.run })
    assert.equal(report.hash, answer.hash)
    assert.equal(orket.read(file), (w:orket("export ep.1")))
    assert.equal(w:sql("SELECT count(*) FROM journal WHERE run = 'ep.1'"),
      tostring(math.tointeger(answer.counts.event)))
  end)

  it("an exported run has all that its events speak of", function()
    local kept, records = {}, {}
    for line in orket.read(file):gmatch("[^\n]+") do
      local record = cjson.decode(line)
      records[record.record] = (records[record.record] or 0) + 1
      kept[record.id] = record
    end
    assert.equal(1, records.generation)
    for path, blob in pairs(kept[w:sql("SELECT generation FROM run")].files) do
      assert(kept[blob] and kept[blob].text, path)
    end
    assert.truthy(kept[kept["ep.1/1/4"].body.convo].parent)
    assert.equal("card.created", kept["board/0/1"].kind)
  end)

  it("an exported run is held against a key", function()
    assert.equal(0, select(2, verify("--key " .. w.dir .. "/.orket/key.pub " .. file)))
    local answer, exit = verify("--key " .. ("0"):rep(64) .. " " .. file)
    assert.equal(1, exit)
    assert.same({ true, "other" }, { answer.ok, answer.signer })
    assert.equal(2, select(2, orket.run("verify --key nonsense " .. file)))
    text, exit = orket.run("verify " .. file)
    assert.equal(0, exit)
    assert(text:find("not known here", 1, true), text)
  end)

  it("an exported run names what was done to it", function()
    local lines = {}
    for line in orket.read(file):gmatch("[^\n]+\n") do
      lines[#lines + 1] = line
    end
    local at = #lines - 5
    local gone = cjson.decode(table.remove(lines, at))
    orket.write(file .. ".less", table.concat(lines))
    local answer, exit = verify(file .. ".less")
    assert.equal(1, exit)
    assert.same({ what = "missing", line = at, kind = gone.record, id = gone.id, why = answer.problem.why },
      answer.problem)
    text, exit = orket.run("verify " .. file .. ".less")
    assert.equal(1, exit)
    assert(text:find("NOT INTACT: line " .. at .. ": " .. gone.record .. " " .. gone.id .. " is missing", 1,
      true), text)
    text, exit = orket.run("verify " .. file .. ".none")
    assert.equal(1, exit)
    assert(text:find(".none: No such file or directory", 1, true)
      and text:find("fix: give a file of orket export", 1, true), text)
    text = orket.run("verify /tmp")
    assert(text:find("ERR_IO: /tmp: Is a directory", 1, true)
      and text:find("fix: give a file of orket export", 1, true), text)
    text = orket.run("verify README.md")
    assert(text:find("or this is no file of orket export", 1, true), text)
  end)

  it("an exported run has no secret in it", function()
    local bytes = orket.read(file)
    assert.falsy(bytes:find(KEY, 1, true))
    assert.falsy(bytes:find(w:read(".orket/key"):sub(1, 64), 1, true))
    assert(bytes:find("I was called with %*+"), "the mock did not send it back")
  end)

  it("an exported run may be one that was killed, or that goes on", function()
    local open = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        local said = say(write("x.txt", "x"))
        said.delay_ms = talk.replies > 0 and 60000 or nil
        return said
      end
    ]] })
    local run = open:start()
    assert(world.wait(function()
      return open:exists(".orket/orket.db")
        and open:sql("SELECT count(*) FROM event WHERE kind = 'call.result'") == "1"
    end))
    local while_it_runs = open:orket("export ep.1 -o " .. file .. ".open")
    assert(while_it_runs:find("signed by"), while_it_runs)
    run.kill("KILL")
    run.wait()
    local answer, exit = verify(file .. ".open")
    assert.same({ 0, true }, { exit, answer.ok })
    assert.equal(0, select(2, open:orket("export ep.1 -o " .. file .. ".killed")))
    assert.equal(0, select(2, verify("--key " .. open.dir .. "/.orket/key.pub " .. file .. ".killed")))
    assert.equal(1, select(2, open:orket("export ep.9 -o " .. file .. ".no")))
    assert.falsy(w:exists(".test/bundle.no"))
    open:close()
  end)

  it("an exported run leaves nothing behind", function()
    w:close()
  end)
end)

describe("audit", function()
  local w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
    function work(talk)
      return talk.replies < 2 and say(write(talk.card:sub(1, 1) .. talk.replies, "by " .. talk.card)) or say(finish())
    end
  ]] })
  assert(select(2, w:run()) == 0)
  local file = w.dir .. "/.test/bundle"

  local function forked(moment, set)
    local answer = cjson.decode((w:orket("fork --json " .. moment .. (set or ""))))
    assert.equal(0, (select(2, w:run(answer.card))))
    return answer.run
  end

  local function reply(nth)
    return math.floor(w:events("step.reply")[nth].seq)
  end

  local first = forked("ep.1@" .. reply(2))
  w:write("other/coder.lua",
    (orket.read("roles/coder.lua"):gsub("You are a programmer", "You are a careful programmer")))
  local second = forked(first .. "@" .. reply(#w:events("step.reply") - 2),
    " --set B-f1:note=hint --role other/coder.lua")

  it("an exported fork has what it stands on, and is verified with nothing but the file", function()
    assert.equal(0, (select(2, w:orket("export -o " .. file .. " " .. second))))
    local text, code = orket.shell("cd / && env -i " .. world.binary .. " verify " .. file)
    assert.equal(0, code, text)
    assert(text:find("a fork of ep%-f1%.1@%d+, with the %d+ events that it goes on from"), text)
    local prefix, sources = {}, {}
    for line in orket.read(file):gmatch("[^\n]+") do
      local record = cjson.decode(line)
      if record.record == "prefix" then
        prefix[record.run] = (prefix[record.run] or 0) + 1
      elseif record.record == "source" then
        sources[#sources + 1] = record
      end
    end
    assert.same({ "ep.1", "ep-f1.1" }, { sources[1].run, sources[2].run })
    assert(orket.read(file):find("You are a careful programmer", 1, true))
    for _, source in ipairs(sources) do
      local count = w:sql(("SELECT count(*) FROM journal WHERE run = '%s' AND seq <= %d"):format(source.run,
        source.at))
      assert.equal(tonumber(count), prefix[source.run])
      assert.equal(prefix[source.run], source.events)
    end
  end)

  it("an exported fork is over its source: who changes that without the key is found out", function()
    w:orket("export -o " .. file .. " " .. second)
    local bytes = orket.read(file)
    local at = bytes:find('"record":"prefix","id":"ep.1/1/3"', 1, true)
    local body = bytes:find('"body":{"', at, true) + 9
    orket.write(file, bytes:sub(1, body) .. "X" .. bytes:sub(body + 2))
    local text, code = orket.run("verify " .. file)
    assert.equal(1, code)
    assert(text:find("prefix ep.1/1/3 is changed", 1, true), text)
    orket.shell("cp -r " .. w.dir .. " " .. w.dir .. ".copy")
    local copy = setmetatable({ dir = w.dir .. ".copy" }, { __index = w })
    copy:sql("DELETE FROM head WHERE run = 'ep.1'; UPDATE entry SET hash = zeroblob(32) WHERE seq = "
      .. reply(2))
    text = copy:orket("check")
    assert(text:find("head ep%-f1%.1 %(commit %d+%): what it is a fork of is not what it was then"), text)
    text, code = copy:orket("export " .. second)
    assert.equal(1, code)
    assert(text:find("the run ep.1 is not what was signed", 1, true), text)
    orket.remove(copy.dir)
  end)

  it("an exported fork is not made of a database that lost something of its source", function()
    local blob = w:sql("SELECT body ->> '$.blob' FROM event WHERE kind = 'file.written' ORDER BY seq LIMIT 1")
    w:sql("DELETE FROM blob WHERE hash = x'" .. blob .. "'")
    local text, code = w:orket("export " .. second)
    assert.equal(1, code)
    assert(text:find("the blob " .. blob .. ", which ep.1/1/", 1, true) and text:find("fix: restore a backup",
      1, true), text)
    text, code = w:orket("check")
    assert.equal(1, code)
    assert(text:find("the blob " .. blob .. ", which it names, is missing", 1, true), text)
    w:close()
  end)
end)

describe("audit", function()
  it("orket init makes the key", function()
    local dir = orket.directory()
    assert.equal(0, select(2, orket.run("init " .. dir .. "/p")))
    assert.equal("600 64\n",
      (orket.shell("stat -c '%a' " .. dir .. "/p/.orket/key; tr -d '\\n' < " .. dir
      .. "/p/.orket/key.pub | wc -c")
      :gsub("\n", " ", 1)))
    assert.equal("700\n", (orket.shell("stat -c %a " .. dir .. "/p/.orket")))
    orket.remove(dir)
  end)
end)
