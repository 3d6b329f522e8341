-- people_spec.lua: users, passwords, tokens and access keys of the service: what they open, when they end, and
-- what the journal says of them.

local cjson = require("cjson")
local accounts = dofile("tests/support/accounts.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local terminal = dofile("tests/support/terminal.lua")
local world = dofile("tests/support/world.lua")

local function new_world(more)
  more = more or {}
  more.issues, more.mock = more.issues or { { id = "A" } }, more.mock
    or "function work() return say(finish()) end"
  return world.new(more)
end

local function with_ada(role)
  local w = new_world()
  accounts.add(w, "ada", role)
  return w
end

local function status(s, credential, path)
  return accounts.ask(s, credential, "GET", path or "/v1/me").status
end

local function events_of(w, beginning)
  local list = {}
  for line in (orket.shell(orket.binary .. " log --json -C " .. w.dir)):gmatch("[^\n]+") do
    local event = cjson.decode(line)
    if event.kind:sub(1, #beginning) == beginning then
      list[#list + 1] = event
    end
  end
  return list
end

-- Opens a WebSocket, and says when it is closed.
local SOCKET = [[
import asyncio, sys, websockets
async def main():
    url, key = "ws://127.0.0.1:%s/ws/events" % sys.argv[1], sys.argv[2]
    async with websockets.connect(url, extra_headers={"Authorization": "Bearer " + key}) as socket:
        print("open", flush=True)
        try:
            async for message in socket: pass
        except websockets.ConnectionClosed: pass
        print("closed", flush=True)
asyncio.run(main())
]]

describe("orket user", function()
  it("makes, lists, changes and removes users, and the journal says who did it", function()
    local w <close> = with_ada("developer")
    assert.equal(0, (select(2, accounts.run(w, "user add --no-password eve"))))
    local list = cjson.decode((accounts.run(w, "user list --json")))
    assert.same({ "ada", "eve" }, { list[1].name, list[2].name })
    assert.same({ true, false }, { list[1].has_password, list[2].has_password })
    assert.same({ "developer", "viewer" }, { list[1].role, list[2].role })
    for _, words in ipairs({ "role eve admin", "disable eve", "enable eve", "remove eve" }) do
      local text, code = accounts.run(w, "user " .. words)
      assert.equal(0, code, text)
    end
    local kinds = {}
    for i, event in ipairs(events_of(w, "user.")) do
      kinds[i] = event.kind
      assert.truthy(event.actor:find("^human:"))
    end
    assert.same({ "user.created", "user.created", "user.changed", "user.changed", "user.changed",
      "user.removed" }, kinds)
    assert.equal(1, #cjson.decode((accounts.run(w, "user list --json"))))
    local text, code = accounts.run(w, "check")
    assert.equal(0, code, text)
  end)

  it("refuses names, roles and passwords that are none, and users that are there or are not", function()
    local w <close> = with_ada("viewer")
    for _, case in ipairs({
      { "user add --no-password Ada", "ERR_USAGE" }, { "user add --no-password admin", "ERR_USAGE" },
      { "user add --no-password service:x", "ERR_USAGE" }, { "user add --no-password ../x", "ERR_USAGE" },
      { "user add --no-password --role king eve", "ERR_USAGE" }, { "user add --no-password ada", "ERR_EXISTS" },
      { "user add --stdin eve", "ERR_USAGE", "short" }, { "user add --stdin eve", "ERR_USAGE", "" },
      { "user add --stdin eve", "ERR_USAGE", ("x"):rep(1025) }, { "user role eve viewer", "ERR_NOT_FOUND" },
      { "user remove eve", "ERR_NOT_FOUND" }, { "user password --stdin eve", "ERR_NOT_FOUND", accounts.PASSWORD },
      { "user add --stdin ada", "ERR_EXISTS", accounts.PASSWORD },
    }) do
      local text, code = accounts.run(w, case[1], case[3])
      assert.equal(1, code, case[1])
      assert.truthy(text:find(case[2], 1, true), case[1] .. ": " .. text)
    end
    for _, words in ipairs({ "user", "user king", "user add", "user add --stdin --no-password x", "key", "key add",
      "key add --days 0 x", "key add --days 400 x", "key list x" }) do
      assert.equal(2, (select(2, accounts.run(w, words))), words)
    end
    -- what was refused left no password behind
    assert.equal("1\n", (orket.shell("ls " .. w.dir .. "/.orket/people | wc -l")))
  end)

  it("takes a password from a file of another system, whose lines end otherwise", function()
    local w <close> = new_world()
    local text, code = accounts.run(w, "user add --stdin --role viewer ada", accounts.PASSWORD .. "\r")
    assert.equal(0, code, text)
    local s <close> = service.start(w)
    assert.equal(200, accounts.login(s, "ada").status)
  end)

  it("asks for the password twice on a terminal, which does not show it and is as it was afterwards", function()
    local w <close> = new_world()
    local command = orket.binary .. " user add -C " .. w.dir .. " ada"
    local text, code, found = terminal.play(command, { { "see", "Password of ada: " },
      { "type", "a password to hide\r" }, { "see", "Again: " }, { "type", "a password to hide\r" } })
    assert.equal(0, code, text)
    assert.is_nil(text:find("to hide", 1, true), text)
    assert.is_true(found[#found])
    text, code = terminal.play(orket.binary .. " user password -C " .. w.dir .. " ada", {
      { "see", "Password of ada: " }, { "type", "another password\r" }, { "see", "Again: " },
      { "type", "another passwort\r" } })
    assert.equal(1, code)
    assert.truthy(text:find("the two passwords differ", 1, true), text)
    text, code, found = terminal.play(orket.binary .. " user password -C " .. w.dir .. " ada", {
      { "see", "Password of ada: " }, { "type", "anoth\3" } })
    assert.same({ 1, true }, { code, found[#found] }, text)
  end)

  it("keeps a hash that only the owner may read, outside the journal, and no password anywhere", function()
    local w <close> = with_ada("viewer")
    local files = orket.shell("find " .. w.dir .. "/.orket/people -type f -printf '%m %f\\n'")
    assert.truthy(files:find("^600 %x+%.password\n$"), files)
    assert.truthy(orket.shell("cat " .. w.dir .. "/.orket/people/*"):find("^%$argon2id%$v=19%$m=65536,t=2,p=1%$"))
    assert.equal("0\n", (orket.shell("grep -rl '" .. accounts.PASSWORD .. "' " .. w.dir .. " | wc -l")))
    assert.equal("0\n", (orket.shell("grep -al 'argon2' " .. w.dir .. "/.orket/orket.db* | wc -l")))
  end)
end)

describe("a user of the service", function()
  it("signs in with name and password, and acts in that name", function()
    local w <close> = with_ada("developer")
    local s <close> = service.start(w)
    assert.equal(200, s:post("/v1/acts/sync").status)
    local reply = accounts.login(s, "ada")
    assert.equal(200, reply.status)
    assert.equal(900, reply.body.expires_in)
    local token = reply.body.token
    local claims = accounts.claims(token)
    assert.same({ "orket", "ada", 1 }, { claims.iss, claims.sub, claims.n })
    assert.equal(900, claims.exp - claims.iat)
    assert.same({ name = "ada", kind = "user", role = "developer", permissions = { "act", "read", "run" } },
      (function(body) body.expires_at = nil return body end)(accounts.ask(s, token, "GET", "/v1/me").body))
    local text = accounts.ask(s, token, "POST", "/v1/acts/comment", { card = "A", text = "looked at it" }).text
    assert.truthy(text:find("commented", 1, true), text)
    assert.equal("human:ada", events_of(w, "comment.added")[1].actor)
    assert.equal("human:ada", events_of(w, "user.signed_in")[1].actor)
    for _, row in ipairs(s:log()) do
      assert.is_nil(cjson.encode(row):find(accounts.PASSWORD, 1, true))
    end
  end)

  it("gets the same answer for a wrong password, for a name that no user has and when disabled", function()
    local w <close> = with_ada("viewer")
    accounts.add(w, "bob", "viewer")
    accounts.run(w, "user disable bob")
    accounts.run(w, "user add --no-password eve")
    local s <close> = service.start(w)
    local seen = {}
    for _, case in ipairs({ { "ada", "wrong password" }, { "nobody", accounts.PASSWORD }, { "bob" },
      { "eve", accounts.PASSWORD }, { "ada", "" }, { "ada", accounts.PASSWORD .. " " }, { "ADA" } }) do
      local reply = accounts.login(s, case[1], case[2])
      assert.equal(401, reply.status, case[1])
      seen[#seen + 1] = reply.body.detail
      assert.equal(seen[1], reply.body.detail)
    end
    local failed = {}
    for _, event in ipairs(events_of(w, "user.signed_in")) do
      assert.is_false(event.body.ok)
      failed[#failed + 1] = event.body.name or "?"
    end
    table.sort(failed)
    assert.same({ "?", "ada", "eve" }, failed) -- one event for each account, however often; no name of nobody's
  end)

  it("waits longer after each wrong password, and is not locked out", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local took = {}
    for i = 1, 4 do
      local began = require("luv").hrtime()
      accounts.login(s, "ada", "wrong password " .. i)
      took[i] = (require("luv").hrtime() - began) / 1e9
    end
    assert.is_true(took[4] > 0.4 + 0.05, took[4]) -- 0, 0.1, 0.2, 0.4 and what a hash takes
    assert.equal(200, accounts.login(s, "ada").status)
  end)

  it("has no name that the time of an answer gives away: names that no user has are counted one by one, too", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local function seconds(i, name)
      local code, time = orket.shell(("curl -s -o /dev/null -w '%%{http_code} %%{time_total}' --interface 127.0.0.%d "
        .. "-H 'Content-Type: application/json' -d '{\"name\":\"%s\",\"password\":\"wrong password\"}' %s/v1/login")
        :format(i, name, s.url)):match("(%d+) ([%d.]+)")
      assert.equal("401", code)
      return tonumber(time)
    end
    for i = 2, 9 do
      seconds(i, "unknown" .. i)
    end
    assert(seconds(50, "another") < 5) -- it was 5 seconds and more, and that of a user 0
    local again = {}
    for i = 1, 4 do
      again[i] = seconds(60 + i, "another")
    end
    assert(again[4] > 0.4, again[4])
  end)

  it("is seen in the audit alone, also where an event is asked why it was not allowed", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local ada, event = accounts.token(s, "ada"), events_of(w, "user.created")[1]
    for _, path in ipairs({ "/v1/why/", "/v1/why-not/" }) do
      local reply = accounts.ask(s, ada, "GET", path .. math.tointeger(event.seq))
      assert.equal(403, reply.status, path .. reply.text)
      assert.is_nil(reply.text:find("user.created", 1, true), reply.text)
    end
  end)

  it("is signed out at once by logout, disable, remove and another password, also on open streams", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    for i, how in ipairs({ "disable", "remove", "password --stdin" }) do
      local name = "user" .. i
      accounts.add(w, name, "viewer")
      local token = accounts.token(s, name)
      assert.equal(200, status(s, token))
      s.key = token
      local stream = s:follow("/v1/events")
      local text, code = accounts.run(w, "user " .. how .. " " .. name, "another password")
      assert.equal(0, code, text)
      assert.equal(401, status(s, token), how)
      assert(service.wait(stream.ended), how)
      s.key = service.KEY
    end
    accounts.add(w, "ada", "viewer")
    local token, other = accounts.token(s, "ada"), accounts.token(s, "ada")
    s.key = token
    local stream = s:follow("/v1/events")
    assert.equal(200, accounts.ask(s, token, "POST", "/v1/logout", {}).status)
    assert.equal(401, status(s, token))
    assert.equal(200, status(s, other))
    assert(service.wait(stream.ended))
    s.key = service.KEY
  end)

  it("gets no answer that was waited for when removed meanwhile", function()
    local w <close> = with_ada("developer")
    w:hold(1)
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    assert.equal(202, s:post("/v1/cards/ep/execute", {}).status)
    local out = w.dir .. "/.test/waited"
    os.execute(("curl -s -w ' %%{http_code}\\n' -H 'Authorization: Bearer %s' '%s/v1/runs/ep.1?wait=60' >%s 2>&1 &")
      :format(token, s.url, out))
    assert(service.wait(function() return w:request(1) end))
    assert.equal(0, (select(2, accounts.run(w, "user remove ada"))))
    w:release(1)
    assert(service.wait(function() return orket.read(out):find("\n", 1, true) end))
    assert(orket.read(out):find(" 401\n", 1, true), orket.read(out))
  end)

  it("loses open streams when a role of the organization's own loses the permission for them", function()
    local w <close> = new_world()
    local function allow(permissions)
      local path = w.dir .. "/config/organization.json"
      local organization = cjson.decode(orket.read(path))
      organization.people = { roles = { looker = permissions } }
      orket.write(path, cjson.encode(organization))
    end
    allow({ "read" })
    accounts.add(w, "ada", "looker")
    local s <close> = service.start(w)
    s.key = accounts.token(s, "ada")
    local stream = s:follow("/v1/events")
    allow({ "heartbeat" })
    s.key = service.KEY
    assert.equal(202, s:post("/v1/cards/ep/execute", {}).status) -- a run reads the configuration anew
    assert(service.wait(stream.ended))
  end)

  it("loses open WebSockets within a second of being disabled, also with a token that was exchanged since", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    local script, out = w.dir .. "/.test/dial.py", w.dir .. "/.test/socket.out"
    orket.write(script, SOCKET)
    orket.write(out, "")
    os.execute(("/usr/bin/python3 %s %d %s >%s 2>&1 &"):format(script, s.port, token, out))
    assert(service.wait(function() return orket.read(out):find("open", 1, true) end), orket.read(out))
    for _ = 1, 3 do
      token = accounts.ask(s, token, "POST", "/v1/token", {}).body.token
    end
    assert.is_nil(orket.read(out):find("closed", 1, true))
    local text, code = accounts.run(w, "user disable ada")
    assert.equal(0, code, text)
    local began = require("luv").hrtime()
    assert(service.wait(function() return orket.read(out):find("closed", 1, true) end), orket.read(out))
    assert.is_true(require("luv").hrtime() - began < 5e9) -- the aim is 1 s; a busy machine takes its time
  end)

  it("stays signed out when enabled again, and when one of the same name is made anew", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    accounts.run(w, "user disable ada")
    accounts.run(w, "user enable ada")
    assert.equal(401, status(s, token))
    token = accounts.token(s, "ada")
    accounts.run(w, "user remove ada")
    accounts.add(w, "ada", "admin")
    assert.equal(401, status(s, token))
  end)

  it("has what a role may from the moment it is given", function()
    local w <close> = with_ada("admin")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    assert.equal(200, status(s, token, "/v1/users"))
    accounts.run(w, "user role ada viewer")
    local reply = accounts.ask(s, token, "GET", "/v1/users")
    assert.equal(403, reply.status)
    assert.truthy(reply.body.fix:find("roles that have it: admin", 1, true), reply.text)
    assert.equal(200, status(s, token, "/v1/board"))
  end)

  it("sets another password with the old one, and not without", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    local function set(old, new)
      return accounts.ask(s, token, "POST", "/v1/me/password", { password = old, new_password = new }).status
    end
    assert.equal(403, set("wrong password", "another password"))
    assert.equal(400, set(accounts.PASSWORD, "short"))
    assert.equal(200, set(accounts.PASSWORD, "another password"))
    assert.equal(401, status(s, token))
    assert.equal(401, accounts.login(s, "ada").status)
    assert.equal(200, accounts.login(s, "ada", "another password").status)
    assert.equal("1\n", (orket.shell("ls " .. w.dir .. "/.orket/people | wc -l")))
  end)

  -- At the same time, since a password is looked at for long.
  local AT_ONCE = [[
ask() { curl -s -H 'Content-Type: application/json' "$@"; }
ask -d '{"name":"ada","password":"%s"}' %s/v1/login & sleep 0.0%d
ask -o /dev/null -H 'Authorization: Bearer %s' -d '{"new_password":"%s"}' %s/v1/users/ada; wait]]

  it("ends a sign-in with the old password that is under way", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local password = accounts.PASSWORD
    for i = 1, 6 do
      local new = "another password " .. i
      local text = orket.shell(AT_ONCE:format(password, s.url, i, s.key, new, s.url))
      local token = cjson.decode(text).token
      assert(not token or status(s, token) == 401, "a session of the old password goes on")
      password = new
    end
  end)

  -- The user may be removed between the look at the key and the act.
  it("is no account of the machine once removed: who asks over the network is a user, or may nothing", function()
    assert.equal("machine: may; remote: ERR_DENIED; admin: may; ", orket.probe([[
      local authority = require("orket.people.authority")
      local project = { config = { organization = {} }, store = { read = function() return {} end } }
      local function note(case, who, client)
        local err = authority.check(project, { act = "comment", who = who }, {}, client)
        io.write(case, ": ", err and err.code or "may", "; ")
      end
      note("machine", "ada", { user = "ada" })
      note("remote", "ada", { user = "ada", is_remote = true })
      note("admin", "admin", { user = "admin", is_remote = true }) ]]))
  end)
end)

describe("a role of the organization's own", function()
  it("is reported by validate when it names what does not exist", function()
    local w <close> = new_world()
    local path = w.dir .. "/config/organization.json"
    local organization = cjson.decode(orket.read(path))
    organization.people = { roles = { release = { "read", "aprove", "approve", "card_files" } } }
    orket.write(path, cjson.encode(organization))
    local text, code = w:orket("validate")
    assert.equal(0, code, text)
    assert(text:find("'aprove' is no permission, route or act: it gives the role 'release' nothing", 1, true), text)
    assert.equal(1, select(2, text:gsub("is no permission", "")), text)
  end)
end)

describe("a token", function()
  it("is exchanged for the next one, and ends its session when an old one comes again later", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local first = accounts.token(s, "ada")
    local second = accounts.ask(s, first, "POST", "/v1/token", {}).body.token
    assert.equal(2, accounts.claims(second).n)
    assert.equal(accounts.claims(first).jti, accounts.claims(second).jti)
    assert.equal(200, status(s, first)) -- a request that was under way
    local third = accounts.ask(s, second, "POST", "/v1/token", {}).body.token
    assert.equal(401, status(s, first))
    assert.equal(200, status(s, third))
  end)

  it("of another server, with another secret, or that was changed is worth nothing", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    local claims = token:match("%.(.-)%.")
    for _, wrong in ipairs({ token .. "A", (token:gsub("%.[^.]*$", ".")), "eyJhbGciOiJub25lIn0." .. claims .. ".",
      orket.shell(("echo '%s' | python3 tests/support/tokens.py"):format(cjson.encode({ secret = "x",
        header = '{"alg":"HS256"}', claims = cjson.encode(accounts.claims(token)) }))):gsub("%s", "") }) do
      assert.equal(401, status(s, wrong))
    end
    s:stop()
    local again <close> = service.start(w)
    assert.equal(401, status(again, token))
  end)
end)

describe("an access key", function()
  it("does what its scope allows of what its user may, and nothing when its user may not", function()
    local w <close> = with_ada("developer")
    local reads, does = accounts.key(w, "--user ada reader"), accounts.key(w, "--user ada --allow read,act,admin doer")
    local s <close> = service.start(w)
    s:post("/v1/acts/sync")
    local comment = { card = "A", text = "text" }
    assert.equal(200, status(s, reads, "/v1/board"))
    assert.equal(403, accounts.ask(s, reads, "POST", "/v1/acts/comment", comment).status)
    assert.equal(200, accounts.ask(s, does, "POST", "/v1/acts/comment", comment).status)
    assert.equal("human:ada", events_of(w, "comment.added")[1].actor)
    assert.equal(403, status(s, does, "/v1/users")) -- ada is no administrator
    assert.equal(403, accounts.ask(s, does, "POST", "/v1/keys", { name = "more" }).status)
    assert.equal(409, accounts.ask(s, does, "POST", "/v1/token", {}).status)
    accounts.run(w, "user disable ada")
    assert.equal(401, status(s, does))
  end)

  it("of a service is no person: it looks, and begins runs, but decides nothing", function()
    local w <close> = new_world()
    local key = accounts.key(w, "--allow read,run ci")
    local s <close> = service.start(w)
    s:post("/v1/acts/sync")
    assert.same({ "service:ci", "service" }, (function(me) return { me.name, me.kind } end)(
      accounts.ask(s, key, "GET", "/v1/me").body))
    assert.equal(403, accounts.ask(s, key, "POST", "/v1/acts/comment", { card = "A", text = "x" }).status)
    assert.equal(403, accounts.ask(s, key, "POST", "/v1/approvals/x/approve", { hash = "x" }).status)
    assert.equal(202, accounts.ask(s, key, "POST", "/v1/cards/A/execute", {}).status)
    for _, word in ipairs({ "act", "admin", "everything" }) do
      assert.equal(1, (select(2, accounts.run(w, "key add --allow " .. word .. " bad"))), word)
    end
  end)

  it("is no good once it is revoked, or has expired, also on an open stream", function()
    local w <close> = new_world()
    local key, id = accounts.key(w, "ci")
    local s <close> = service.start(w)
    s.key = key
    local stream = s:follow("/v1/events")
    local text, code = accounts.run(w, "key revoke " .. id)
    assert.equal(0, code, text)
    assert.equal(401, status(s, key))
    assert(service.wait(stream.ended))
    assert.equal("", (orket.shell("ls " .. w.dir .. "/.orket/people")))
    s:stop()
    local again <close> = service.start(w)
    assert.equal(401, status(again, key))
  end)

  it("ends at its time, also for a stream that is open then", function()
    local w <close> = new_world()
    local function key_for(seconds)
      return orket.probe(([[
        require("orket.async").main(function()
          local auth, owner = require("orket.core.auth"), require("orket.project.owner")
          local id, key = auth.make_key(%q)
          assert(owner.ask(%q, { act = "key.add", id = id, name = "short", scope = { "read" },
            expires_at = os.date("!%%Y-%%m-%%dT%%H:%%M:%%SZ", os.time() + %d) }))
          key:print()
          return 0
        end)]]):format(w.dir .. "/.orket", w.dir, seconds)):match("orket_%S+")
    end
    local s <close> = service.start(w)
    assert.equal(401, status(s, key_for(-1)))
    s.key = key_for(6)
    assert.equal(200, status(s, s.key))
    local stream = s:follow("/v1/events")
    assert(service.wait(stream.ended))
    assert.equal(401, status(s, s.key))
  end)

  it("is made over HTTP, shown once, and is in no log and no event", function()
    local w <close> = with_ada("viewer")
    local s <close> = service.start(w)
    local token = accounts.token(s, "ada")
    local reply = accounts.ask(s, token, "POST", "/v1/keys", { name = "laptop" })
    assert.equal(200, reply.status)
    assert.equal(200, status(s, reply.body.key, "/v1/board"))
    assert.equal(403, accounts.ask(s, token, "POST", "/v1/keys", { name = "x", service = true }).status)
    assert.equal(403, accounts.ask(s, token, "POST", "/v1/keys", { name = "x", user = "eve" }).status)
    local own = accounts.ask(s, token, "GET", "/v1/keys").body.items
    assert.equal(1, #own)
    assert.equal(reply.body.id, own[1].id)
    assert.equal("0\n", (orket.shell("grep -rl '" .. reply.body.key .. "' " .. w.dir .. "/.orket "
      .. s.err .. " " .. s.out .. " | wc -l")))
    assert.equal(404, accounts.ask(s, token, "POST", "/v1/keys/0000000000000000/revoke", {}).status)
    assert.equal(200, accounts.ask(s, token, "POST", "/v1/keys/" .. reply.body.id .. "/revoke", {}).status)
    assert.equal(401, status(s, reply.body.key))
  end)
end)

describe("users over HTTP", function()
  it("are made and changed by an administrator, whose request's password is in no log and no event", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:post("/v1/users", { name = "ada", role = "viewer", password = accounts.PASSWORD }).status)
    assert.equal(409, s:post("/v1/users", { name = "ada", role = "viewer" }).status)
    assert.equal(422, s:post("/v1/users", { name = "eve" }).status)
    assert.equal(200, accounts.login(s, "ada").status)
    assert.equal(200, s:post("/v1/users/ada", { role = "developer" }).status)
    assert.equal("developer", s:get("/v1/users").body.items[1].role)
    assert.equal(200, s:post("/v1/users/ada", { new_password = "another password" }).status)
    assert.equal(200, accounts.login(s, "ada", "another password").status)
    assert.equal(200, s:post("/v1/users/ada/remove", {}).status)
    assert.equal(0, #s:get("/v1/users").body.items)
    local audit = s:get("/v1/audit").body.items
    assert.same({ "user.created", "user.signed_in", "user.changed", "user.changed", "user.signed_in",
      "user.removed" }, (function(list) for i, e in ipairs(list) do list[i] = e.kind end return list end)(audit))
    assert.equal("0\n", (orket.shell(("cat %s/.orket/orket.db* %s | grep -ac '%s'"):format(w.dir, s.err,
      accounts.PASSWORD))))
  end)

  it("takes a password that is spelled with escapes, and shows no body that is no JSON", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:request("POST", "/v1/users", { "Content-Type: application/json" },
      '{"name":"ada","role":"viewer","\\u0070assword":"correct horse batter\\u0079"}').status)
    assert.equal(200, accounts.login(s, "ada").status)
    local reply = s:request("POST", "/v1/login", { "Content-Type: application/json" },
      '{"name":"ada","password":"correct horse battery",}')
    assert.equal(400, reply.status)
    assert.is_nil(reply.text:find("horse", 1, true))
    assert.equal(422, accounts.ask(s, nil, "POST", "/v1/login", { name = "ada", password = 12345678 }).status)
    assert.equal(422, accounts.ask(s, nil, "POST", "/v1/login", { name = "ada" }).status)
  end)
end)

describe("the rate limit", function()
  it("of ORKET_RATE_LIMIT holds each account back, and says until when", function()
    local w <close> = new_world()
    local key = accounts.key(w, "ci")
    local s <close> = service.start(w, { environment = "ORKET_RATE_LIMIT=5 ORKET_API_KEY=" .. service.KEY })
    for i = 1, 5 do
      local reply = accounts.ask(s, key, "GET", "/v1/me")
      assert.equal(200, reply.status)
      assert.equal("5", reply.headers["ratelimit-limit"])
      assert.equal(tostring(5 - i), reply.headers["ratelimit-remaining"])
    end
    local reply = accounts.ask(s, key, "GET", "/v1/me")
    assert.equal(429, reply.status)
    assert.is_true(tonumber(reply.headers["retry-after"]) >= 10)
    assert.equal(200, s:get("/v1/me").status) -- another account
  end)

  it("counts the keys of a user together", function()
    local w <close> = new_world()
    accounts.add(w, "mallory", "viewer")
    local keys = { accounts.key(w, "--user mallory one"), (accounts.key(w, "--user mallory other")) }
    local s <close> = service.start(w, { environment = "ORKET_RATE_LIMIT=4 ORKET_API_KEY=" .. service.KEY })
    local statuses = {}
    for i = 1, 6 do
      statuses[i] = accounts.ask(s, keys[i % 2 + 1], "GET", "/v1/me").status
    end
    assert.same({ 200, 200, 200, 200, 429, 429 }, statuses)
  end)

  it("is off with 0, and a server with another text does not start", function()
    local w <close> = new_world()
    local s <close> = service.start(w, { environment = "ORKET_RATE_LIMIT=0 ORKET_API_KEY=" .. service.KEY })
    assert.is_nil(s:get("/v1/me").headers["ratelimit-limit"])
    s:stop()
    local text, code = orket.shell("cd " .. w.dir .. "; ORKET_RATE_LIMIT=many timeout 20 " .. w.binary
      .. " serve --port 0 2>&1")
    assert.equal(1, code)
    assert.truthy(text:find("ORKET_RATE_LIMIT is no number", 1, true), text)
  end)
end)
