-- layers_spec.lua: cards over a large start share read-only layers, and each has only what it differs by.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local GIT = "git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C "

local function git(dir, words)
  local text, code = orket.shell(GIT .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
end

-- A repository with 300 files and some that the agents work on.
local function repository()
  local dir = orket.directory() .. "/repo"
  orket.shell(("mkdir -p %s/many %s/src && cd %s/many && for n in $(seq 300); do echo $n > $n; done"):format(dir, dir,
    dir))
  git(dir, "init -q")
  orket.write(dir .. "/src/main.sh", "echo old\n")
  orket.write(dir .. "/src/gone.txt", "goes\n")
  orket.write(dir .. "/README", "hello\n")
  orket.shell("chmod 755 " .. dir .. "/src/main.sh")
  git(dir, "add -A")
  git(dir, "commit -qm first")
  return dir
end

local SHELL = { commands = { { argv = { "sh", "-c", "*" }, wall = 20 } }, deletes = "allow" }

local MOCK = [[
function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
]]

-- Each step is the calls of one reply; then the card is handed over.
local function play(...)
  local replies = {}
  for i, text in ipairs({ ... }) do
    replies[i] = "function() return say(" .. text .. ") end"
  end
  return MOCK .. "function work(talk) return steps(talk, " .. table.concat(replies, ", ")
    .. ", function() return say(finish()) end) end"
end

local function project(mock, options)
  options = options or {}
  options.issues = options.issues or { { id = "A" } }
  options.mock, options.source, options.rules = mock, { repo = repository() }, { commands = SHELL.commands }
  return world.new(options)
end

local function done(w, arguments)
  local text, code = w:run(arguments)
  assert.equal(0, code, text)
  return text
end

-- The names below a directory of the project, one a line.
local function below(w, path)
  return (orket.shell(("cd %s/%s && find . ! -type d | sort | sed s/^..//"):format(w.dir, path)))
end

local function layers(w)
  return select(2, orket.shell("ls " .. w.dir .. "/.orket/bases"):gsub("\n", "\n"))
end

local made = 0

-- A file of the epic or a card, as the journal has it.
local function file(w, what, path)
  made = made + 1
  assert.equal(0, select(2, w:orket(("checkout %s %s/out-%d"):format(what, w.dir, made))))
  path = ("out-%d/%s"):format(made, path)
  return w:exists(path) and w:read(path) or nil
end

local possible = orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true) == nil
local test = possible and it or pending

describe("a card over a large start", function()
  test("has only what it differs by, and the seed is laid out once for all", function()
    local w <close> = project(play(
      [[call("read_file", { path = "many/7" }), call("edit_file", { path = "src/main.sh", old = "old", new = "new" })]],
      [[write("src/made.txt", "made\n"), call("list_files", { path = "src" })]],
      [[sh("./src/main.sh; cat many/299; ls | tr '\\n' ' '; ls many | wc -l")]]),
      { issues = { { id = "A" }, { id = "B" } } })
    local text = done(w)
    for _, event in ipairs(w:events("command.ran")) do
      assert.equal("new\n299\nREADME many src 300\n", event.body.stdout)
      assert.same({}, event.body.changes)
    end
    for _, card in ipairs({ "A", "B" }) do
      assert.equal("src/made.txt\nsrc/main.sh\n", below(w, "workspace/ep/layers/" .. card .. "/changes"))
    end
    assert.falsy(w:exists("workspace/ep/cards"))
    assert.falsy(w:exists("workspace/ep/tree"))
    assert.equal(1, layers(w))
    assert.equal("echo new\n", file(w, "ep", "src/main.sh"))
    assert.equal("7\n", file(w, "A", "many/7"))
    assert(text:find("files: orket checkout ep DIR", 1, true), text)
    w:replays("ep.1")
  end)

  test("is judged by what a program changed of it, and the rest is as it was", function()
    local w <close> = project(play([[write("own.txt", "own\n"), write("src/two.txt", "two\n")]],
      [[sh("rm own.txt src/gone.txt; rm -r many; mkdir many; echo in > many/new; echo x >> README;" ..
        " mv src/two.txt three.txt; touch src/main.sh; ln -s /etc/passwd link; rm src/main.sh; mkdir -p src/main.sh; echo y > src/main.sh/y")]],
      [[sh("cat own.txt src/gone.txt README src/two.txt three.txt src/main.sh; ls many | wc -l; cat many/new many/300; ls; stat -c %a src/main.sh")]]))
    done(w)
    local first, second = w:events("command.ran")[1].body, w:events("command.ran")[2].body
    local changed, back = {}, {}
    for i, one in ipairs(first.changes) do
      changed[i] = one.path
    end
    for _, one in ipairs(first.refused) do
      back[one.path] = one.rule
    end
    assert.same({ "README", "many/new", "three.txt" }, changed)
    assert.equal("gate.path.name", back.link)
    assert.equal("gate.confirm", back["src/main.sh/y"])
    -- 300 of many, own.txt, gone.txt, two.txt, main.sh, what took its place, the link
    assert.equal(306, first.put_back)
    assert.equal("", second.stderr)
    assert.equal("own\ngoes\nhello\nx\ntwo\ntwo\necho old\n301\nin\n300\n"
      .. "README\nmany\nown.txt\nsrc\nthree.txt\n755\n", second.stdout)
    w:replays("ep.1")
  end)
end)
