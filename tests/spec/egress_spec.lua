-- egress_spec.lua: commands of the organization that reach the network: a person's yes, what reaches the
-- journal and the model, and that a replay needs none of it.

local cjson = require("cjson")
local network = dofile("tests/support/network.lua")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local NAMED = network.binary:match("^/") and network.binary
  or world.orket.shell("pwd"):gsub("%s+$", "") .. "/" .. network.binary

-- curl is no part of what jails need to have: a program of the test's own asks.
local GET = [[
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url).read().decode().strip())
    except Exception as e:
        print("failed:", e)
]]

local MOCK = [[
function get(...) return call("run_command", { argv = { "python3", "get.py", ... } }) end
function work(talk)
  return steps(talk, function() return say(write("get.py", GET)) end, %s, function() return say(finish()) end)
end
]]

local function project(net, options)
  local steps = {}
  for i, text in ipairs(options.steps) do
    steps[i] = "function() return say(" .. text:gsub("{http}", net.http) .. ") end"
  end
  local hosts = options.hosts or { { host = "registry.test", port = net.http, private = true } }
  local command = { argv = { "python3", "get.py", "**" }, wall = 20,
    egress = { hosts = hosts, bytes = options.bytes,
      seconds = options.seconds or 10 } }
  return world.new({ binary = NAMED, environment = "ORKET_NAMES='registry.test=127.0.0.1 other.test=127.0.0.1'",
    issues = options.issues or { { id = "A" } }, limits = { concurrency = 1 }, gate = options.gate,
    rules = { commands = { command } }, files = options.files,
    mock = ("GET = %q\n"):format(GET) .. MOCK:format(table.concat(steps, ", ")) })
end

local ONE = { [[get("http://registry.test:{http}/file")]] }

-- What the model read last of a command.
local function told(w)
  for n = w:requests(), 1, -1 do
    for _, message in ipairs(cjson.decode(w:request(n)).messages) do
      local body = message.role == "tool" and cjson.decode(message.content) or {}
      if body.error or type(body.result) == "table" and body.result.stdout then
        return body
      end
    end
  end
end

