-- matrix_spec.lua: every route of openapi.json, asked for by every kind of credential. Whether it is refused
-- follows from its x-permission and from what the role has; a list made by people checks that it does.

local cjson = require("cjson")
local accounts = dofile("tests/support/accounts.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local HAS = { -- what each credential has
  viewer = { self = true, read = true },
  developer = { self = true, read = true, run = true, act = true },
  admin = { self = true, read = true, run = true, act = true, admin = true },
  the_key = { self = true, read = true, run = true, act = true, admin = true },
  auditor = { self = true, audit = true, inbox = true }, -- a role of the organization: two routes
  key_of_developer = { self = true, read = true }, -- its scope
  service_key = { self = true, read = true, run = true },
}

-- Made by people: what a route asks for, so that a slip in the registry is seen.
local EXPECTED = {
  ["GET /health"] = "open", ["POST /v1/login"] = "open", ["GET /v1/me"] = "self", ["POST /v1/token"] = "self",
  ["POST /v1/logout"] = "self", ["GET /v1/board"] = "read", ["GET /api/board"] = "read", ["GET /metrics"] = "read",
  ["GET /v1/events"] = "read", ["GET /ws/events"] = "read", ["POST /v1/cards/{id}/execute"] = "run",
  ["POST /api/cards/{id}/execute"] = "run", ["POST /v1/runs"] = "run", ["POST /v1/runs/{id}/halt"] = "run",
  ["POST /v1/approvals/{id}/approve"] = "act", ["POST /v1/approvals/{id}/deny"] = "act",
  ["POST /v1/acts/move"] = "act", ["POST /v1/acts/accept"] = "admin", ["POST /v1/acts/rollback"] = "admin",
  ["POST /v1/acts/mcp.trust"] = "admin", ["POST /v1/system/save"] = "admin", ["GET /v1/users"] = "admin",
  ["POST /v1/users"] = "admin", ["POST /v1/users/{name}"] = "admin", ["POST /v1/users/{name}/remove"] = "admin",
  ["GET /v1/audit"] = "admin",
}

local ALLOWED = { open = true, self = true, read = true, run = true, act = true, admin = true }

-- Routes that would end what is tried, when they are let through: they are tried where they are refused.
local ENDS = { logout = true, rotate_token = true, change_password = true }

-- Asks for all routes with all credentials, in one process: rows of JSON in, {status, code} a line out.
local PROBE = [[
import http.client, json, sys
port = int(sys.argv[1])
for line in sys.stdin:
    row = json.loads(line)
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Host": "127.0.0.1:%d" % port}
    if row.get("key"): headers["Authorization"] = "Bearer " + row["key"]
    body = None
    if row["method"] != "GET": headers["Content-Type"], body = "application/json", "{}"
    c.request(row["method"], row["path"], body, headers)
    r = c.getresponse()
    kind = r.getheader("Content-Type") or ""
    said = r.read() if "problem" in kind else b"{}"
    print(json.dumps([r.status, json.loads(said or b"{}").get("detail", "")]), flush=True)
    c.close()
]]

