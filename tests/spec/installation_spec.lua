-- installation_spec.lua: what install commands make: real npm, pip, go and cargo against registries on
-- loopback; who may write it, who is shown it, and when it goes.

local cjson = require("cjson")
local network = dofile("tests/support/network.lua")
local world = dofile("tests/support/world.lua")

local shell, orket = world.orket.shell, world.orket
local refused = shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local NAMED = network.binary:match("^/") and network.binary
  or shell("pwd"):gsub("%s+$", "") .. "/" .. network.binary

local MOCK = [[
function run(...) return call("run_command", { argv = { ... } }) end
function work(talk)
  return steps(talk, %s, function() return say(finish()) end)
end
]]

-- ---- registries ----

local function sh(command, ...)
  local text, code = shell(command:format(...) .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("%s+$", ""))
end

-- A package `left`, and the files of a project that needs it.
local function npm(files, url)
  sh("mkdir -p %s/npm/package", files)
  orket.write(files .. "/npm/package/package.json", cjson.encode({ name = "left", version = "1.0.0" }))
  orket.write(files .. "/npm/package/index.js", "module.exports = s => '<' + s + '>'\n")
  sh("cd %s/npm && tar czf left-1.0.0.tgz package && rm -r package", files)
  local integrity = "sha512-" .. sh("openssl dgst -sha512 -binary %s/npm/left-1.0.0.tgz | base64 -w0", files)
  local at = url .. "/npm/left-1.0.0.tgz"
  local root = { name = "shop", version = "1.0.0", dependencies = { left = "1.0.0" } }
  return {
    ["package.json"] = cjson.encode(root),
    ["package-lock.json"] = cjson.encode({ name = "shop", version = "1.0.0", lockfileVersion = 3,
      requires = true, packages = { [""] = root,
        ["node_modules/left"] = { version = "1.0.0", resolved = at, integrity = integrity } } }),
  }
end

local NPM = {
  argv = { "npm", "ci" }, wall = 100, cpu = 100, memory = 2 << 30, procs = 200,
  install = { from = { "package.json", "package-lock.json" }, paths = { "node_modules" }, cache = ".npm",
    env = { npm_config_cache = "{installed}/.npm", npm_config_audit = "false", npm_config_fund = "false",
      npm_config_update_notifier = "false", npm_config_fetch_retries = "0" } },
}

local WHEEL = [[
import hashlib, os, sys, zipfile
files = sys.argv[1]
os.makedirs(files + "/simple/tiny", exist_ok=True)
name = "tiny-1.0-py3-none-any.whl"
with zipfile.ZipFile(files + "/" + name, "w") as z:
    z.writestr("tiny.py", "def say():\n    return 'tiny'\n")
    z.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    z.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr("tiny-1.0.dist-info/RECORD", "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n")
digest = hashlib.sha256(open(files + "/" + name, "rb").read()).hexdigest()
with open(files + "/simple/tiny/index.html", "w") as f:
    f.write('<html><body><a href="/%s#sha256=%s">%s</a></body></html>' % (name, digest, name))
print(digest)
]]

local function pip(files)
  orket.write(files .. "/wheel.py", WHEEL)
  local digest = sh("%s %s/wheel.py %s", network.python, files, files)
  return {
    ["requirements.txt"] = "tiny==1.0 --hash=sha256:" .. digest .. "\n",
    ["install.sh"] = "set -e\npython3 -m venv .venv\n.venv/bin/pip install -q --require-hashes -r requirements.txt\n",
  }
end

local function pip_command(url)
  return { argv = { "sh", "install.sh" }, wall = 100, cpu = 100, memory = 2 << 30,
    install = { from = { "install.sh", "requirements.txt" }, paths = { ".venv" }, env = {
      PIP_INDEX_URL = url .. "/simple", PIP_TRUSTED_HOST = "registry.test", PIP_DISABLE_PIP_VERSION_CHECK = "1",
      PATH = "{installed}/.venv/bin:/usr/local/bin:/usr/bin:/bin" } } }
end

