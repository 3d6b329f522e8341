-- attack_remote_spec.lua: servers that answer a fetch with something else than a repository, and addresses that
-- lead elsewhere.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local WORK = [[
function work(talk)
  return steps(talk, function() return say(write("made.txt", "made\n"), finish()) end)
end
]]

local root, pid, url

setup(function()
  root = orket.directory()
  orket.shell("git init -q --bare " .. root .. "/plain.git")
  pid = orket.shell(("python3 tests/support/git_server.py %s >%s/port 2>%s/err & echo $!"):format(root, root, root)):match("%d+")
  assert(world.wait(function()
    url = orket.read(root .. "/port"):match("%d+")
    return url
  end), "the server did not start")
  url = "http://127.0.0.1:" .. url
end)

teardown(function()
  os.execute("kill " .. pid)
  orket.remove(root)
end)

local HOSTILE = {
  ["no-git"] = "ERR_PROTOCOL", nothing = "ERR_PROTOCOL", ["cut-line"] = "a line is cut off",
  ["endless-refs"] = "it has too many refs", ["odd-object"] = "an object that is no SHA-1",
  sha256 = "an object that is no SHA-1", ["steering-error"] = "the other repository refused",
  ["no-pack"] = "ERR_PROTOCOL", ["broken-pack"] = "ERR_GIT", ["count-bomb"] = "ERR_GIT",
  ["other-pack"] = "the pack that came does not hold", ["odd-shallow"] = "ERR_", refuses = "not our ref",
  redirect = "answered 301", ["redirect-here"] = "answered 302", huge = "ERR_TOO_LARGE",
}

describe("a hostile server of git", function()
  for kind, wanted in pairs(HOSTILE) do
    it("gives no epic its files: " .. kind, function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK,
        source = { repo = url .. "/hostile/" .. kind } })
      local text, code = w:run()
      assert.equal(1, code, text)
      assert(text:find(wanted, 1, true), text)
      assert.is_nil(text:find("\27", 1, true))
      assert.same({ {}, {} }, { w:events("turn.started"), w:events("source.imported") })
      assert.equal("", (orket.shell("ls " .. w.dir .. "/workspace/ep/tree 2>/dev/null")))
    end)
  end
end)

describe("an address of a repository", function()
  for _, place in ipairs({ "ext::sh -c x", "file:///etc", "ssh://h/x", "git://h/x", "git@example.org:x", "https://user:pass@h/x",
    "http://example.org/x.git", "http://127.0.0.1.example.org/x", "https://h/x?y=1", "https://h/x y", "fd::3" }) do
    it("is refused before anything is asked: " .. place, function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK, source = { repo = place } })
      local text, code = w:run()
      assert.equal(1, code, text)
      assert(text:find("ERR_CONFIG", 1, true), text)
      local organization = cjson.decode(w:read("config/organization.json"))
      organization.remotes = { r = { url = place } }
      w:write("config/organization.json", cjson.encode(organization))
      text, code = w:orket("validate")
      assert.equal(1, code)
      assert(text:find("/remotes/r/url", 1, true) or text:find("remotes.r.url", 1, true), text)
    end)
  end
end)

describe("a remote", function()
  it("is sent no key of another address, and a directory none at all", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK })
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.keys = { k = { env = "K", origin = "https://example.org" } }
    for place, wanted in pairs({ [url .. "/plain.git"] = "belongs to https://example.org alone",
      ["/srv/x.git"] = "a directory is sent no key" }) do
      organization.remotes = { r = { url = place, key = "k" } }
      w:write("config/organization.json", cjson.encode(organization))
      local text, code = w:orket("validate")
      assert.equal(1, code)
      assert(text:find(wanted, 1, true), text)
    end
  end)
end)
