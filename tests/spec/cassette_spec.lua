-- cassette_spec.lua: `orket run --record` and `--replay`: what a cassette holds, that it plays without a
-- model at any concurrency, and that it fails loudly when the project asks something else.

local world = dofile("tests/support/world.lua")
local orket = world.orket

local NOWHERE = "http://127.0.0.1:1/v1" -- nobody listens there

local MOCK = [[
function work(talk)
  return steps(talk, function()
    return say(write(talk.card .. ".txt", "by " .. talk.card))
  end, function()
    return say(finish())
  end)
end
]]

local function project(concurrency, mock, more)
  local options = { issues = { {}, {}, {}, { depends_on = { "I-1" } } },
    limits = { concurrency = concurrency }, mock = mock or MOCK }
  return world.new(world.merged(options, more))
end

-- A cassette of the project, played at concurrency 2.
local function recorded(mock, more)
  local w <close> = project(2, mock, more)
  local text, code = w:run("ep --record .test/tape")
  assert.equal(0, code, text)
  return w:read(".test/tape")
end

local function replay(tape, concurrency, change, more)
  local w <close> = project(concurrency or 2, nil, more)
  w.url = NOWHERE
  w:write(".test/tape", tape)
  if change then
    change(w)
  end
  local text, code = w:run("ep --replay .test/tape")
  return text, code, w:made("I-4.txt"), w:requests()
end