-- A module `example.test/tiny`, and a program that needs it, with its sums as go itself writes them.
local function go(files, work)
  local at = files .. "/go/example.test/tiny/@v"
  sh("mkdir -p %s %s/example.test/tiny@v1.0.0 %s/src", at, work, work)
  orket.write(work .. "/example.test/tiny@v1.0.0/tiny.go", 'package tiny\n\nfunc Say() string { return "tiny" }\n')
  orket.write(work .. "/example.test/tiny@v1.0.0/go.mod", "module example.test/tiny\n\ngo 1.19\n")
  sh("cd %s && %s -m zipfile -c %s/v1.0.0.zip example.test", work, network.python, at)
  sh([[%s -c "
import sys, zipfile
old, new = zipfile.ZipFile('%s/v1.0.0.zip'), zipfile.ZipFile('%s/new.zip', 'w')
for i in old.infolist():
    if not i.filename.endswith('/'):
        new.writestr(i.filename, old.read(i))
new.close()" && mv %s/new.zip %s/v1.0.0.zip]], network.python, at, work, work, at)
  orket.write(at .. "/list", "v1.0.0\n")
  orket.write(at .. "/v1.0.0.info", '{"Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}')
  orket.write(at .. "/v1.0.0.mod", "module example.test/tiny\n\ngo 1.19\n")
  orket.write(work .. "/src/main.go",
    'package main\n\nimport (\n\t"fmt"\n\t"example.test/tiny"\n)\n\nfunc main() { fmt.Println(tiny.Say()) }\n')
  orket.write(work .. "/src/go.mod", "module shop\n\ngo 1.19\n\nrequire example.test/tiny v1.0.0\n")
  sh("cd %s/src && env GOMODCACHE=%s/mod GOCACHE=%s/cache GOPROXY=file://%s/go GONOSUMDB=* GOSUMDB=off "
    .. "GOFLAGS=-mod=mod /usr/bin/go mod tidy && chmod -R u+w %s/mod", work, work, work, files, work)
  return { ["main.go"] = orket.read(work .. "/src/main.go"), ["go.mod"] = orket.read(work .. "/src/go.mod"),
    ["go.sum"] = orket.read(work .. "/src/go.sum") }
end

local function go_command(url)
  return { argv = { "go", "mod", "download" }, wall = 100, cpu = 100, memory = 2 << 30, procs = 200,
    install = { from = { "go.mod", "go.sum" }, paths = { "mod" }, env = { GOMODCACHE = "{installed}/mod",
      GOPROXY = url .. "/go", GOSUMDB = "off", GOTOOLCHAIN = "local", GOFLAGS = "-modcacherw" } } }
end

-- A crate of a registry of files in a sparse index needs a younger cargo: git's index it is not. What
-- Debian's does without a registry's protocol is a vendored one, which the install command fetches.
local function cargo(files)
  sh("mkdir -p %s/crate/src", files)
  orket.write(files .. "/crate/Cargo.toml", '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n')
  orket.write(files .. "/crate/src/lib.rs", 'pub fn say() -> &\'static str { "tiny" }\n')
  sh("cd %s && tar czf tiny-1.0.0.crate --transform 's,^crate,tiny-1.0.0,' crate && rm -r crate", files)
  local sum = sh("sha256sum %s/tiny-1.0.0.crate | cut -d' ' -f1", files)
  return {
    ["Cargo.toml"] = '[package]\nname = "shop"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\ntiny = "1.0.0"\n',
    ["Cargo.lock"] = ('version = 3\n\n[[package]]\nname = "shop"\nversion = "1.0.0"\ndependencies = [\n "tiny",\n]\n\n'
      .. '[[package]]\nname = "tiny"\nversion = "1.0.0"\n'
      .. 'source = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "%s"\n'):format(sum),
    ["src/main.rs"] = "fn main() { println!(\"{}\", tiny::say()); }\n",
    ["fetch.py"] = ([[
import hashlib, io, json, os, tarfile, tomllib, urllib.request
for package in tomllib.load(open("Cargo.lock", "rb"))["package"]:
    if "checksum" not in package:
        continue
    name = "%%(name)s-%%(version)s" %% package
    crate = urllib.request.urlopen("http://registry.test:%d/" + name + ".crate").read()
    if hashlib.sha256(crate).hexdigest() != package["checksum"]:
        raise SystemExit(name + ": another sum than Cargo.lock")
    tarfile.open(fileobj=io.BytesIO(crate)).extractall("vendor")
    with open("vendor/" + name + "/.cargo-checksum.json", "w") as f:
        json.dump({"files": {}, "package": package["checksum"]}, f)
]]),
    [".cargo/config.toml"] = '[source.crates-io]\nreplace-with = "vendored"\n\n[source.vendored]\ndirectory = "vendor"\n',
  }
end

-- ---- projects ----

local function egress(net)
  return { hosts = { { host = "registry.test", port = net.http, private = true } }, seconds = 60 }
end

---options: files (of the epic), commands, steps, fixture, issues
local function project(options)
  local files = {}
  for path, text in pairs(options.files) do
    files["workspace/ep/tree/" .. path] = text
  end
  if options.fixture then
    files["verification/check.json"] = cjson.encode(options.fixture)
  end
  local issues = options.issues or { { id = "A" } }
  for _, issue in ipairs(issues) do
    issue.verification = options.fixture and { fixture_path = "check.json" } or nil
  end
  local steps = {}
  for i, text in ipairs(options.steps) do
    steps[i] = "function() return say(" .. text .. ") end"
  end
  return world.new({ binary = NAMED, environment = "ORKET_NAMES='registry.test=127.0.0.1'", issues = issues,
    limits = { concurrency = options.concurrency or 1 }, rules = { commands = options.commands }, files = files,
    mock = MOCK:format(table.concat(steps, ", ")) })
end

-- The run to its end, a yes to whatever is asked; how often it was asked.
local function through(w)
  local asked = 0
  while true do
    local text, code = w:run()
    if code ~= 3 or not w:pending()[1] then
      assert.equal(0, code, text)
      return asked
    end
    asked = asked + 1
    w:orket("approve " .. w:pending()[1].id)
  end
end

local function ran(w)
  local found = {}
  for _, event in ipairs(w:events("command.ran")) do
    found[#found + 1] = event.body
  end
  return found
end

local function installed(w)
  local keys = {}
  for name in shell("ls -A " .. w.dir .. "/.orket/installed 2>/dev/null"):gmatch("[^\n]+") do
    keys[#keys + 1] = name:match("^(%x+)$")
  end
  return keys
end

describe("an install command", function()
  local net, files, work

  setup(function()
    files, work = orket.directory(), orket.directory()
    net = network.start(files)
    net.url = "http://registry.test:" .. net.http
  end)

  teardown(function()
    net:__close()
    orket.remove(files)
    shell("chmod -R u+w " .. work)
    orket.remove(work)
  end)

  before_each(function()
    net:reached()
  end)

  local function with_egress(command)
    local all = { egress = egress(net) }
    for key, value in pairs(command) do
      all[key] = value
    end
    return all
  end

  test("`npm ci` installs for every card of the epic at once, and verification has it as well", function()
    local w <close> = project({ files = npm(files, net.url), commands = { with_egress(NPM),
      { argv = { "node", "**" }, memory = 2 << 30, procs = 100 } },
      steps = { [[run("npm", "ci")]],
        [[run("node", "-e", "console.log(require('left')('x')); try { require('fs').writeFileSync('node_modules/left/index.js', '') } catch (e) { console.log(e.code) }")]],
        [[run("npm", "ci")]] },
      issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
      fixture = { argv = { "node", "-e", "process.exit(require('left')('a') == '<a>' ? 0 : 1)" },
        memory = 2 << 30, procs = 100 } })
    assert.equal(1, through(w))
    local all = ran(w)
    assert.same({ 0, 0, 0 }, { all[1].exit, all[2].exit, all[3].exit }, cjson.encode(all[1]))
    assert.equal("<x>\nEROFS\n", all[2].stdout)
    assert.same({ #all, "installed already: node_modules\n", "installed already: node_modules\n" },
      { 6, all[3].stdout, all[4].stdout })
    assert.equal("GET /npm/left-1.0.0.tgz\n", net:reached())
    assert.equal(1, #installed(w))
    assert.same({ installed(w)[1] }, w:events("verify.done")[1].body.installed)
    assert.same({ "package-lock.json", "package.json" }, (function()
      local names = {}
      for name in sh("ls %s/workspace/ep/tree", w.dir):gmatch("[^\n]+") do
        names[#names + 1] = name
      end
      return names
    end)())
    w:replays()
  end)

  test("another lock file is another installation, and what its tool keeps is taken over", function()
    local made = npm(files, net.url)
    local other = made["package-lock.json"]:gsub('"name":"shop"', '"name":"shop" ', 1)
    local w <close> = project({ files = made, commands = { with_egress(NPM) }, steps = { [[run("npm", "ci")]],
      ("write(\"package-lock.json\", %q)"):format(other), [[run("npm", "ci")]] } })
    through(w)
    assert.equal(2, #installed(w))
    assert.equal("GET /npm/left-1.0.0.tgz\n", net:reached()) -- the second time it came from npm's cache
  end)

  test("a package that is not what the lock file says fails, and nothing of it stays", function()
    local made = npm(files, net.url)
    orket.write(files .. "/npm/left-1.0.0.tgz", "another")
    local w <close> = project({ files = made, commands = { with_egress(NPM) }, steps = { [[run("npm", "ci")]] } })
    through(w)
    assert.truthy(ran(w)[1].exit ~= 0)
    assert.truthy((ran(w)[1].stderr .. ran(w)[1].stdout):find("EINTEGRITY", 1, true), cjson.encode(ran(w)[1]))
    assert.is_nil(ran(w)[1].installed)
    assert.same({}, installed(w))
  end)

  test("`pip install` into a virtualenv, by the hashes of its requirements", function()
    local w <close> = project({ files = pip(files), commands = { with_egress(pip_command(net.url)) },
      steps = { [[run("sh", "install.sh")]] },
      fixture = { argv = { "python3", "-c", "import sys, tiny; sys.exit(tiny.say() != 'tiny' or '.venv' not in sys.prefix)" } } })
    through(w)
    assert.equal(0, ran(w)[1].exit, ran(w)[1].stderr .. ran(w)[1].stdout)
    assert.truthy(w:events("verify.done")[1].body.ok, w:events("verify.done")[1].body.log)
    w:replays()
  end)

  test("`go build` with modules that were downloaded by their sums", function()
    local w <close> = project({ files = go(files, work), commands = { with_egress(go_command(net.url)),
      { argv = { "go", "run", "." }, wall = 100, cpu = 200, memory = 2 << 30, procs = 200 } },
      steps = { [[run("go", "mod", "download")]], [[run("go", "run", ".")]] } })
    through(w)
    local all = ran(w)
    assert.equal(0, all[1].exit, all[1].stderr .. all[1].stdout)
    assert.equal("tiny\n", all[2].stdout, cjson.encode(all[2]))
  end)

  test("`cargo build --offline` with crates that were fetched by the sums of Cargo.lock", function()
    local made = cargo(files)
    made["fetch.py"] = made["fetch.py"]:format(net.http)
    local w <close> = project({ files = made, commands = {
      with_egress({ argv = { "python3", "fetch.py" }, wall = 60,
        install = { from = { "Cargo.lock", "fetch.py" }, paths = { "vendor" } } }),
      { argv = { "cargo", "run", "--offline", "-q" }, wall = 100, cpu = 200, memory = 2 << 30, procs = 200 } },
      steps = { [[run("python3", "fetch.py")]], [[run("cargo", "run", "--offline", "-q")]] } })
    through(w)
    local all = ran(w)
    assert.equal(0, all[1].exit, all[1].stderr)
    assert.equal("tiny\n", all[2].stdout, cjson.encode(all[2]))
  end)

  -- ---- attacks and ends ----

  local MAKE = { argv = { "sh", "make.sh" }, install = { from = { "make.sh" }, paths = { "made" },
    env = { MADE = "{installed}/made" } } }

  local function made_by(script, steps, more)
    return project({ files = { ["make.sh"] = script, secret = "theirs" },
      commands = { MAKE, { argv = { "sh", "-c", "**" } }, table.unpack(more or {}) }, steps = steps })
  end

  test("sees the files that it is made from, and nothing else of the tree or the project", function()
    local w <close> = made_by("mkdir made; ls -A > made/seen; ls -A ../../.. > made/above",
      { [[run("sh", "make.sh")]], [[run("sh", "-c", "cat made/seen made/above $MADE/seen")]] })
    through(w)
    assert.equal("made\nmake.sh\n.orket\nmade\nmake.sh\n", ran(w)[2].stdout)
  end)

  test("no other program writes it, whichever way it goes there", function()
    local w <close> = made_by("mkdir made; echo good > made/file", { [[run("sh", "make.sh")]],
      [[run("sh", "-c", "echo bad > made/file; echo bad > $MADE/file; rm -rf $MADE; chmod 777 $MADE; mv $MADE x; rm made; mkdir made; echo bad > made/file; cat $MADE/file")]],
      [[run("sh", "-c", "cat $MADE/file; ls made")]] })
    through(w)
    assert.equal("good\n", ran(w)[2].stdout)
    -- what it put in the place of the link is a file of the tree, which everybody sees and judges
    assert.same({ "made/file" }, { ran(w)[2].changes[1].path })
    assert.equal("good\nfile\n", ran(w)[3].stdout)
  end)

  test("one that fails or makes nothing leaves nothing, and an interrupted one is made anew", function()
    local w <close> = made_by("mkdir made; exit 3", { [[run("sh", "make.sh")]],
      [[write("make.sh", "true")]], [[run("sh", "make.sh")]] })
    through(w)
    assert.same({ 3, 0 }, { ran(w)[1].exit, ran(w)[2].exit })
    assert.truthy(ran(w)[2].stderr:find("made no made", 1, true))
    assert.same({}, installed(w))
  end)

  test("two cards that install the same at one time get one installation", function()
    local w <close> = project({ files = { ["make.sh"] = "mkdir made; sleep 0.5" }, commands = { MAKE },
      steps = { [[run("sh", "make.sh")]] }, issues = { { id = "A" }, { id = "B" } }, concurrency = 2 })
    through(w)
    local said = { ran(w)[1].stdout, ran(w)[2].stdout }
    table.sort(said)
    assert.same({ "", "installed already: made\n" }, said)
    assert.equal(1, #installed(w))
    w:replays()
  end)

  for name, many in pairs({ ["a plain tree"] = 0, ["a tree of layers"] = 300 }) do
    test("what a program puts in the place of a link is judged and kept, a file too, in " .. name, function()
      local w <close> = made_by("mkdir made; echo good > made/file", { [[run("sh", "make.sh")]],
        [[run("sh", "-c", "cat made/file; rm made; echo own > made")]],
        [[run("sh", "-c", "cat made; rm made; ln -s /etc made; ls /proc/self/cwd/")]],
        [[run("sh", "-c", "cat made $MADE/file")]] })
      for i = 1, many do
        w:write("workspace/ep/tree/many/" .. i, tostring(i))
      end
      through(w)
      local all = ran(w)
      assert.same({ "good\n", "own\n", "own\ngood\n" },
        { all[2].stdout, (all[3].stdout:match("^own\n")), all[4].stdout })
      assert.equal("made", all[2].changes[1].path)
      assert.same({ {}, {} }, { all[3].changes, all[4].changes })
      assert.equal(many > 0, w:exists("workspace/ep/layers/A/changes/made"))
      w:replays()
    end)
  end

  test("links in it lead no program anywhere but where it could go itself", function()
    local w <close> = made_by("mkdir made; ln -s /etc/shadow made/a; ln -s ../../../config made/b; ln -s /proc/1 made/c",
      { [[run("sh", "make.sh")]], [[run("sh", "-c", "cat made/a; ls made/b/; ls made/c/cwd; true")]] })
    through(w)
    assert.equal("", ran(w)[2].stdout)
    assert.same({}, ran(w)[2].changes)
  end)

  test("another card's change of what it is made from never meets the first one's installation", function()
    local w <close> = made_by("mkdir made; echo one > made/file", { [[run("sh", "make.sh")]],
      [[write("make.sh", "mkdir made; echo two > made/file")]], [[run("sh", "-c", "ls made")]],
      [[run("sh", "make.sh")]], [[run("sh", "-c", "cat made/file")]] })
    through(w)
    local all = ran(w)
    assert.equal("", all[2].stdout) -- nothing is installed for these bytes
    assert.equal("two\n", all[4].stdout)
    assert.equal(2, #installed(w))
  end)

  test("without the files that it is made from it does not run, and the model reads which", function()
    local w <close> = project({ files = { other = "" }, commands = { MAKE }, steps = { [[run("sh", "make.sh")]] } })
    through(w)
    assert.same({ "ERR_NOT_FOUND", "it is installed from make.sh, which is not there" },
      { ran(w)[1].error.code, ran(w)[1].error.message })
    assert.same({}, installed(w))
    w:replays()
  end)

  test("its argv is no pattern", function()
    local w <close> = made_by("x", { [[run("sh", "make.sh")]] })
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.commands[1].argv = { "sh", "*" }
    w:write("config/organization.json", cjson.encode(config))
    local text, code = w:run()
    assert.equal(1, code)
    assert.truthy(text:find("no '*' and no '?'", 1, true), text)
  end)

  test("`orket gc` takes what no program was shown for so long, and what a crash left", function()
    local w <close> = made_by("mkdir made; ln -s x made/link; echo x > 'made/a b'", { [[run("sh", "make.sh")]] })
    through(w)
    sh("mkdir -p %s/.orket/installed/%s/x", w.dir, ("ab"):rep(16))
    local key = ran(w)[1].installed[1]
    local dry = cjson.decode((w:orket("gc --keep 30d --dry-run --json")))
    assert.same({ ("ab"):rep(16) }, { dry.installed[1].key })
    assert.equal(0, (select(2, w:orket("gc --keep 30d"))))
    assert.same({ key }, installed(w))
    local note = cjson.decode(w:read(".orket/installed/" .. key .. ".json"))
    note.at = "2020-01-01T00:00:00Z"
    w:write(".orket/installed/" .. key .. ".json", cjson.encode(note))
    assert.truthy(w:orket("gc --keep 30d"):find("removed .orket/installed/" .. key, 1, true))
    assert.same({}, installed(w))
    w:replays()
  end)
end)
