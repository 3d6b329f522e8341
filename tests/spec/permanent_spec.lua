-- permanent_spec.lua: failures of a model that no repetition heals: sent once, reported once with what to
-- change, charged to no card; where no seat has another model the run ends, and goes on when a person has
-- changed it.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

package.path = "lua/?.lua;" .. package.path
local outage = require("orket.llm.outage")
local permanent = require("orket.llm.permanent")

local GOOD = [[
  function work(talk)
    return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
  end ]]

local function cards(count)
  local issues = {}
  for i = 1, count do
    issues[i] = { id = "C-" .. i }
  end
  return issues
end

local function refusing(mock, options)
  options = options or {}
  options.issues, options.mock = options.issues or cards(12), mock
  return world.new(options)
end

-- The model's address and key are those of the configuration.
local function configure(w, key)
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.models.m.base_url, organization.models.m.key = w.url, key
  organization.keys = key and { [key] = { env = key } } or nil
  w:write("config/organization.json", cjson.encode(organization))
end

local function run_configured(w)
  return world.orket.shell(("cd %s && %s run --plain ep"):format(w.dir, w.binary))
end

local function answers(fields)
  return "function reply() return { " .. fields .. " } end"
end

local function is_unharmed(w)
  for i = 1, 12 do
    assert.equal(0, w:card("C-" .. i).retry_count)
  end
  w:check()
end

local REFUSALS = {
  { "a key that is wrong", "status = 401, content = 'Incorrect API key'", "answered 401" },
  { "an account without credit", "status = 402, content = 'Insufficient credits'", "answered 402" },
  { "a model that the key may not use", "status = 403, content = 'no access'", "answered 403" },
  { "a model that is not there", "status = 404, content = 'model not found'", "answered 404" },
  { "a field that the server refuses", "status = 400, content = 'unknown field top_k'", "answered 400" },
}

describe("permanent", function()
  for _, row in ipairs(REFUSALS) do
    it("a failure that no repetition heals is met once by each of two cards at work, and ends the run: "
      .. row[1], function()
      local w <close> = refusing(answers(row[2]))
      local text, code = w:run("ep")
      assert.equal(3, code, text)
      assert(w:requests() <= 2, w:requests() .. " requests")
      assert(text:find("C-1 and 1 more wait (system) ×2", 1, true), text)
      assert(text:find(row[3], 1, true) and text:find("config/organization.json", 1, true), text)
      assert(text:find(w.url:match("^http://[^/]+"), 1, true) and text:find("its model mock", 1, true), text)
      assert.equal("blocked system", w:card("C-1").status .. " " .. w:card("C-1").wait_reason)
      assert.equal("ready", w:card("C-12").status)
      is_unharmed(w)
      w:replays("ep.1")
    end)
  end

  it("a failure that no repetition heals names the variable that is not set, before any request", function()
    local w <close> = refusing(GOOD)
    configure(w, "NO_SUCH_KEY")
    local text, code = run_configured(w)
    assert.equal(3, code, text)
    assert.equal(0, w:requests())
    assert(text:find("its key NO_SUCH_KEY", 1, true), text)
    is_unharmed(w)
  end)

  it("a failure that no repetition heals is the same when a cassette plays it", function()
    local w <close> = refusing(answers("status = 401, content = 'Incorrect API key'"),
      { issues = cards(2), limits = { concurrency = 1 } })
    for _, how in ipairs({ "--record", "--replay" }) do
      world.orket.shell(("cd %s && rm -rf .orket workspace"):format(w.dir))
      local text, code = w:run("ep " .. how .. " .test/tape")
      assert.equal(3, code, text)
      assert.equal("blocked system ready",
        table.concat({ w:card("C-1").status, w:card("C-1").wait_reason, w:card("C-2").status }, " "))
      assert.equal(1, #w:events("turn.failed"))
    end
    assert.equal(1, w:requests())
  end)

  it("a failure that no repetition heals is reported once for all cards that wait for the same", function()
    local w <close> = refusing(answers("status = 401, content = 'Incorrect API key'"),
      { limits = { concurrency = 12 } })
    local text = w:run("ep")
    assert(text:find("C-1 and 11 more wait (system) ×12: ERR_HTTP", 1, true), text)
    assert(text:find("orket retry[^\n]* %-%-all"), text)
    local board = w:orket("board")
    assert(board:find("C-1 and 11 more wait (system) ×12", 1, true), board)
  end)

  it("a failure that no repetition heals of one card alone parks that card, when its model has answered others",
    function()
    local w <close> = refusing(GOOD .. [[
      local good = reply
      function reply(request)
        local text = cjson.encode(request.messages)
        return text:find("# Card C-2:", 1, true) and { status = 400, content = "bad" } or good(request)
      end ]], { issues = { { id = "C-1" }, { id = "C-2", depends_on = { "C-1" } }, { id = "C-3", depends_on = { "C-1" } } } })
    local text, code = w:run("ep")
    assert.equal(3, code, text)
    assert.equal("blocked", w:card("C-2").status)
    assert.equal("done", w:card("C-3").status)
  end)

  it("a failure that no repetition heals does not keep another model from answering in its place", function()
    local w <close> = refusing(answers("status = 401, content = 'no'"),
      { issues = cards(2), model = { fallback = { "n" } }, models = {
      n = { base_url = "http://127.0.0.1:1/v1", model = "other",
        breaker = { failures = 1, seconds = 0.1 } } }, limits = { outage = 0, concurrency = 1 } })
    local text = w:run("ep")
    assert.equal(4, w:requests(), text) -- each card asks both
  end)
end)

describe("permanent", function()
  for _, row in ipairs({
    { "an account without quota", { code = "ERR_HTTP", status = 429, kinds = "insufficient_quota" },
      "account", false },
    { "the same in a stream that had begun", { code = "ERR_HTTP", status = 200,
      kinds = "insufficient_quota" }, "account", false },
    { "a rate limit", { code = "ERR_HTTP", status = 429, kinds = "rate_limit_error" }, nil, true },
    { "a server that is overloaded", { code = "ERR_HTTP", status = 503 }, nil, true },
    { "a server that fails", { code = "ERR_HTTP", status = 500 }, nil, false },
    { "a server that is not reached", { code = "ERR_NET" }, nil, true },
    { "a variable that is not set", { code = "ERR_NOT_FOUND" }, "account", false },
    { "a URL that is invalid", { code = "ERR_USAGE" }, "account", false },
  }) do
    it("a failure of a request is permanent, an outage or neither: " .. row[1], function()
      assert.equal(row[3], permanent.scope(row[2]))
      assert.equal(row[4], outage.is(row[2]) == true)
    end)
  end
end)

describe("permanent", function()
  it("a model that a person has put right is asked again after orket retry --all, and the run goes on",
    function()
    local w <close> = refusing(GOOD, { issues = cards(4) })
    configure(w, "LATE_KEY")
    assert.equal(3, select(2, run_configured(w)))
    configure(w)
    assert.equal(0, select(2, w:orket("retry --all")))
    local text, code = run_configured(w)
    assert.equal(0, code, text)
    w:replays("ep.1")
  end)
end)