describe("cassette", function()
  local tape = recorded()

  it("a cassette has a line for every request, and a first one", function()
    local _, lines = tape:gsub("\n", "")
    assert.equal(1 + 4 * (2 + 1), lines)
    assert.truthy(tape:find('^{"cassette":1,'))
  end)

  it("a cassette is the same in however many pieces its replies came", function()
    local tapes = {}
    for i, size in ipairs({ 1, 3, 100000 }) do
      local w <close> = project(1, MOCK .. string.format([[
        local plain = work
        function work(talk)
          local r = plain(talk)
          r.content, r.chunks = "as ünsaid, nöthing", %d
          return r
        end
      ]], size))
      local text, code = w:run("ep --record .test/tape")
      assert.equal(0, code, text)
      tapes[i] = w:read(".test/tape")
      assert.equal(tapes[1], tapes[i])
    end
    assert.truthy(tapes[1]:find("as ünsaid, nöthing", 1, true))
    local text, code = replay(tapes[1], 4)
    assert.equal(0, code, text)
  end)

  for _, shape in ipairs({ "anthropic", "gemini" }) do
    it("a cassette holds the requests of another API, of which each line has the new messages: " .. shape,
      function()
      local more = { model = { shape = shape } }
      local recording, kept = recorded(nil, more), 0
      for keep in recording:gmatch('"keep":(%d+)') do
        kept = kept + (keep ~= "0" and 1 or 0)
      end
      assert.equal(4, kept)
      local text, code = replay(recording, 2, nil, more)
      assert.equal(0, code, text)
    end)
  end

  it("a cassette is made with the rights that its maker's umask leaves", function()
    local w <close> = project(1)
    local text, code = orket.shell("umask 077; " .. w:command("run --plain ep --record .test/tape 2>&1"))
    assert.equal(0, code, text)
    assert.equal("600", (orket.shell("stat -c %a " .. w.dir .. "/.test/tape"):gsub("%s", "")))
  end)

  it("a cassette has no address, directory or key in it", function()
    local secret <close> = project(1)
    local said, code = orket.shell(string.format("cd %s && ORKET_MODEL_KEY=sesame-0123456789 ORKET_MODEL_URL=%s %s run --plain ep --record .test/tape 2>&1",
      secret.dir, secret.url, world.binary))
    assert.equal(0, code, said)
    local text = secret:read(".test/tape")
    for _, word in ipairs({ "sesame", "127.0.0.1", secret.dir, "ORKET_MODEL_KEY" }) do
      assert.falsy(text:find(word, 1, true), word)
    end
  end)

  for _, concurrency in ipairs({ 1, 4, 32 }) do
    it("a cassette plays without a model at concurrency " .. concurrency, function()
      local text, code, made, requests = replay(tape, concurrency)
      assert.equal(0, code, text)
      assert.equal("by I-4", made)
      assert.equal(0, requests)
    end)
  end

  local function led()
    return { { seat = "lead" }, { seat = "lead" }, { seat = "lead" } }
  end

  it("a cassette plays cards that agents made, whoever was faster", function()
    local made = recorded([[
      function work(talk)
        if talk.card:find("^I") and talk.replies == 0 then
          return say(call("create_issue", { summary = "more of it", seat = "dev" }))
        end
        return say(finish())
      end
    ]], { issues = led() })
    for _, concurrency in ipairs({ 1, 4 }) do
      local text, code = replay(made, concurrency, nil, { issues = led() })
      assert.equal(0, code, text)
      assert.truthy(text:find("done: 6 done", 1, true), text)
    end
  end)

  it("a cassette opens no socket when it plays", function()
    local w <close> = project(2)
    w:write(".test/tape", tape)
    local text, code = orket.shell(string.format(
      "cd %s && command -v strace >/dev/null || exit 77; cd %s; ORKET_MODEL_URL=%s ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=%%net -o .test/trace %s run --plain ep --replay .test/tape 2>&1",
      w.dir, w.dir, NOWHERE, world.binary))
    if code == 77 then
      pending("strace is not installed")
    end
    assert.equal(0, code, text)
    assert.falsy(w:read(".test/trace"):find("%f[%w]%l+%("), "a call to the network")
  end)

  -- Its server refuses tools: the first card that asks is refused, the others ask without them.
  it("a cassette plays in another order of cards than a model without tools was recorded in", function()
    local toolless = [[
      local answered = reply
      function reply(request)
        if request.tools then
          return { status = 400, content = "gemma:2b does not support tools" }
        end
        local r = answered(request)
        local call = r.calls[1]
        local arguments = {}
        for key, value in pairs(call.arguments) do
          arguments[#arguments + 1] = ("%q: %q"):format(key, value)
        end
        return { content = ('<tool_call>{"name": "%s", "arguments": {%s}}</tool_call>'):format(call.name, table.concat(arguments, ", ")) }
      end
      function work(talk)
        return talk.replies == 0 and say(write(talk.card .. ".txt", "by " .. talk.card)) or say(finish())
      end]]
    local w <close> = world.new({ issues = { {}, {}, {} }, limits = { concurrency = 1 }, mock = toolless })
    local text, code = w:run("ep --record .test/tape")
    assert.equal(0, code, text)
    local recording = w:read(".test/tape")
    assert.equal(1, select(2, recording:gsub('"error":{', "")))
    local planner = orket.read("nodes/planner.lua")
    local reversed, count = planner:gsub("order%[i%]", "order[#candidates + 1 - i]")
    assert.equal(1, count)
    for _, node in ipairs({ planner,
      (reversed:gsub('order%[1%] == "A" and order%[2%] == "B"', "#order == 2")) }) do
      local again <close> = world.new({ issues = { {}, {}, {} }, limits = { concurrency = 1 }, mock = MOCK })
      again.url = NOWHERE
      again:write("nodes/planner.lua", node)
      again:write(".test/tape", recording)
      text, code = again:run("ep --replay .test/tape")
      assert.equal(0, code, text)
      assert.same({ "by I-1", "by I-3", 0 }, { again:made("I-1.txt"), again:made("I-3.txt"),
        again:requests() })
      again:derives("ep.1")
    end
  end)

  it("a cassette plays failed attempts too, without their pauses", function()
    local w <close> = world.new({ issues = { { max_retries = 0 } },
      mock = "function work() return { status = 500 } end" })
    local text, code = w:run("ep --record .test/tape")
    assert.equal(3, code, text)
    local failing = w:read(".test/tape")
    assert.equal(3, select(2, failing:gsub('"error":{', "")))
    assert.falsy(failing:find("127.0.0.1", 1, true))
    local again <close> = world.new({ issues = { { max_retries = 0 } }, mock = MOCK })
    again.url = NOWHERE
    again:write(".test/tape", failing)
    text, code = again:run("ep --replay .test/tape")
    assert.equal(3, code, text)
    assert.truthy(text:find("the model failed: the endpoint answered 500", 1, true), text)
  end)
end)

describe("a cassette and another project", function()
  local tape = recorded()

  local function refused(text, code, ...)
    assert.equal(1, code, text)
    for _, word in ipairs({ ... }) do
      assert.truthy(text:find(word, 1, true), word .. " is missing in:\n" .. text)
    end
  end

  it("a changed role is shown as a difference", function()
    local text, code = replay(tape, 1, function(w)
      local role = orket.read("roles/coder.lua")
      local changed, count = role:gsub("You ", "You, dear friend, ", 1)
      assert.equal(1, count)
      w:write("roles/coder.lua", changed)
    end)
    refused(text, code, "ERR_CASSETTE: I-1: turn 1 (coder), step 1:", "\n+", "dear friend", "fix: ")
  end)

  it("a changed tool is shown as a difference", function()
    local text, code = replay(tape, 1, function(w)
      local tool, count = orket.read("tools/write_file.lua"):gsub("description = \"", "%0NEW ", 1)
      assert.equal(1, count)
      w:write("tools/write_file.lua", tool)
    end)
    refused(text, code, "ERR_CASSETTE: I-1: turn 1 (coder), step 1:", "NEW ", ".description = ")
  end)

  it("a changed card is shown as a difference, and the turns of others are not mixed up with it", function()
    local text, code = replay(tape, 1, function(w)
      local path = "config/epics/ep.json"
      w:write(path, (w:read(path):gsub('"name":"Issue I%-4"', '"name":"Another I-4"')))
    end)
    refused(text, code, "ERR_CASSETTE: I-4: turn 7 (coder), step 1:", "-  # Card I-4: Issue I-4",
      "+  # Card I-4: Another I-4")
  end)

  it("a changed result of a tool is shown as a difference", function()
    local text, code = replay(tape, 1, function(w)
      local tool, count = orket.read("tools/write_file.lua"):gsub("local function run%(args%)\n",
        "%0 fs.write(args.path, args.content) do return { other = true } end\n")
      assert.equal(1, count)
      w:write("tools/write_file.lua", tool)
    end)
    refused(text, code, "ERR_CASSETTE: I-1: turn 1 (coder), step 2:", "other")
  end)

  it("a reply that is missing is named with its card", function()
    local text, code = replay(tape:gsub("[^\n]+\n$", ""))
    refused(text, code, "ERR_CASSETTE: I-", "the cassette has no further reply for I-")
  end)

  it("a reply that no request asked for fails the replay", function()
    local last = tape:match("[^\n]+\n$")
    local text, code = replay(tape .. last)
    refused(text, code, "ERR_CASSETTE: 1 recorded replies were not asked for", last:match("I%-%d")
      .. " as integrity_guard", "failed")
  end)

  it("a file that is not a cassette is refused", function()
    for _, broken in ipairs({ "", "{}\n", "no json\n", '{"cassette":2}\n',
      tape:gsub('"keep":0', '"keep":9', 1) .. "" }) do
      local text, code = replay(broken)
      refused(text, code, "ERR_CASSETTE: ", "record it again")
    end
  end)

  it("a cassette that is missing, one that would be overwritten, and both options at once are refused",
    function()
    local w <close> = project(1)
    local text, code = w:run("ep --replay .test/none")
    refused(text, code, "No such file", "--record FILE makes one")
    w:write(".test/mine", "dear diary")
    text, code = w:run("ep --record .test/mine")
    refused(text, code, "there is a file already", "name another one")
    assert.equal("dear diary", w:read(".test/mine"))
    text, code = w:run("ep --record .test/a --replay .test/b")
    assert.equal(2, code, text)
  end)

  it("a cassette that ends too early leaves the turn open, so that a run with a model goes on with it",
    function()
    local w <close> = project(1)
    w:write(".test/tape", tape:match("^[^\n]+\n[^\n]+\n"))
    local text, code = w:run("ep --replay .test/tape")
    assert.equal(1, code, text)
    text, code = w:run("ep")
    assert.equal(0, code, text)
    assert.equal("by I-4", w:made("I-4.txt"))
  end)
end)

-- A value's end in a text of JSON, from its first byte.
local function value_end(text, at)
  local depth, i = 0, at
  repeat
    local char = text:sub(i, i)
    if char == '"' then
      i = text:match('^"[^"\\]*()', i)
      while text:sub(i, i) == "\\" do
        i = text:match('^\\.[^"\\]*()', i)
      end
    elseif char:find("[{%[]") then
      depth = depth + 1
    elseif char:find("[}%]]") then
      depth = depth - 1
    end
    i = i + 1
  until depth == 0 and (text:sub(at, at):find('[{%["]') or text:find("^[,}%]]", i))
  return i - 1
end

-- Every value of a line taken out, and replaced by values of every type.
local function mutations(line)
  local found = {}
  for from, key, at in line:gmatch('()"([%w_]+)":()') do
    local to = value_end(line, at)
    for _, value in ipairs({ "null", "5", "-1", "1.5", "1e300", "1e999", '""', '"x"', "[]", "{}", "[5]",
      '[{"a":1}]', '{"a":null}', "true",
      "9007199254740993", '"\255"', '"\\ud800"', ("["):rep(500) .. ("]"):rep(500), "" }) do
      found[#found + 1] = { key .. " = " .. value:sub(1, 20), line:sub(1, at - 1) .. value
        .. line:sub(to + 1) }
    end
    local without = line:sub(1, from - 1) .. line:sub(to + 1)
    found[#found + 1] = { "without " .. key, (without:gsub("([{,]),", "%1"):gsub(",}", "}")) }
  end
  for n = 0, #line - 1, math.max(1, #line // 60) do
    found[#found + 1] = { "cut at " .. n, line:sub(1, n) }
  end
  return found
end

describe("cassette", function()
  local options = { issues = { {} }, mock = MOCK }
  local lines = {}
  do
    local w <close> = world.new(options)
    local text, code = w:run("ep --record .test/tape")
    assert.equal(0, code, text)
    for line in w:read(".test/tape"):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
  end

  local function changed(number, line)
    local copy = table.move(lines, 1, #lines, 1, {})
    copy[number] = line
    return table.concat(copy, "\n") .. "\n"
  end

  it("a cassette that was changed is refused when it is loaded, with its file, line and fix, or can be played",
    function()
    local dir, names = orket.directory(), {}
    for number, line in ipairs({ lines[1], lines[2], lines[3] }) do
      local all = mutations(line)
      for i = 1, #all, number == 1 and 1 or 7 do -- a prime: each key meets all values in the end
        names[#names + 1] = number .. "." .. i
        local file <close> = assert(io.open(dir .. "/" .. names[#names], "wb"))
        file:write(changed(number, all[i][2]))
      end
    end
    orket.write(dir .. "/names", table.concat(names, "\n"))
    local said = orket.probe(orket.chunk("cassette", "reads_damaged_tapes", dir))
    assert.equal("all\n", said)
    assert.truthy(#names > 300, #names)
    orket.remove(dir)
  end)

  it("a cassette that was changed never plays on as if nothing were wrong, and never ends in a bug",
    function()
    local w <close> = world.new(options)
    w.url = NOWHERE
    local function refused(text, what)
      w:write(".test/tape", text)
      orket.shell("rm -rf " .. w.dir .. "/.orket " .. w.dir .. "/workspace")
      local said, code = w:run("ep --replay .test/tape")
      assert.equal(1, code, what .. ": " .. said)
      assert.truthy(said:find("ERR_CASSETTE: ", 1, true) and said:find("fix: ", 1, true),
        what .. ": " .. said)
      assert.falsy(said:find("ERR_BUG", 1, true) or said:find("traceback", 1, true), what .. ": " .. said)
    end
    for _, case in ipairs({
      { '\\"tool_calls', '\\"tool_cells' }, { '\\"arguments\\":', '\\"argument\\":' },
      { '\\"id\\":', '\\"di\\":' }, { '"reply":{', '"error":{' },
      { '"message":"{', '"message":"[' }, { '"usage":{"completion"', '"usage":{"completions"' },
      { '"prompt":%d+', '"prompt":1e300' }, { '"keep":0', '"keep":1' },
      { '"content":"', '"content":5,"x":"' }, { '"messages":%[', '"messages":[5,' },
      { '"settings":{', '"settings":[]," x":{' },
      { '"tools":%[', '"tools":[[],' }, { '"step":1', '"step":"1"' }, { '"cassette":1', '"cassette":2' },
      { '"card":"I%-1"', '"card":"I-2"' },
    }) do
      local text, count = changed(2, lines[2]):gsub(case[1], (case[2]:gsub("%%", "%%%%")), 1)
      assert.equal(1, count, case[1])
      refused(text, case[2])
    end
    refused(table.concat({ lines[1], lines[3], lines[2], table.unpack(lines, 4) }, "\n"), "reordered")
    refused(table.concat(lines, "\n"):sub(1, -20), "cut off")
    refused(table.concat(lines, "\n", 2), "without its first line")
    refused(changed(2, lines[2] .. lines[3]), "two lines in one")
    refused(changed(2, lines[2]:gsub("program", "\255")), "no text")
    refused(changed(3, lines[2]), "twice")
    refused(("\0"):rep(1000), "zeros")
  end)
end)
