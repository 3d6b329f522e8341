-- cases.lua: the five repositories: what their users ask of Orket, and what an ordinary model does.
--
-- A case: {name, title, prepare?, test (commands of a person's shell), passed, failed (how its runner says so, as
-- patterns), issue {name, requirements}, fixture, tests (files that decide), commands (of the organization),
-- total, wrong_failed (tests of the fixture, and how many fail after the wrong change), play (model.lua)}

local M = {}

local TAP = { passed = "\nok ", failed = "\nnot ok " }

local function call(name, arguments)
  return { name = name, arguments = arguments }
end

local function edit(path, old, new)
  return call("edit_file", { path = path, old = old, new = new })
end

local function runs(...)
  return call("run_command", { argv = { ... } })
end

local function reads(path)
  return call("read_file", { path = path })
end

-- A command that installs from the registry on loopback, with a person's yes.
local function installing(argv, registry, install)
  return { argv = argv, wall = 120, cpu = 100, memory = 2 << 30, procs = 200, files = 20000,
    egress = { hosts = { { host = registry.host, port = registry.port, private = true } }, seconds = 100 },
    install = install }
end

local function testing(...)
  return { argv = { ... }, wall = 120, cpu = 120, memory = 2 << 30, procs = 200 }
end

local function c()
  local body = "ring->bytes[ring->first + ring->count] = byte;"
  return {
    name = "c", title = "C library", test = "make -s test", passed = TAP.passed, failed = TAP.failed,
    issue = { name = "Bytes past the end", requirements = "A ring keeps the order of its bytes past the end of its room." },
    fixture = { kind = "runner", runner = "make", minimum = 4 },
    tests = { "tests/test_ring.c" },
    commands = { testing("make", "test") }, total = 4, wrong_failed = 1,
    play = {
      looks = { call("outline", {}), call("search_files", { text = "RING_ROOM" }), reads("src/ring.c") },
      wrong = edit("src/ring.c", body, "ring->bytes[(ring->first + ring->count) % (RING_ROOM - 1)] = byte;"),
      right = edit("src/ring.c", "% (RING_ROOM - 1)] = byte;", "% RING_ROOM] = byte;"),
      sees = "ring->count) % RING_ROOM]", failing = "the bytes come back in order", tests = runs("make", "test"),
    },
  }
end

