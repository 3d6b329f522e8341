-- notify_spec.lua: notifications of what waits for a person, is done or reached a cap, against receivers on
-- loopback: what they get, that they get it at least once, and that no run waits for them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local SECRET = "a-secret-that-signs-0123456789"

-- names lead where a spec says
local NAMED = orket.shell("pwd"):gsub("%s+$", "") .. "/" .. (os.getenv("NAMED") or "build/gcc/tests/named")

local ASKS = [[function work(talk) return steps(talk,
  function() return say(write("locked/a", "private words\n")) end, function() return say(finish()) end) end]]
local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

-- Receivers: {port, mail, http(): requests, mails(), stop()}.
local function receivers(...)
  local dir = orket.directory()
  local pid = orket.shell(("python3 tests/support/receiver.py %s %s >%s/out 2>%s/err & echo $!"):format(dir,
    table.concat({ ... }, " "), dir, dir)):match("%d+")
  assert(world.wait(function() return orket.read(dir .. "/out"):find("smtp %d+") end))
  local out = orket.read(dir .. "/out")
  local function rows(name)
    local list, file = {}, io.open(dir .. "/" .. name .. ".jsonl")
    for line in file and file:lines() or function() end do
      list[#list + 1] = cjson.decode(line)
    end
    if file then
      file:close()
    end
    return list
  end
  return setmetatable({ port = out:match("http (%d+)"), mail = out:match("smtp (%d+)"),
    http = function() return rows("http") end, mails = function() return rows("smtp") end },
    { __close = function()
      os.execute("kill -KILL " .. pid)
      orket.remove(dir)
    end })
end

-- A project that notifies these targets.
local function notifying(targets, more)
  local w = world.new(world.merged({ issues = { { id = "A", name = "Private name" } }, mock = world.WORKS,
    environment = "SIGNS=" .. SECRET .. " " }, more))
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.notify, organization.keys = targets, { signs = { env = "SIGNS" },
    mails = { env = "SIGNS", user = "orket" } }
  w:write("config/organization.json", cjson.encode(organization))
  return w
end

local function webhook(r, more)
  return world.merged({ kind = "webhook", url = "http://127.0.0.1:" .. r.port .. "/hook", key = "signs",
    page = "https://orket.example.org" }, more)
end

-- As a receiver checks it: the secret signs "TIMESTAMP.BODY".
local function is_signed(request, secret)
  local answer = orket.try("hmac", { cjson.encode({ body = request.headers["x-orket-timestamp"] .. "."
    .. request.body, secret = secret or SECRET, signature = request.headers["x-orket-signature"] }) })[1]
  return answer.ok
end

local function kinds(w, beginning)
  local list = {}
  for _, event in ipairs(w:events()) do
    list[#list + 1] = event.kind:sub(1, #beginning) == beginning and event.kind or nil
  end
  return list
end

describe("a webhook", function()
  it("says that a run is done, signed over time and body, and the journal has it", function()
    local r <close> = receivers()
    local w <close> = notifying({ hook = webhook(r) })
    assert.equal(0, (select(2, w:run())))
    assert.equal(1, #r.http())
    local request = r.http()[1]
    local body = cjson.decode(request.body)
    assert.same({ "done", "ep.1", "the run ep.1 is done" }, { body.event, body.run, body.text })
    assert.equal("https://orket.example.org/w/" .. w.dir:match("[^/]*$") .. "/runs/ep.1", body.link)
    assert.equal(body.id, request.headers["x-orket-id"])
    assert.is_true(is_signed(request))
    assert.is_false(is_signed(request, "another secret"))
    assert(math.abs(tonumber(request.headers["x-orket-timestamp"]) - os.time()) < 60)
    assert.same({ "notice.began", "notice.sent" }, kinds(w, "notice."))
    w:replays()
  end)

  it("of what waits leads to where it is decided, and has nothing of its content", function()
    local r <close> = receivers()
    local w <close> = notifying({ hook = webhook(r) }, { mock = ASKS, gate = RULE })
    assert.equal(3, (select(2, w:run())))
    local body = cjson.decode(r.http()[1].body)
    assert.same({ "waits", "A", "A waits for your yes or no" }, { body.event, body.card, body.text })
    local id = w:pending()[1].id
    assert.equal("/inbox/approval/" .. id:gsub("/", "%%2F"), body.link:match("/inbox/.*$"))
    assert.equal(1, #r.http())
    for _, word in ipairs({ "private", "Private", "locked", SECRET }) do
      assert.is_nil(r.http()[1].body:find(word, 1, true), word)
    end
    assert.equal("", (orket.shell("grep -rl " .. SECRET .. " " .. w.dir .. "/.orket")))
  end)

  it("of a cap and of a failed run come as their own events, and a target gets what it wants", function()
    local r <close> = receivers()
    local other <close> = receivers()
    local w <close> = notifying({ caps = webhook(r, { events = { "cap" } }),
      done = webhook(other, { events = { "done" } }) }, { rules = { budgets = { organization = { tokens = 1 } } } })
    w:run()
    assert.equal("cap", cjson.decode(r.http()[1].body).event)
    assert.same({}, other.http())
  end)

  it("that is not taken comes again with the same id, and no run waits for it", function()
    local r <close> = receivers("503", "503", "200")
    local w <close> = notifying({ hook = webhook(r) })
    local s <close> = service.start(w, { environment = "SIGNS=" .. SECRET .. " ORKET_API_KEY=a-key-of-the-specs" })
    s.key = "a-key-of-the-specs"
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    assert(world.wait(function() return #w:events("notice.sent") == 1 end, 30))
    local ids = {}
    for i, request in ipairs(r.http()) do
      ids[i] = cjson.decode(request.body).id
      assert.is_true(is_signed(request))
    end
    assert.equal(3, #ids)
    assert(ids[1] == ids[2] and ids[2] == ids[3])
    assert.equal(3, w:events("notice.sent")[1].body.attempts)
  end)

  it("that no receiver takes while the run goes on is sent by the next owner of the project", function()
    local r <close> = receivers("503")
    local w <close> = notifying({ hook = webhook(r) })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "notice.began" }, kinds(w, "notice."))
    local working <close> = receivers()
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.notify.hook = webhook(working)
    w:write("config/organization.json", cjson.encode(organization))
    w:run()
    assert.same({ "notice.began", "notice.sent" }, kinds(w, "notice."))
    assert.equal(cjson.decode(r.http()[1].body).id, cjson.decode(working.http()[1].body).id)
  end)

  it("that was under way when the process was killed comes again with the same id", function()
    local r <close> = receivers("silent", "200")
    local w <close> = notifying({ hook = webhook(r) })
    local environment = { environment = "SIGNS=" .. SECRET .. " ORKET_API_KEY=a-key-of-the-specs" }
    local s <close> = service.start(w, environment)
    s.key = "a-key-of-the-specs"
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    assert(world.wait(function() return r.http()[1] end, 30))
    os.execute("kill -KILL " .. s.pid)
    assert(world.wait(function() return s:ended() end))
    local again <close> = service.start(w, environment)
    assert(world.wait(function() return #w:events("notice.sent") == 1 end, 30))
    assert.equal(2, #r.http())
    assert.equal(r.http()[1].headers["x-orket-id"], r.http()[2].headers["x-orket-id"])
    again:stop()
    assert.equal(0, (select(2, w:check())))
  end)

  it("that no server accepts shows in the log and the alerts, while it is tried again", function()
    local w <close> = notifying({ hook = { kind = "webhook", url = "http://127.0.0.1:9/", key = "signs" } })
    local s <close> = service.start(w, { environment = "SIGNS=x ORKET_API_KEY=" .. service.KEY .. " " })
    local stream = s:follow("/v1/events")
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return stream.text():find("event: alerts\ndata: {}\n", 1, true) end, 30))
    stream.stop()
    local alert = s:get("/v1/alerts").body.items[1]
    assert.same({ "notify", "hook", "no notification reaches hook" }, { alert.kind, alert.subject, alert.what })
    assert(alert.why:find("ERR_NET", 1, true), alert.why)
    assert.equal(alert.what .. " since " .. alert.since .. ": " .. alert.why, alert.text)
    assert(s:log("note", 1)[1].text:find("hook takes no notifications, and is tried again", 1, true))
  end)

  it("has the query of its address, which is shown nowhere", function()
    local r <close> = receivers("410", "200")
    local url = "http://127.0.0.1:" .. r.port .. "/hook?token=a-token-of-the-query"
    local w <close> = notifying({ hook = webhook(r, { url = url }) })
    local s <close> = service.start(w, { environment = "SIGNS=x ORKET_API_KEY=" .. service.KEY .. " " })
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return #w:events("notice.failed") == 1 end, 30))
    local shown = { w:orket("notify"), w:orket("notify --json"), w:orket("log --json"), orket.read(s.err),
      s:get("/v1/alerts").text, s:get("/v1/settings").text }
    s:stop()
    assert.equal("/hook?token=a-token-of-the-query", r.http()[1].path)
    assert.truthy(shown[1]:find("http://127.0.0.1:" .. r.port .. "/hook waits", 1, true), shown[1])
    assert.is_nil(table.concat(shown):find("a-token", 1, true))
    assert.equal("", (orket.shell("grep -rl a-token " .. w.dir .. "/.orket")))
  end)

  it("is given up when its receiver refuses it, and what comes later is sent", function()
    local r <close> = receivers("410", "200")
    local w <close> = notifying({ hook = webhook(r) })
    local text = w:run()
    assert.truthy(text:find("hook did not take the notification", 1, true), text)
    assert.equal("ERR_HTTP", w:events("notice.failed")[1].body.code)
    w:run("--again ep")
    assert.equal("ep-b2.1", cjson.decode(r.http()[2].body).run)
  end)
end)

describe("a receiver in bad faith", function()
  it("cannot send the notification elsewhere, and its answer is not read", function()
    for _, behaviour in ipairs({ "redirect:http://169.254.169.254/latest/meta-data/", "endless" }) do
      local r <close> = receivers(behaviour)
      local w <close> = notifying({ hook = webhook(r) })
      local _, code = w:run()
      assert.equal(0, code)
      assert.equal(1, #r.http(), behaviour)
    end
  end)

  it("that does not answer holds no run up", function()
    local r <close> = receivers("silent")
    local w <close> = notifying({ hook = webhook(r) })
    local began = os.time()
    assert.equal(0, (select(2, w:run())))
    assert(os.time() - began < 15)
    assert.same({ "notice.began" }, kinds(w, "notice."))
    assert.equal(0, (select(2, w:check())))
  end)

  it("at an address of the machine's network is not reached, as nothing else is", function()
    for _, address in ipairs({ "169.254.169.254", "10.0.0.1", "127.0.0.1", "0.0.0.0" }) do
      local w <close> = notifying({ hook = { kind = "ntfy", url = "https://hook.test/x" } },
        { binary = NAMED, environment = "SIGNS=x ORKET_NAMES=hook.test=" .. address .. " " })
      local text, code = w:orket("notify test")
      assert.equal(1, code, address)
      assert.truthy(text:find("ERR_DENIED: https://hook.test:443 leads to " .. address, 1, true), text)
    end
  end)

  it("that greets a mail without end is left after 64 KiB", function()
    local r <close> = receivers("mail-endless")
    local w <close> = notifying({ mail = { kind = "mail", url = "smtp://127.0.0.1:" .. r.mail, from = "o@example.org",
      to = { "a@example.org" } } })
    local began = os.time()
    local text, code = w:orket("notify test")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_LIMIT", 1, true), text)
    assert(os.time() - began < 30)
  end)

  it("and texts that carry line ends change no head of a mail, nor of a request", function()
    local r <close> = receivers()
    local w <close> = notifying({ mail = { kind = "mail", url = "smtp://127.0.0.1:" .. r.mail, from = "o@example.org",
      to = { "a@example.org\nBcc: b@example.org" } } })
    local text, code = w:orket("notify test")
    assert.equal(1, code)
    assert.truthy(text:find("/notify/mail", 1, true), text)
    assert.same({}, r.mails())
  end)
end)

describe("a mail", function()
  it("reaches those whom its server takes, though it refuses another one", function()
    local r <close> = receivers()
    local w <close> = notifying({ mail = { kind = "mail", url = "smtp://127.0.0.1:" .. r.mail, from = "o@example.org",
      to = { "nobody@example.org", "a@example.org" } } })
    local text, code = w:orket("notify test")
    assert.equal(0, code, text)
    assert.truthy(r.mails()[1].to[1]:find("a@example.org", 1, true))
  end)

  it("goes to all receivers with its subject, and logs in with the key", function()
    local r <close> = receivers()
    local w <close> = notifying({ mail = { kind = "mail", url = "smtp://127.0.0.1:" .. r.mail, key = "mails",
      from = "orket@example.org", to = { "ada@example.org", "eve@example.org" }, page = "https://orket.example.org/" } })
    assert.equal(0, (select(2, w:run())))
    local mail = r.mails()[1]
    assert.same({ "RCPT TO:<ada@example.org>", "RCPT TO:<eve@example.org>" }, mail.to)
    assert.truthy(mail.text:find("\r\nSubject: Orket: [^\r]*: the run ep.1 is done\r\n"))
    assert.truthy(mail.text:find("https://orket.example.org/w/[^/]+/runs/ep.1"))
    local login = orket.shell("printf '%s' " .. mail.auth .. " | base64 -d | tr '\\0' ':'")
    assert.equal(":orket:" .. SECRET, login)
  end)

  it("is not sent in the open to another machine", function()
    local r <close> = receivers() -- which offers no encryption
    local w <close> = notifying({ mail = { kind = "mail", url = "smtp://mail.test:" .. r.mail, private = true,
      from = "o@example.org", to = { "a@example.org" } } },
      { binary = NAMED, environment = "SIGNS=x ORKET_NAMES=mail.test=127.0.0.1 " })
    local text, code = w:orket("notify test mail")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_CONFIG", 1, true), text)
    assert.same({}, r.mails())
  end)
end)

describe("ntfy", function()
  it("gets the text with a title and a link", function()
    local r <close> = receivers()
    local w <close> = notifying({ phone = { kind = "ntfy", url = "http://127.0.0.1:" .. r.port .. "/topic", key = "signs",
      page = "https://orket.example.org" } })
    assert.equal(0, (select(2, w:run())))
    local request = r.http()[1]
    assert.same({ "/topic", "the run ep.1 is done", "Bearer " .. SECRET },
      { request.path, request.body, request.headers.authorization })
    assert.truthy(request.headers.title:find("^Orket: "))
    assert.truthy(request.headers.click:find("^https://orket.example.org/w/"))
  end)
end)

describe("a configuration that changes while the server runs", function()
  local KEY = "a-key-of-the-specs"

  local function configured(w, change)
    local organization = cjson.decode(w:read("config/organization.json"))
    change(organization.notify)
    w:write("config/organization.json", cjson.encode(organization))
  end

  local function served(w)
    local s = service.start(w, { environment = "SIGNS=" .. SECRET .. " ORKET_API_KEY=" .. KEY })
    s.key = KEY
    return s
  end

  local function began(w, name)
    return world.wait(function()
      for _, event in ipairs(w:events("notice.began")) do
        if event.body.target == name then
          return true
        end
      end
    end, 10)
  end

  local function run(w, s, body)
    local before = #w:events("run.ended")
    assert.equal(202, s:post("/v1/runs", body or { card = "ep" }).status)
    assert(world.wait(function() return #w:events("run.ended") > before end, 30))
  end

  it("notifies a target that was added, and one that was removed no more", function()
    local old <close> = receivers()
    local new <close> = receivers()
    local w <close> = notifying({ old = webhook(old) })
    local s <close> = served(w)
    configured(w, function(notify)
      notify.old, notify.new = nil, webhook(new)
    end)
    assert(began(w, "new"))
    run(w, s)
    assert(world.wait(function() return #new.http() == 1 end, 10))
    assert.equal("done", cjson.decode(new.http()[1].body).event)
    assert.is_true(is_signed(new.http()[1]))
    assert.same({}, old.http())
    assert.same({ "new" }, { w:events("notice.sent")[1].body.target })
    s:stop()
    w:replays()
  end)

  it("sends to the changed address of a target, from where it was", function()
    local old <close> = receivers("503")
    local new <close> = receivers()
    local w <close> = notifying({ hook = webhook(old) })
    local s <close> = served(w)
    run(w, s)
    assert(world.wait(function() return old.http()[1] end, 10))
    configured(w, function(notify)
      notify.hook = webhook(new)
    end)
    assert(world.wait(function() return #new.http() == 1 end, 10))
    assert.equal(old.http()[1].headers["x-orket-id"], new.http()[1].headers["x-orket-id"])
  end)

  it("that has an error is reported with its fix, and the targets stay as they were", function()
    local r <close> = receivers("503", "503", "200")
    local other <close> = receivers()
    local w <close> = notifying({ hook = webhook(r) })
    local s <close> = served(w)
    run(w, s)
    for _, row in ipairs({
      { { kind = "webhook", url = "http://example.org/x", key = "signs" }, "/notify/wrong" },
      { { kind = "webhook", url = "https://example.org/x?a=b#c", key = "signs" }, "/notify/wrong" },
      { webhook(other, { key = "no_such_key" }), "no_such_key" },
    }) do
      configured(w, function(notify)
        notify.wrong = row[1]
      end)
      assert(world.wait(function() return orket.read(s.err):find(row[2], 1, true) end, 10), orket.read(s.err))
      assert.truthy(orket.read(s.err):find("notifications go where they went before", 1, true))
    end
    assert(world.wait(function() return #w:events("notice.sent") == 1 end, 10))
    assert.same({ 3, "hook" }, { #r.http(), w:events("notice.sent")[1].body.target })
    assert.same({}, other.http())
  end)

  it("whose target has no key there is reported, and the target of its name stays as it was", function()
    local r <close> = receivers()
    local other <close> = receivers()
    local w <close> = notifying({ hook = webhook(r) })
    local s <close> = served(w)
    configured(w, function(notify)
      notify.hook = webhook(other, { key = "unset" })
    end)
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.keys.unset = { env = "NO_SUCH_VARIABLE" }
    w:write("config/organization.json", cjson.encode(organization))
    local text = "no notifications go to hook as it is configured now"
    assert(world.wait(function() return orket.read(s.err):find(text, 1, true) end, 10), orket.read(s.err))
    organization.notify.hook = webhook(r)
    w:write("config/organization.json", cjson.encode(organization))
    run(w, s)
    assert(world.wait(function() return #r.http() == 1 end, 10))
    assert.same({}, other.http())
  end)
end)

describe("orket notify", function()
  it("lists the targets with what came of the last notification, and sends a test", function()
    local r <close> = receivers("200", "410")
    local w <close> = notifying({ hook = webhook(r) })
    assert.truthy(w:orket("notify"):find("hook webhook http://127.0.0.1:%d+/hook waits, cap, done, failed; nothing sent yet"))
    local text, code = w:orket("notify test hook")
    assert.same({ 0, "hook took it\n" }, { code, text })
    assert.equal("test", cjson.decode(r.http()[1].body).event)
    text, code = w:orket("notify test")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_HTTP", 1, true), text)
    assert.equal(2, (select(2, w:orket("notify nix"))))
    assert.equal(1, (select(2, w:orket("notify test nix"))))
    w:run()
    local row = cjson.decode((w:orket("notify --json")))[1]
    assert.same({ "hook", "webhook", false }, { row.name, row.kind, row.last.taken })
  end)

  it("says what is wrong with a target, and that a key is missing", function()
    local w <close> = notifying({ hook = { kind = "webhook", url = "http://example.org/x", key = "nix" },
      mail = { kind = "mail", url = "https://example.org" } })
    local text, code = w:orket("validate")
    assert.equal(1, code)
    assert.truthy(text:find("/notify/hook", 1, true), text)
    assert.truthy(text:find("/notify/mail", 1, true), text)
    local other <close> = notifying({ hook = { kind = "webhook", url = "https://example.org/x", key = "signs" } },
      { environment = "" })
    text = other:run()
    assert.truthy(text:find("no notifications go to hook", 1, true), text)
  end)
end)