local function probe(w, s, rows)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = cjson.encode(row)
  end
  orket.write(w.dir .. "/.test/probe.py", PROBE)
  orket.write(w.dir .. "/.test/rows", table.concat(lines, "\n") .. "\n")
  local text = orket.shell(("python3 %s/.test/probe.py %d < %s/.test/rows"):format(w.dir, s.port, w.dir))
  local answers = {}
  for line in text:gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  assert.equal(#rows, #answers, text)
  return answers
end

local function routes_of(s)
  local list = {}
  for path, methods in pairs(s:get("/openapi.json").body.paths) do
    for method, operation in pairs(methods) do
      list[#list + 1] = { name = operation.operationId:gsub("_%d+$", ""), method = method:upper(), path = path,
        permission = operation["x-permission"] }
    end
  end
  return list
end

local function is_refused(answer)
  return answer[1] == 401 or answer[1] == 403 and answer[2]:find("it needs the permission", 1, true) ~= nil
end

local w, other, s, routes, keys

local function new_world()
  local new = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
  local path = new.dir .. "/config/organization.json"
  local organization = cjson.decode(orket.read(path))
  organization.people = { roles = { auditor = { "audit", "inbox" } } }
  orket.write(path, cjson.encode(organization))
  return new
end

setup(function()
  w, other = new_world(), new_world()
  for _, role in ipairs({ "viewer", "developer", "admin", "auditor" }) do
    accounts.add(w, "a-" .. role, role)
  end
  accounts.add(other, "stranger", "admin")
  keys = { key_of_developer = accounts.key(w, "--user a-developer --allow read k"),
    service_key = accounts.key(w, "--allow read,run ci"), foreign_key = accounts.key(other, "--user stranger k") }
  local id
  keys.revoked_key, id = accounts.key(w, "gone")
  accounts.run(w, "key revoke " .. id)
  s = service.start(w, { arguments = "-C . -C " .. other.dir,
    environment = "ORKET_RATE_LIMIT=0 ORKET_API_KEY=" .. service.KEY })
  for _, role in ipairs({ "viewer", "developer", "admin", "auditor" }) do
    keys[role] = accounts.token(s, "a-" .. role)
  end
  keys.the_key = s.key
  local name = other.dir:match("[^/]+$")
  keys.foreign_token = accounts.ask(s, nil, "POST", "/w/" .. name .. "/v1/login",
    { name = "stranger", password = accounts.PASSWORD }).body.token
  routes = routes_of(s)
end)

teardown(function()
  s:stop()
  w:__close()
  other:__close()
end)

describe("the registry", function()
  it("gives every route one of the permissions, and these to those that people have looked at", function()
    local found = {}
    for _, route in ipairs(routes) do
      assert(ALLOWED[route.permission], route.path)
      found[route.method .. " " .. route.path] = route.permission
    end
    for route, permission in pairs(EXPECTED) do
      assert.equal(permission, found[route], route)
    end
  end)

  it("lets nothing that writes be had for looking, nor anything but health and signing in for nothing", function()
    for _, route in ipairs(routes) do
      if route.permission == "open" then
        assert(route.path == "/health" or route.path == "/v1/login", route.path)
      elseif route.permission == "read" and not route.path:find("^/mcp") then
        assert(route.method == "GET" or route.name:find("clear_logs", 1, true)
          or route.name:find("preview", 1, true) or route.name:find("test", 1, true)
          or route.name:find("sim", 1, true), route.method .. " " .. route.path)
      end
    end
  end)
end)

describe("every route with every credential", function()
  it("is let through exactly where the role has its permission", function()
    local rows, wanted = {}, {}
    for credential, has in pairs(HAS) do
      for _, route in ipairs(routes) do
        local is_let = route.permission == "open" or has[route.permission] or has[route.name] or false
        if not (is_let and ENDS[route.name]) and route.path ~= "/v1/users/{name}/remove" then
          rows[#rows + 1] = { method = route.method, path = route.path:gsub("{%w+}", "none"),
            key = keys[credential] }
          wanted[#wanted + 1] = { is_let, credential .. ": " .. route.method .. " " .. route.path }
        end
      end
    end
    assert(#rows > 500, #rows)
    for i, answer in ipairs(probe(w, s, rows)) do
      assert.equal(wanted[i][1], not is_refused(answer), wanted[i][2] .. ": " .. answer[1] .. " " .. answer[2])
      assert(answer[1] ~= 500, wanted[i][2])
    end
  end)

  it("is 401 without one, with a revoked one, and with one of another project, also under its name", function()
    local rows, own = {}, "/w/" .. w.dir:match("[^/]+$")
    for _, credential in ipairs({ "nothing", "revoked_key", "foreign_key", "foreign_token" }) do
      for i, route in ipairs(routes) do
        if route.permission ~= "open" and (credential ~= "revoked_key" or i % 20 == 0) then -- they are answered late
          rows[#rows + 1] = { method = route.method, path = (i % 2 == 0 and own or "")
            .. route.path:gsub("{%w+}", "none"), key = keys[credential] }
        end
      end
    end
    assert(#rows > 200, #rows)
    for i, answer in ipairs(probe(w, s, rows)) do
      assert.equal(401, answer[1], rows[i].method .. " " .. rows[i].path)
    end
  end)

  it("of another project is served there", function()
    local there = "/w/" .. other.dir:match("[^/]+$") .. "/v1/users"
    for credential, status in pairs({ foreign_key = 403, foreign_token = 200, the_key = 200, admin = 401 }) do
      assert.equal(status, accounts.ask(s, keys[credential], "GET", there).status, credential)
    end
    local seen = accounts.ask(s, keys.admin, "GET", "/v1/workspaces").body.items
    assert.same({ { name = w.dir:match("[^/]+$") } }, seen) -- not the names of others
    assert.equal(2, #accounts.ask(s, keys.the_key, "GET", "/v1/workspaces").body.items)
  end)
end)