local function python(registry)
  return {
    name = "python", title = "FastAPI service",
    prepare = ("PIP_INDEX_URL=%s/simple sh install.sh"):format(registry.loopback),
    test = ".venv/bin/python3 -m pytest -q -rA", passed = "\nPASSED ", failed = "\nFAILED ",
    issue = { name = "Ten are cheaper", requirements = "From ten pieces on, each costs ten percent less, rounded down." },
    fixture = { kind = "runner", runner = "pytest", tests = { "tests" }, minimum = 3, memory = 1 << 30 },
    tests = { "tests/test_prices.py" },
    commands = { installing({ "sh", "install.sh" }, registry, { from = { "install.sh", "requirements.txt" },
      paths = { ".venv" }, env = { PIP_INDEX_URL = registry.url .. "/simple", PIP_TRUSTED_HOST = registry.host,
        PIP_DISABLE_PIP_VERSION_CHECK = "1", PATH = "{installed}/.venv/bin:/usr/bin:/bin" } }),
      testing("python3", "-m", "pytest", "**") },
    total = 3, wrong_failed = 1,
    play = {
      looks = { call("outline", {}), call("search_files", { text = "total" }), reads("app/prices.py") },
      installs = runs("sh", "install.sh"),
      wrong = edit("app/prices.py", "count * off(cents, 10)", "off(count * cents, 10)"),
      right = edit("app/prices.py", "    if count > 10:\n        return off(count * cents, 10)",
        "    if count >= 10:\n        return count * off(cents, 10)"),
      sees = "count >= 10", failing = "test_ten_pieces_are_cheaper",
      tests = runs("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    },
  }
end

local function npm(registry)
  return {
    name = "npm", title = "npm package",
    prepare = ("npm_config_registry=%s/npm npm_config_cache=.npm npm_config_replace_registry_host=always npm ci --no-audit --no-fund"):format(registry.loopback),
    test = "npm test --silent", passed = TAP.passed, failed = TAP.failed,
    issue = { name = "Single hyphens", requirements = "Hyphens of a slug are single, and none is at an end." },
    fixture = { kind = "runner", runner = "npm", minimum = 3, memory = 2 << 30, procs = 100 },
    tests = { "test/slug.test.js" },
    commands = { installing({ "npm", "ci" }, registry, { from = { "package.json", "package-lock.json" },
      paths = { "node_modules" }, cache = ".npm", env = { npm_config_registry = registry.url .. "/npm",
        npm_config_cache = "{installed}/.npm", npm_config_audit = "false", npm_config_fund = "false",
        npm_config_update_notifier = "false" } }), testing("npm", "test") },
    total = 3, wrong_failed = 1,
    play = {
      looks = { call("outline", {}), call("search_files", { text = "replace" }), reads("src/index.js") },
      installs = runs("npm", "ci"),
      wrong = edit("src/index.js", "/[^a-z0-9]/g", "/[^a-z0-9]+/g"),
      right = edit("src/index.js", "/g, \"-\")", "/g, \"-\").replace(/^-|-$/g, \"\")"),
      sees = "/^-|-$/g", failing = "hyphens are single", tests = runs("npm", "test"),
    },
  }
end

local function go(registry)
  local env = { GOMODCACHE = "{installed}/mod", GOPROXY = registry.url .. "/go", GOSUMDB = "off",
    GOTOOLCHAIN = "local", GOFLAGS = "-modcacherw" }
  return {
    name = "go", title = "Go command",
    prepare = ("GOPROXY=%s/go GOSUMDB=off go mod download"):format(registry.loopback),
    test = "go test -v ./...", passed = "\n%-%-%- PASS", failed = "\n%-%-%- FAIL",
    issue = { name = "A blank is a column", requirements = "No line is longer than max, its blanks included." },
    fixture = { kind = "runner", runner = "go", minimum = 3, memory = 2 << 30, procs = 200, wall = 120, cpu = 120 },
    tests = { "wrap/wrap_test.go" },
    commands = { installing({ "go", "mod", "download" }, registry, { from = { "go.mod", "go.sum" },
      paths = { "mod" }, env = env }), testing("go", "test", "./...") },
    total = 3, wrong_failed = 1,
    play = {
      looks = { call("outline", {}), call("find_symbol", { name = "Lines" }), reads("wrap/wrap.go") },
      installs = runs("go", "mod", "download"),
      wrong = edit("wrap/wrap.go", "width.Of(word) > max", "width.Of(word) >= max+1"),
      right = edit("wrap/wrap.go", "width.Of(word) >= max+1", "1+width.Of(word) > max"),
      sees = "1+width.Of(word)", failing = "TestBlankCounts", tests = runs("go", "test", "./..."),
    },
  }
end

local function adding(text)
  return { type = "#name", text = text }, { click = "button" }
end

local function browser_case(name, count, ...)
  local steps = { adding("bread") }
  table.move({ ... }, 1, select("#", ...), #steps + 1, steps)
  return { name = name, path = "/", steps = steps, expect = { title = "Tasks", texts = { ["#count"] = count } } }
end

local function site()
  local done = { click = "#list li" }
  return {
    name = "site", title = "static site", test = "sh tests/run.sh", passed = TAP.passed, failed = TAP.failed,
    issue = { name = "Done is not open", requirements = "What is done is not counted as open." },
    fixture = { kind = "browser", argv = { "python3", "-m", "http.server", "{port}" }, cases = {
      browser_case("a new task is open", "1"), browser_case("a done task is not open", "0", done),
      browser_case("it can be opened again", "1", done, done) } },
    tests = {}, commands = { testing("node", "--check", "**") }, total = 3, wrong_failed = 1,
    play = {
      looks = { call("outline", {}), call("search_files", { text = "count" }), reads("tasks.js") },
      wrong = edit("tasks.js", "list.children.length", "list.querySelectorAll(\"li\").length"),
      right = edit("tasks.js", "querySelectorAll(\"li\")", "querySelectorAll(\"li:not(.done)\")"),
      sees = "li:not(.done)", failing = "a done task is not open", tests = runs("node", "--check", "tasks.js"),
    },
  }
end

---All, or those that are named.
---@param registry {host: string, port: integer, url: string, loopback: string}
---@param names string|nil with blanks between
---@return table[]
function M.all(registry, names)
  local chosen = {}
  for _, case in ipairs({ c(), python(registry), npm(registry), go(registry), site() }) do
    local is_named = not names or (" " .. names .. " "):find(" " .. case.name .. " ", 1, true)
    chosen[#chosen + 1] = is_named and case or nil
  end
  return chosen
end

return M
