-- attack_service_spec.lua: who has a credential of `orket serve`, and wants more than it gives: what a role does
-- not have, a second yes in another's place, the place of others at the server, another project.

local accounts = dofile("tests/support/accounts.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function served(options)
  local w = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
  for name, role in pairs({ ada = "admin", dev = "developer", eve = "viewer" }) do
    accounts.add(w, name, role)
  end
  return w, service.start(w, options)
end

describe("a viewer", function()
  local w, s, eve, ada

  setup(function()
    w, s = served()
    eve, ada = accounts.token(s, "eve"), accounts.token(s, "ada")
  end)

  teardown(function()
    s:__close()
    w:__close()
  end)

  it("reads nothing of the audit among the events, nor by asking why", function()
    local audited = accounts.ask(s, ada, "GET", "/v1/audit").body.items[1]
    assert.equal("user.created", audited.kind)
    assert.equal(403, accounts.ask(s, eve, "GET", "/v1/audit").status)
    assert.equal(403, accounts.ask(s, eve, "GET", ("/v1/why/%d"):format(audited.seq)).status)
    assert.equal(200, accounts.ask(s, ada, "GET", ("/v1/why/%d"):format(audited.seq)).status)
    for _, path in ipairs({ "/v1/events?kinds=user.,key.", "/v1/events", "/v1/events?kinds=u" }) do
      assert.is_nil(accounts.ask(s, eve, "GET", path).text:find('"user%.'), path)
      assert.truthy(accounts.ask(s, ada, "GET", path).text:find('"user%.'), path)
    end
    s.key = eve
    local stream <close> = setmetatable(s:follow("/v1/events?after=0"), { __close = function(self) self.stop() end })
    accounts.add(w, "late", "viewer")
    assert.equal(200, accounts.ask(s, ada, "POST", "/v1/acts/comment", { card = "A", text = "x" }).status)
    assert(service.wait(function() return stream.text():find("comment.added", 1, true) end))
    assert.is_nil(stream.text():find("user.created", 1, true))
  end)

  it("is given no stream that was an administrator's", function()
    accounts.add(w, "max", "admin")
    s.key = accounts.token(s, "max")
    local stream = s:follow("/v1/events")
    accounts.run(w, "user role max viewer")
    assert(service.wait(stream.ended))
  end)
end)
