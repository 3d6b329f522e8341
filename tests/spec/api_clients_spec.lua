-- api_clients_spec.lua: the document of the API (/openapi.json): what redocly says of it, and clients that are
-- generated from it, in TypeScript and in Python, against a real server.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local CLIENTS = os.getenv("CLIENTS") or "build/clients"

-- Installed, and a Node that they run with.
local function is_there()
  local _, code = orket.shell(("test -d %s/node_modules/openapi-fetch && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'")
    :format(CLIENTS))
  return code == 0
end

describe("the document of the API", function()
  if not is_there() then
    it("has generated clients", function()
      pending("their generators are not installed (make build/clients/installed), or Node is older than 20")
    end)
    return
  end

  local w, s, dir

  before_each(function()
    w = world.new({ issues = { { id = "A" } }, mock = "function work(talk) return say(finish('done')) end" })
    s = service.start(w)
    dir = orket.directory()
    orket.shell(("ln -s $(cd %s && pwd)/node_modules %s/node_modules; cp tests/clients/api/* %s"):format(CLIENTS,
      dir, dir))
    orket.write(dir .. "/openapi.json", s:get("/openapi.json").text)
  end)

  after_each(function()
    s:stop()
    w:__close()
    orket.remove(dir)
  end)

  local function run(command)
    local text, code = orket.shell(("cd %s && export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true; (%s) 2>&1")
      :format(dir, command))
    assert(code == 0, text)
    return text
  end

  local function last_json(text)
    return cjson.decode(text:match("([^\n]*)\n*$"))
  end

  it("has nothing that redocly warns of but what is so on purpose", function()
    local text = run("cp lint-ignore.yaml .redocly.lint-ignore.yaml; "
      .. "node_modules/.bin/redocly lint openapi.json --max-problems 20 --format json")
    local report = cjson.decode(text:match("{.*}"))
    assert.same({ errors = 0, warnings = 0, ignored = 1 }, { errors = report.totals.errors,
      warnings = report.totals.warnings, ignored = report.totals.ignored })
  end)

  it("says of each operation its id, noun, summary and who may ask, once", function()
    local document, ids, tags = cjson.decode(orket.read(dir .. "/openapi.json")), {}, {}
    for _, tag in ipairs(document.tags) do
      tags[tag.name] = tag.description ~= nil
    end
    local count = 0
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        local id = operation.operationId
        assert.is_nil(ids[id], id)
        ids[id], count = true, count + 1
        assert.is_true(tags[operation.tags[1]], path .. " " .. operation.tags[1])
        assert.is_true(#operation.summary > 5 and operation["x-permission"] ~= nil, id)
        assert.equal(operation["x-permission"] == "open" and 0 or 2, #operation.security, id)
        assert.is_true(method ~= "patch" and method ~= "put" or operation.requestBody ~= nil, id)
      end
    end
    assert.is_true(count > 80)
    assert.same({ "bearer", "apiKey" }, { document.components.securitySchemes.bearer.scheme,
      document.components.securitySchemes.key.type })
    local changes = document.paths["/v1/cards/{id}"].patch
    assert.truthy(changes.responses["409"].description:find("ERR_STALE", 1, true))
    assert.truthy(changes.requestBody.content["application/json"].example)
  end)

  it("makes a TypeScript client that compiles strictly and works", function()
    run("node_modules/.bin/openapi-typescript openapi.json -o api.d.ts && echo '{\"type\":\"module\"}' > package.json && "
      .. "node_modules/.bin/tsc --strict --skipLibCheck --target es2022 --module nodenext --types node --noEmitOnError smoke.ts")
    local seen = last_json(run("node smoke.js " .. s.url .. " " .. s.key))
    assert.same({ health = true, made = 1, once = true, changed = 2, stale = { 409, "ERR_STALE" },
      unfit = { 422, "/body" }, missing = 404, row = { "issue", "ready", "ep" }, run = "done", events = true }, seen)
  end)

  it("makes a Python client that works", function()
    run("node python_types.mjs openapi.json $(pwd) > orket_types.py && python3 python_client.py openapi.json > orket_client.py")
    local seen = last_json(run("PYTHONPATH=. python3 smoke.py " .. s.url .. " " .. s.key))
    assert.same({ "ok", 1, true, true, true }, { seen.health, seen.made, seen.once, seen.events, seen.metrics })
    assert.same({ status = 409, code = "ERR_STALE", revision = 2, sent = 1 }, seen.stale)
    assert.same({ 422, "/body/id" }, { seen.unfit.status, seen.unfit.errors[1].path })
    assert.same({ 404, "ERR_NOT_FOUND" }, { seen.missing.status, seen.missing.code })
    assert.same({ "commented on py-1, which is ready", "umlauts: größer" }, { seen.done, seen.comment })
    assert.same({ "ep.1", "done" }, seen.run)
  end)
end)
