-- attack_tree_spec.lua: a program that a verification runs plants links in the card's tree for its next turn.

local cjson = require("cjson")
local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")

describe("a tree in which a program planted links", function()
  it("leads nowhere", function()
    local dir = hostile.project({
      ["outside/secret.txt"] = "OUTSIDE",
      ["verification/plant.json"] = { argv = { "sh", "{verification}/plant.sh" } },
      ["verification/plant.sh"] = [[
ln -s ../../../../outside way; ln -s ../../../../outside/secret.txt file; ln ../../../../outside/secret.txt hard
ln -s /proc/self/root root; rm -rf a.txt; ln -s ../../../../outside/secret.txt a.txt; mkfifo pipe; mkdir -p .git; touch .git/config
exit 1]],
    })
    local epic = cjson.decode(orket.read(dir .. "/p/config/epics/hello.json"))
    epic.issues[1].verification = { fixture_path = "plant.json" }
    orket.write(dir .. "/p/config/epics/hello.json", cjson.encode(epic))
    local text, code = hostile.run(dir, [=[
      local calls = { { name = "write_file", arguments = { path = "a.txt", content = "mine" } } }
      for _, path in ipairs({ "way/secret.txt", "file", "hard", "root/etc/passwd", "a.txt", "pipe", "way" }) do
        calls[#calls + 1] = { name = "read_file", arguments = { path = path } }
        calls[#calls + 1] = { name = "write_file", arguments = { path = path, content = "x" } }
        calls[#calls + 1] = { name = "list_directory", arguments = { path = path } }
      end
      return { { calls = calls } }
    ]=])
    local all = orket.shell("grep -ra 'OUTSIDE\\|root:x' " .. dir .. "/p/.orket " .. dir
      .. "/p/workspace; cat " .. dir .. "/p/outside/secret.txt")
    hostile.remove(dir)
    assert.equal(3, code, text)
    assert.equal("OUTSIDE", all)
  end)
end)