describe("a command with egress", function()
  local net

  setup(function()
    net = network.start()
  end)

  teardown(function()
    net:__close()
  end)

  before_each(function()
    net:reached()
  end)

  test("waits for a person the first time in an epic, who sees where it reaches, and no more after that",
    function()
      local w <close> = project(net, { steps = { ONE[1], ONE[1] },
        issues = { { id = "A" }, { id = "B", depends_on = { "A" } } } })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.equal("", net:reached())
      local one = w:pending()[1]
      assert.same({ "A", "run_command", "gate.egress" }, { one.card, one.tool, one.rule })
      assert.equal("it reaches the network, and a yes is for this command in the whole epic: registry.test:"
        .. net.http, one.why)
      assert.same({ "python3", "get.py", "**" }, one.operation.command)
      assert.same({ { host = "registry.test", port = net.http, private = true } }, one.operation.egress.hosts)
      assert.truthy(w:orket("approvals"):find("registry.test", 1, true))
      assert.equal(0, (select(2, w:orket("approve A"))))
      text, code = w:run()
      assert.equal(0, code, text)
      assert.equal(("GET /file\n"):rep(4), net:reached())
      assert.equal(1, #w:events("approval.asked"))
      assert.equal(4, #w:events("egress.request"))
      w:replays()
      assert.equal("", net:reached())
    end)

  test("after a no it is a refusal that the model reads, and the next one is asked about again", function()
    local w <close> = project(net, { steps = { ONE[1], ONE[1] } })
    w:run()
    assert.equal(0, (select(2, w:orket("deny A --why 'not from there'"))))
    assert.equal(3, (select(2, w:run())))
    assert.equal("approval.denied", told(w).error.rule)
    assert.equal(2, #w:events("approval.asked"))
    assert.equal(0, #w:events("command.ran"))
    assert.equal("", net:reached())
  end)

  test("another list of hosts, or another command, is another question", function()
    local w <close> = project(net, { steps = ONE, issues = { { id = "A" }, { id = "B", depends_on = { "A" } } } })
    w:run()
    w:orket("approve A")
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.commands[1].egress.hosts[2] = { host = "other.test", port = net.http, private = true }
    w:write("config/organization.json", cjson.encode(config))
    -- the question was about fewer hosts than the yes would count for
    assert.equal(3, (select(2, w:run())))
    assert.equal("void", w:events("approval.settled")[1].body.outcome)
    assert.equal("approval.void", told(w).error.rule)
    assert.equal(0, #w:events("egress.request"))
    assert.same({ "B" }, { w:pending()[1].card })
  end)

  test("every request is an event with host, bytes and hash, the refused ones in the reports; the model reads why",
    function()
      local w <close> = project(net, { steps = {
        [[get("http://registry.test:{http}/file?token=secret", "http://other.test:{http}/file")]] } })
      w:run()
      w:orket("approve A")
      local text, code = w:run()
      assert.equal(0, code, text)
      local first, second = table.unpack(w:events("egress.request"))
      assert.same({ "allow", "GET", "registry.test", net.http, "/file", "127.0.0.1", 200 },
        { first.body.decision, first.body.method, first.body.host, first.body.port, first.body.path,
          first.body.address, first.body.status })
      assert.equal(world.orket.probe([[print(require("orket.core.hash").of("hello from outside\n"))]]),
        first.body.hash .. "\n")
      assert.truthy(first.body.received > 19 and first.body.sent > 19)
      assert.same({ "deny", "egress.host", "other.test" },
        { second.body.decision, second.body.rule, second.body.host })
      local body = told(w).result
      assert.same({ { host = "other.test", port = net.http, rule = "egress.host",
        why = "other.test:" .. net.http .. " is not named in the command's egress",
        fix = "use only the hosts and ports that process_rules.commands names for it" } }, body.network.failed)
      assert.truthy(w:orket("reports"):find("egress.host", 1, true))
      assert.truthy(w:orket("log"):find("requested GET registry.test:" .. net.http .. "/file: 200", 1, true))
      assert.is_nil(w:orket("log --json"):find("token=secret", 1, true) and first.body.path:find("token", 1, true))
      w:replays()
    end)

  test("what it reads is from outside: the turn and the files that it writes are labelled", function()
    local w <close> = project(net, { steps = ONE })
    w:run()
    w:orket("approve A")
    w:run()
    local labelled = w:events("turn.labelled")
    assert.same({ "untrusted" }, labelled[1].body.labels)
  end)

  test("a bound that is hit is named to the model", function()
    local w <close> = project(net, { bytes = 2000, steps = { [[get("http://registry.test:{http}/big")]] } })
    w:run()
    w:orket("approve A")
    assert.equal(0, (select(2, w:run())))
    local result = told(w).result
    assert.equal("bytes", result.network.limit)
    assert.equal("egress.limit.bytes", result.network.failed[1].rule)
    w:replays()
  end)

  test("after a kill in the middle of it the command runs again, by the yes that it had", function()
    local w <close> = project(net, { seconds = 1, steps = { [[get("http://registry.test:{http}/hang")]] } })
    w:run()
    w:orket("approve A")
    local run = w:start()
    assert(world.wait(function()
      return world.orket.read(net.dir .. "/log"):find("GET /hang", 1, true)
    end), "it did not ask")
    run.kill("KILL")
    run.wait()
    assert.equal(0, #w:events("egress.request"))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("GET /hang\nGET /hang\n", net:reached())
    assert.same({ 1, 1 }, { #w:events("egress.request"), #w:events("approval.asked") })
    assert.equal("egress.limit.seconds", w:events("egress.request")[1].body.rule)
    w:replays()
  end)

  test("a recorded yes answers the question of egress alone: what a rule of the organization asks is asked again",
    function()
      local w <close> = project(net, { steps = { ONE[1], ONE[1] },
        gate = { { id = "net", effect = "ask", tools = { "run_command" }, why = "ask each time" } } })
      local asked = {}
      while select(2, w:run()) == 3 do
        asked[#asked + 1] = w:pending()[1].rule
        w:orket("approve A")
      end
      assert.same({ "house.net", "gate.egress", "house.net" }, asked)
      assert.equal(2, #w:events("egress.request"))
      w:replays()
    end)

  test("verification has no network, whatever commands have", function()
    local w <close> = project(net, { steps = { [[write("x", "y")]] },
      issues = { { id = "A", verification = { fixture_path = "net.json" } } },
      files = { ["verification/net.json"] = cjson.encode({ argv = { network.python, "-c",
        "import os, sys; sys.exit(any('proxy' in k.lower() for k in os.environ))" } }) } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(w:events("verify.done")[1].body.ok)
  end)

  test("the configuration takes names and ports, no addresses, and says what is wrong", function()
    local w <close> = project(net, { steps = ONE })
    local config = cjson.decode(w:read("config/organization.json"))
    for _, host in ipairs({ "127.0.0.1", "::1", "2130706433", "0x7f.1", "a b", "*.test", "registry.test.", "" }) do
      config.process_rules.commands[1].egress.hosts[1].host = host
      w:write("config/organization.json", cjson.encode(config))
      local text, code = w:orket("validate")
      assert.equal(1, code, host)
      assert.truthy(text:find("egress/hosts/0/host", 1, true), text)
    end
  end)
end)
