-- repositories.lua: five small repositories with a failing test each are taken to green as their users would:
-- `orket init`, a card, a scripted model that installs with the real package manager through the egress
-- proxy, edits wrongly, reads the failed verification, edits rightly; the branch is pushed to a bare repository,
-- and a clone of that is green under the repository's own runner. And this repository's own import. ONLY= some
-- of c, python, npm, go, site, self. Exit 1 when something is not so.

local measure = dofile("bench/measure.lua")
local cases = dofile("bench/evidence/repositories/cases.lua")
local checks = dofile("bench/evidence/repositories/checks.lua")
local network = dofile("tests/support/network.lua")
local users = dofile("bench/evidence/repositories/user.lua")

local HOST = "registry.test"
local only = os.getenv("ONLY")
local directory <close> = measure.directory()

local function absolute(path)
  return (measure.shell("realpath " .. path):gsub("%s+$", ""))
end

local named = absolute(network.binary) -- the product, for which HOST leads to loopback

-- ---- what the package managers reach ----

local function registry_of(net, files)
  local registry = { host = HOST, port = net.http, url = ("http://%s:%d"):format(HOST, net.http),
    loopback = "http://127.0.0.1:" .. net.http }
  local text, ok = measure.shell(("%s -B %sregistry.py %s %s 2>&1"):format(network.python, users.sources, files, registry.url))
  assert(ok, text)
  return registry
end

-- ---- one repository ----

local function taken_to_green(case, registry)
  local user = users.new(absolute(directory:new()), named, case, registry)
  local bare = user.place .. "/bare.git"
  local result = { name = case.name, title = case.title }
  user:makes_repository()
  user:git("init -q --bare " .. bare)
  result.before = user:tests_of(user.repo, "main", "before")
  user:makes_project(bare)
  local model <close> = user:starts_model()
  local begun = measure.now()
  result.run, result.code = user:runs_epic()
  result.seconds = measure.now() - begun
  result.branch, result.pushed = user:orket("branch fix"), user:orket("push fix --remote forge")
  result.after = user:tests_of(bare, "orket/fix", "after")
  checks.all(user, result, bare)
  return result
end

local function line(result)
  print(("%-16s %6.1f s  %3d steps  %d yes  before %d passed, %d failed  after %d passed, %d failed  %s"):format(
    result.title, result.seconds, result.steps, result.yes, result.before.passed, result.before.failed,
    result.after.passed, result.after.failed, #result.wrong == 0 and "green" or "WRONG"))
  for _, what in ipairs(result.wrong) do
    print("  " .. what)
  end
end

local function tried(case, registry)
  local ok, result = xpcall(taken_to_green, debug.traceback, case, registry)
  if not ok then
    print(("%-16s WRONG\n  %s"):format(case.title, result))
    return { name = case.name, wrong = { result } }
  end
  line(result)
  return result
end

-- ---- all ----

local files = absolute(directory:new())
local net <close> = network.start(files)
local figures, is_green = {}, true
for _, case in ipairs(cases.all(registry_of(net, files), only)) do
  local result = tried(case, { host = HOST })
  figures[case.name] = { seconds = result.seconds, steps = result.steps, green = #result.wrong == 0 }
  is_green = is_green and #result.wrong == 0
end
measure.bench(figures)
os.exit(is_green, true)
