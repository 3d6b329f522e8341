-- desktop_spec.lua: notifications on a desktop: by notify-send, on a real bus, to a daemon that records what it
-- is to show. The engine is an ordinary user: as root, its programs have users of their own, which no bus takes.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local UID = 65534 -- a bus asks for its user's name
local AS = ("setpriv --reuid %d --regid %d --clear-groups "):format(UID, UID)
local WORKS = "function work() return say(finish()) end"

local function is_there(what)
  return orket.shell(what .. " >/dev/null 2>&1 && echo yes") == "yes\n"
end

-- What a machine without a desktop may not have: the spec is left out there, and says so.
local can = orket.shell("id -u") == "0\n" and is_there("command -v notify-send") and is_there("command -v dbus-daemon")
  and is_there("/usr/bin/python3 -c 'import dbus, gi'")
local test = can and it or pending

-- A session: a bus, and a daemon that shows notifications unless `without` says so.
local function session(options)
  options = options or {}
  local dir = orket.directory()
  os.execute(("cp tests/support/desktop.py %s; chmod 755 %s; mkdir %s/run; chown -R %d:%d %s"):format(dir, dir, dir, UID, UID,
    dir))
  local address = "unix:path=" .. dir .. "/run/bus"
  local pids = {}
  local function start(command, out)
    pids[#pids + 1] = orket.shell(("cd %s; %s %s %s >%s 2>err & echo $!"):format(dir, AS, "env DBUS_SESSION_BUS_ADDRESS="
      .. address .. " HOME=" .. dir, command, out)):match("%d+")
    assert(world.wait(function() return orket.read(dir .. "/" .. out):find("%S") end, 10), orket.read(dir .. "/err"))
  end
  if not options.dead then
    start("dbus-daemon --session --nofork --nopidfile --address=" .. address .. " --print-address", "bus.out")
  end
  if not (options.dead or options.empty) then
    start("/usr/bin/python3 desktop.py " .. dir .. " " .. (options.refuse and "refuse" or ""), "daemon.out")
  end
  return setmetatable({ address = address, shown = function()
    local rows, file = {}, io.open(dir .. "/shown.jsonl")
    for line in file and file:lines() or function() end do
      rows[#rows + 1] = cjson.decode(line)
    end
    if file then
      file:close()
    end
    return rows
  end }, { __close = function()
    for _, pid in ipairs(pids) do
      os.execute("kill -KILL " .. pid)
    end
    orket.remove(dir)
  end })
end

-- A project of the ordinary user with one target; `name` is that of its directory.
local function project(environment, more)
  local w = world.new({ issues = { { id = "A", name = "Private name" } }, mock = WORKS })
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.notify = { desk = world.merged({ kind = "desktop" }, more) }
  w:write("config/organization.json", cjson.encode(organization))
  os.execute(("cd %s && mkdir -p .test && cp %s .test/engine && chmod 755 . .test .test/engine && chown -R %d:%d ."):format(w.dir, world.binary,
    UID, UID))
  w.environment = ("env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR HOME=%s TMPDIR=%s/.test %s "):format(w.dir, w.dir,
    environment or "")
  w.binary = AS .. w.dir .. "/.test/engine"
  return w
end

local function in_session(s)
  return "DBUS_SESSION_BUS_ADDRESS=" .. s.address .. ",guid=0123456789abcdef0123456789abcdef"
end

-- What desktop.show answers, in a session.
local function show(s, title, lines)
  local dir = orket.directory()
  orket.write(dir .. "/request.json", cjson.encode({ title = title, lines = lines }))
  orket.write(dir .. "/orket/main.lua", [[
    local async, cjson = require("orket.async"), require("cjson")
    local desktop, proc = require("orket.notify.desktop"), require("orket.core.proc")
    return function()
      proc.hide({})
      local request = cjson.decode(os.getenv("REQUEST"))
      return async.main(function()
        local ok, err = desktop.show(request.title, request.lines)
        print(ok and "shown" or err.message)
        return 0
      end)
    end]])
  os.execute(("cp %s %s/engine; chmod -R a+rX %s; chmod 755 %s/engine"):format(orket.binary, dir, dir, dir))
  local text = orket.shell(("cd %s; REQUEST=\"$(cat request.json)\" %s ORKET_LUA=%s %s ./engine 2>&1"):format(dir, in_session(s),
    dir, AS))
  orket.remove(dir)
  return text
end

describe("a desktop", function()
  test("shows that a run is done, with the link to its page, and no action that decides", function()
    local s <close> = session()
    local w <close> = project(in_session(s), { page = "https://orket.example.org", events = { "done" } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local project_name = w.dir:match("[^/]*$")
    assert.same({ { app = "Orket", actions = {}, summary = "Orket: " .. project_name,
      body = "the run ep.1 is done\nhttps://orket.example.org/w/" .. project_name .. "/runs/ep.1" } }, s.shown())
    assert.same({ "desk" }, { w:events("notice.sent")[1].body.target })
    w:replays()
  end)

  test("gets texts as texts: no markup, no escape of notify-send, no option and no shell", function()
    local s <close> = session()
    for name, escaped in pairs({
      ["<b>bold</b>"] = "&lt;b&gt;bold&lt;/b&gt;", ['<a href="x">'] = "&lt;a href=&quot;x&quot;&gt;",
      ["\\074i\\076\\n"] = "&#92;074i&#92;076&#92;n", ["&lt;"] = "&amp;lt;", ["--icon=x"] = "--icon=x",
      ["$(touch hit);`touch hit`'\"|touch hit"] = "$(touch hit);`touch hit`'&quot;|touch hit",
      ["a\nb\27[31m"] = "a b [31m",
    }) do
      local before = #s.shown()
      assert.equal("shown\n", show(s, name, { name, "orket inbox" }))
      local row = s.shown()[before + 1]
      assert.equal(escaped .. "\norket inbox", row.body)
      assert.equal((name:gsub("[\n\27]", " ")), row.summary)
    end
  end)
end)

describe("without a desktop", function()
  test("the error says what is missing and how to fix it", function()
    local empty <close> = session({ empty = true })
    local refusing <close> = session({ refuse = true })
    local dead <close> = session({ dead = true })
    for _, row in ipairs({
      { "", "ERR_CONFIG: this process is in no session of a desktop", "fix: run orket in the session" },
      { "DBUS_SESSION_BUS_ADDRESS=unix:abstract=/tmp/x", "ERR_CONFIG: the session's bus has no path", "fix: " },
      { in_session(empty), "ERR_IO: notify-send failed: ", "fix: a notification daemon has to run" },
      { in_session(refusing), "ERR_IO: notify-send failed: ", "no room" },
      { in_session(dead), "ERR_IO: notify-send failed: ", "fix: a notification daemon has to run" },
    }) do
      local w <close> = project(row[1])
      local text, code = w:orket("notify test")
      assert.equal(1, code, text)
      assert.truthy(text:find(row[2], 1, true), text)
      assert.truthy(text:find(row[3], 1, true), text)
    end
  end)

  it("a target is checked: it has no address, no key and no receivers", function()
    for _, more in ipairs({ { url = "https://example.org" }, { to = { "a@example.org" } }, { private = true } }) do
      local w <close> = project("", more)
      local text, code = w:orket("validate")
      assert.equal(1, code, text)
      assert.truthy(text:find("/notify/desk", 1, true), text)
      assert.truthy(text:find("a desktop events and page alone", 1, true), text)
    end
  end)
end)
