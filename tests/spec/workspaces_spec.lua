-- workspaces_spec.lua: several projects in one `orket serve`: each has its own board, runs, events and keys.

local cjson = require("cjson")
local browser = dofile("tests/support/browser.lua")
local orket = dofile("tests/support/orket.lua")
local python = dofile("tests/support/python.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function name_of(w)
  return w.dir:match("([^/]+)$")
end

local function one(id)
  return world.new({ issues = { { id = id } }, mock = world.WORKS })
end

local function ids_of(cards)
  local ids = {}
  for i, card in ipairs(cards) do
    ids[i] = card.id
  end
  table.sort(ids)
  return table.concat(ids, " ")
end

local function ends(s, path)
  assert(service.wait(function()
    return s:get(path).body.status == "done"
  end), s:get(path).text)
end

describe("orket serve with two projects", function()
  local a, b, s

  setup(function()
    a, b = one("A"), one("B")
    s = service.start(a, { arguments = "-C . -C " .. b.dir })
  end)

  teardown(function()
    s:__close()
    a:__close()
    b:__close()
  end)

  it("names both, the first one is where a path without a name leads", function()
    local items = s:get("/v1/workspaces").body.items
    assert.same({ name_of(a), name_of(b) }, { items[1].name, items[2].name })
    assert.equal("A ep", ids_of(s:get("/v1/board").body.cards))
    assert.equal("A ep", ids_of(s:get("/w/" .. name_of(a) .. "/v1/board").body.cards))
    assert.equal("B ep", ids_of(s:get("/w/" .. name_of(b) .. "/v1/board").body.cards))
  end)

  it("answers nothing of one project beneath the name of the other", function()
    local there = "/w/" .. name_of(b)
    assert.equal(200, s:get("/v1/cards/A").status)
    assert.equal(404, s:get(there .. "/v1/cards/A").status)
    assert.equal(404, s:get("/v1/cards/B").status)
    assert.equal(404, s:get("/w/nothing/v1/cards/A").status)
    assert.is_nil(s:get(there .. "/w/" .. name_of(a) .. "/v1/board").body) -- a view of the page
    assert.equal(401, s:request("GET", there .. "/v1/board", {}, nil, true).status)
    assert.equal(401, s:request("GET", "/w/nothing/v1/board", {}, nil, true).status)
  end)

  it("shows the page for each view of each project", function()
    for _, path in ipairs({ "/w/" .. name_of(b) .. "/board", "/w/" .. name_of(a) .. "/cards/A" }) do
      assert.truthy(s:get(path).headers["content-type"]:find("text/html", 1, true))
    end
  end)

  it("is a page for each, and the other one is a click away", function()
    if not browser.found() then
      pending(browser.MISSING)
    end
    local seen = browser.watch("workspaces/two", s)
    assert.same({ { "Issue A" }, { "Issue B" } }, { seen.first, seen.second })
    assert.equal("/w/" .. name_of(b) .. "/board", seen.other)
    assert.same({ name_of(a), name_of(b) }, seen.links)
  end)

  it("runs both at once, each event in its own stream", function()
    local there = "/w/" .. name_of(b)
    local stream = s:follow(there .. "/v1/events")
    local mine = s:post("/v1/cards/ep/execute").body
    local theirs = s:post(there .. "/v1/cards/ep/execute").body
    ends(s, "/v1/runs/" .. mine.run)
    ends(s, there .. "/v1/runs/" .. theirs.run)
    assert(service.wait(function() return stream.text():find("run.ended", 1, true) end))
    stream.stop()
    for _, event in ipairs(stream.events()) do
      assert.not_equal("A", event.data and event.data.card)
    end
    assert.equal("one\n", a:made("a.txt"))
    assert.equal("one\n", b:made("a.txt"))
  end)

  it("reaches each over its own socket, and both journals are sound at the end", function()
    assert.equal(0, (select(2, a:orket("comment A one"))))
    assert.equal(0, (select(2, b:orket("comment B two"))))
    assert.equal("two", s:get("/w/" .. name_of(b) .. "/v1/cards/B").body.comments[1].text)
    assert.is_true(s:stop() < 10)
    for _, w in ipairs({ a, b }) do
      local text, code = w:orket("replay --strict ep.1")
      assert.equal(0, code, text)
    end
  end)
end)

describe("of two projects in one server", function()
  it("one whose directory is called as the other's is refused, and neither stays owned", function()
    local a <close> = one("A")
    local b <close> = one("B")
    orket.shell(("mkdir %s/sub; mv %s %s/sub/%s"):format(a.dir, b.dir, a.dir, name_of(a)))
    local text, code = orket.shell(("cd %s && ORKET_API_KEY=%s timeout 20 %s serve --port 0 -C . -C sub/%s 2>&1")
      :format(a.dir, service.KEY, a.binary, name_of(a)))
    assert.equal(1, code)
    assert.truthy(text:find("two projects are called", 1, true), text)
    assert.equal(0, (select(2, a:run())))
  end)

  it("one that cannot be opened is named, and the other one does not stay owned", function()
    local a <close> = one("A")
    local b <close> = one("B")
    b:write("config/organization.json", "{")
    local text, code = orket.shell(("cd %s && ORKET_API_KEY=%s timeout 20 %s serve --port 0 -C . -C %s 2>&1")
      :format(a.dir, service.KEY, a.binary, b.dir))
    assert.equal(1, code)
    assert.truthy(text:find("organization.json", 1, true), text)
    assert.equal(0, (select(2, a:run())))
  end)

  it("neither sends the key of the other's that has the same name", function()
    local a <close> = one("A")
    local b <close> = one("B")
    local file = a.dir .. "/.test/keys"
    local server <close> = python.serve("key_recorder.py", file)
    for letter, w in pairs({ A = a, B = b }) do
      local organization = cjson.decode(w:read("config/organization.json"))
      organization.keys = { mine = { env = letter .. "_KEY" } }
      organization.models.m.base_url = ("http://127.0.0.1:%d/%s"):format(server.port, letter)
      organization.models.m.key = "mine"
      w:write("config/organization.json", cjson.encode(organization))
    end
    a.url = "''"
    local s <close> = service.start(a, { arguments = "-C . -C " .. b.dir,
      environment = "A_KEY=the-key-of-project-a B_KEY=the-key-of-project-b ORKET_API_KEY=" .. service.KEY })
    s:post("/v1/cards/ep/execute")
    s:post("/w/" .. name_of(b) .. "/v1/cards/ep/execute")
    assert(service.wait(function()
      local text = io.open(file) and orket.read(file) or ""
      return select(2, text:gsub("/A/", "")) >= 2 and text:find("/B/", 1, true)
    end), "the requests did not come")
    for line in orket.read(file):gmatch("[^\n]+") do
      assert.equal("Bearer the-key-of-project-" .. line:match("^/(%a)"):lower(), line:match(" (.*)$"))
    end
  end)
end)

describe("a user of one project of a server", function()
  local a, b, s

  local function there(path)
    return "/w/" .. name_of(b) .. path
  end

  local function with_password(w, arguments, password)
    return (select(2, orket.shell(("printf '%s\\n' | (%s)"):format(password, w:command(arguments)))))
  end

  local function sign_in(at, name)
    local reply = s:request("POST", at, { "Content-Type: application/json" },
      { name = name, password = "the password of " .. name }, true)
    return reply.status == 200 and reply.body.token or nil, reply
  end

  local function status(method, path, token, body)
    local headers = { "Authorization: Bearer " .. token, "Content-Type: application/json" }
    return s:request(method, path, headers, body, true).status
  end

  before_each(function()
    a, b = one("A"), one("B")
    for _, name in ipairs({ "ada", "eve" }) do
      assert.equal(0, with_password(a, "user add --role developer --stdin " .. name, "the password of " .. name))
    end
    s = service.start(a, { arguments = "-C . -C " .. b.dir })
  end)

  after_each(function()
    s:__close()
    a:__close()
    b:__close()
  end)

  local function share(role)
    local text, code = b:orket(("user add --of %s --role %s ada"):format(name_of(a), role))
    assert.equal(0, code, text)
  end

  it("is nobody in another one, also where a user has the same name", function()
    local token = assert(sign_in("/v1/login", "ada"))
    assert.equal(200, status("GET", "/v1/board", token))
    assert.equal(401, status("GET", there("/v1/board"), token))
    assert.is_nil(sign_in(there("/v1/login"), "ada"))
    assert.equal(0, with_password(b, "user add --role admin --stdin ada", "another password"))
    assert.equal(401, status("GET", there("/v1/board"), token))
    assert.equal(1, #s:request("GET", "/v1/workspaces", { "Authorization: Bearer " .. token }, nil, true).body.items)
  end)

  it("may enter another one that took the user in, in the role of there, and acts in the own name", function()
    share("viewer")
    local token = assert(sign_in("/v1/login", "ada"))
    assert.equal(200, status("GET", there("/v1/board"), token))
    assert.equal(403, status("POST", there("/v1/acts/comment"), token, { card = "B", text = "no" }))
    assert.equal(2, #s:request("GET", "/v1/workspaces", { "Authorization: Bearer " .. token }, nil, true).body.items)
    assert.equal(0, (select(2, b:orket("user role ada developer"))))
    assert.equal(200, status("POST", there("/v1/acts/comment"), token, { card = "B", text = "yes" }))
    assert.equal("human:ada", s:get(there("/v1/cards/B")).body.comments[1].author)
    assert.equal(401, status("GET", there("/v1/board"), assert(sign_in("/v1/login", "eve"))))
  end)

  it("is taken in only from a project that the server serves and that has the user", function()
    for _, case in ipairs({ { "nowhere", "ada" }, { name_of(a), "bob" }, { name_of(b), "ada" } }) do
      local text, code = b:orket(("user add --of %s %s"):format(table.unpack(case)))
      assert.equal(1, code, text)
      assert(text:find("ERR_NOT_FOUND: this server serves no project '" .. case[1], 1, true), text)
    end
    local reply = s:request("POST", there("/v1/users"), { "Content-Type: application/json" },
      { name = "ada", role = "viewer", home = "nowhere" })
    assert.same({ 404, "ERR_NOT_FOUND" }, { reply.status, reply.body.code }, reply.text)
    assert.equal("[]\n", (b:orket("user list --json")))
    s:__close()
    local text, code = b:orket("user add --of nowhere ada")
    assert.equal(0, code)
    assert(text:find("without a server this was not checked", 1, true), text)
  end)

  it("signs in at the other one with the password of home, and out of both", function()
    share("viewer")
    local token = assert(sign_in(there("/v1/login"), "ada"))
    assert.equal(200, status("GET", "/v1/board", token))
    assert.equal(200, status("POST", there("/v1/logout"), token, "{}"))
    assert.equal(401, status("GET", "/v1/board", token))
    assert.equal(401, status("GET", there("/v1/board"), token))
  end)

  it("is out of the other one as soon as either of them ends it", function()
    share("viewer")
    local token = assert(sign_in("/v1/login", "ada"))
    b:orket("user disable ada")
    assert.equal(401, status("GET", there("/v1/board"), token))
    b:orket("user enable ada")
    assert.equal(200, status("GET", there("/v1/board"), token))
    a:orket("user remove ada")
    assert.equal(401, status("GET", there("/v1/board"), token))
  end)

  it("loses the keys made in the other one when removed at home, and a later user of the name gets none", function()
    share("developer")
    local token = assert(sign_in("/v1/login", "ada"))
    local function made()
      local reply = s:request("POST", there("/v1/keys"), { "Content-Type: application/json",
        "Authorization: Bearer " .. token }, { name = "k", allow = { "read" } }, true)
      return assert(reply.body.key, reply.text)
    end
    local key = made()
    assert.equal(200, status("GET", there("/v1/board"), key))
    a:orket("user disable ada")
    assert.equal(401, status("GET", there("/v1/board"), key))
    a:orket("user enable ada")
    assert.equal(200, status("GET", there("/v1/board"), key))
    a:orket("user remove ada")
    assert.equal(401, status("GET", there("/v1/board"), key))
    assert.equal(0, with_password(a, "user add --role developer --stdin ada", "the password of ada"))
    assert.equal(401, status("GET", there("/v1/board"), key))
    local another = assert(sign_in("/v1/login", "ada"))
    assert.equal(200, status("GET", "/v1/board", another))
    assert.equal(401, status("GET", there("/v1/board"), another))
  end)

  it("has no password in the other one to set, and a key of home opens nothing there", function()
    share("developer")
    assert.equal(1, with_password(b, "user password --stdin ada", "a password that is long"))
    local key = a:orket("key add --user ada --allow read,act laptop"):match("orket%-?_?[%w_%-]+")
    assert.equal(200, status("GET", "/v1/board", key))
    assert.equal(401, status("GET", there("/v1/board"), key))
  end)
end)

describe("ten rocks in five projects of one server", function()
  local PROJECTS, ROCKS, CARDS = 5, 2, 4
  local SLOWLY = [[function work(talk) return steps(talk,
    function() return { content = ("so be it "):rep(5), chunks = 5, pace_ms = 60, calls = { write("a.txt", "one\n") } } end,
    function() return say(finish()) end) end]]

  local function project(number)
    local w = world.new({ issues = { { id = "A" } }, mock = number == 1 and SLOWLY or "",
      limits = { concurrency = 2 } })
    for rock = 1, ROCKS do
      local issues = {}
      for i = 1, CARDS do
        issues[i] = { id = ("P%d-%d-%d"):format(number, rock, i), name = "Issue", seat = "dev" }
      end
      w:write(("config/epics/e%d.json"):format(rock), cjson.encode({ name = "Epic", team = "t", environment = "e",
        issues = issues }))
      w:write(("config/rocks/r%d.json"):format(rock), cjson.encode({ name = "Rock",
        epics = { { epic = "e" .. rock } } }))
    end
    return w
  end

  local function rocks_done(w)
    return tonumber((w:sql("SELECT count(*) FROM card WHERE type = 'rock' AND status = 'done'")))
  end

  it("run beside one another, none waits for the end of another one, and each journal is sound", function()
    local all, directories = {}, {}
    for i = 1, PROJECTS do
      all[i] = project(i)
      directories[i] = "-C " .. all[i].dir
    end
    local s <close> = service.start(all[1], { arguments = table.concat(directories, " ") })
    for _, w in ipairs(all) do
      for rock = 1, ROCKS do
        local reply = s:post("/w/" .. name_of(w) .. "/v1/runs", { card = "r" .. rock })
        assert.equal(202, reply.status, reply.text)
      end
    end
    for _, w in ipairs(all) do
      assert(world.wait(function() return rocks_done(w) == ROCKS end, 60), name_of(w))
    end
    s:stop()
    local firsts, lasts = {}, {}
    for i, w in ipairs(all) do
      local replies = w:events("step.reply")
      firsts[i], lasts[i] = replies[1].at, replies[#replies].at
      for rock = 1, ROCKS do
        w:derives(("e%d.1"):format(rock))
      end
    end
    table.sort(firsts)
    table.sort(lasts)
    assert(firsts[PROJECTS] < lasts[1], firsts[PROJECTS] .. " " .. lasts[1])
    for _, w in ipairs(all) do
      w:__close()
    end
  end)
end)
