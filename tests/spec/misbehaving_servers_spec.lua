-- misbehaving_servers_spec.lua: servers that do what no server should, asked with `orket try llm`: each costs
-- its deadline or its cap at most, is told by a stable code with its cure, and gets nothing that is not its
-- own (tests/support/wild.py).

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local python = dofile("tests/support/python.lua")

local SECONDS = 1       -- what a deadline ends
local LONG = 60         -- what a cap or an answer ends, on machines that do something else as well
local SANITIZED = orket.binary:find("-san", 1, true) ~= nil
local SLACK = SANITIZED and 30000 or 5000       -- ms
local MOST = (SANITIZED and 1024 or 128) * 1024 -- KB, whatever a server says

local TEXT = "Grüße"

-- What comes of each way: a text, or a code with status and deadline.
local EXPECTED = {
  ["ok"] = TEXT, ["ok whole"] = TEXT, ["byte by byte"] = TEXT, ["crlf byte by byte"] = TEXT,
  ["cr byte by byte"] = TEXT,
  ["chunks of a byte"] = TEXT, ["chunks byte by byte"] = TEXT, ["head byte by byte"] = TEXT,
  ["utf-8 cut in two"] = TEXT,
  ["length twice"] = TEXT, ["length and chunks"] = TEXT, ["header folded"] = TEXT,
  ["hang after [DONE]"] = TEXT,
  ["says the key"] = "your key is " .. ("*"):rep(25), ["invalid utf-8"] = "a" .. ("\u{FFFD}"):rep(6) .. "b",
  ["hang in connect"] = { "ERR_TIMEOUT", deadline = "connect" },
  ["hang in TLS"] = { "ERR_TIMEOUT", deadline = "connect" },
  ["hang after the request"] = { "ERR_TIMEOUT" }, ["hang in the status"] = { "ERR_TIMEOUT" },
  ["hang in the headers"] = { "ERR_TIMEOUT" },
  ["hang after the headers"] = { "ERR_TIMEOUT" }, ["hang in an event"] = { "ERR_TIMEOUT" },
  ["hang between events"] = { "ERR_TIMEOUT" },
  ["hang in an error"] = { "ERR_TIMEOUT", status = 500 }, ["trailers that hang"] = { "ERR_TIMEOUT" },
  ["slow drip"] = { "ERR_TIMEOUT", deadline = "total" },
  ["slow head"] = { "ERR_TIMEOUT", deadline = "total" },
  ["103 for ever, slowly"] = { "ERR_TIMEOUT", deadline = "total" },
  ["comments for ever, slowly"] = { "ERR_TIMEOUT", deadline = "total" },
  ["tokens for ever, slowly"] = { "ERR_TIMEOUT", deadline = "total" }, ["chunk of 2^63"] = { "ERR_TIMEOUT" },
  ["length overflow"] = { "ERR_TIMEOUT" },
  ["cut chunked"] = { "ERR_PROTOCOL" }, ["cut length"] = { "ERR_PROTOCOL" },
  ["cut event"] = { "ERR_PROTOCOL" }, ["reset"] = { "ERR_PROTOCOL" },
  ["closed"] = { "ERR_NET" }, ["html"] = { "ERR_PROTOCOL" }, ["png"] = { "ERR_PROTOCOL" },
  ["not JSON"] = { "ERR_PROTOCOL" }, ["null"] = { "ERR_PROTOCOL" },
  ["empty"] = { "ERR_PROTOCOL" }, ["wide event"] = { "ERR_PROTOCOL" },
  ["index of a call"] = { "ERR_PROTOCOL" },
  ["line of 10 MB"] = { "ERR_LIMIT" }, ["event of many lines"] = { "ERR_LIMIT" },
  ["nul bytes"] = { "ERR_LIMIT" }, ["deep"] = { "ERR_LIMIT" },
  ["wide"] = { "ERR_LIMIT" }, ["keys"] = { "ERR_LIMIT" }, ["wide within limits"] = { "ERR_LIMIT" },
  ["keys within limits"] = { "ERR_LIMIT" },
  ["events within limits"] = { "ERR_LIMIT" }, ["calls without end"] = { "ERR_LIMIT" },
  ["headers without end"] = { "ERR_LIMIT" },
  ["header without end"] = { "ERR_LIMIT" }, ["status without end"] = { "ERR_LIMIT" },
  ["100 for ever"] = { "ERR_LIMIT" },
  ["trailers without end"] = { "ERR_LIMIT" }, ["chunk extension without end"] = { "ERR_LIMIT" },
  ["comments without end"] = { "ERR_LIMIT" },
  ["tokens without end"] = { "ERR_LIMIT" }, ["gzip as transfer"] = { "ERR_LIMIT" },
  ["gzip"] = { "ERR_PROTOCOL" }, ["deflate"] = { "ERR_PROTOCOL" }, ["br"] = { "ERR_PROTOCOL" },
  ["zstd"] = { "ERR_PROTOCOL" },
  ["gzip twice"] = { "ERR_PROTOCOL" }, ["gzip in an error"] = { "ERR_HTTP", status = 500 },
  ["error without end"] = { "ERR_HTTP", status = 500 },
  ["101"] = { "ERR_HTTP", status = 101 }, ["HTTP 0.9"] = { "ERR_PROTOCOL" }, ["HTTP 2"] = { "ERR_PROTOCOL" },
  ["HTTP 3.0"] = { "ERR_PROTOCOL" },
  ["HTTP 9.9"] = { "ERR_PROTOCOL" }, ["status 99999"] = { "ERR_PROTOCOL" },
  ["status -1"] = { "ERR_PROTOCOL" }, ["status 999"] = { "ERR_HTTP", status = 999 },
  ["chunk overflow"] = { "ERR_PROTOCOL" }, ["chunk negative"] = { "ERR_PROTOCOL" },
  ["chunk size without end"] = { "ERR_PROTOCOL" },
  ["length negative"] = { "ERR_PROTOCOL" }, ["length garbage"] = { "ERR_PROTOCOL" },
  ["lengths that differ"] = { "ERR_PROTOCOL" },
  ["header without colon"] = { "ERR_PROTOCOL" }, ["header with NUL"] = { "ERR_PROTOCOL" },
  ["says the key in an error"] = { "ERR_HTTP", status = 401 },
  ["429 date"] = { "ERR_HTTP", status = 429, retry_after = 86400 },
  ["429 past"] = { "ERR_HTTP", status = 429 },
  ["429 seconds"] = { "ERR_HTTP", status = 429, retry_after = 7 },
  ["429 huge"] = { "ERR_HTTP", status = 429, retry_after = 86400 },
  ["429 negative"] = { "ERR_HTTP", status = 429 }, ["429 garbage"] = { "ERR_HTTP", status = 429 },
  ["429 ms"] = { "ERR_HTTP", status = 429, retry_after = 1.5 },
  ["429 ms huge"] = { "ERR_HTTP", status = 429, retry_after = 86400 },
  ["503 date"] = { "ERR_HTTP", status = 503, retry_after = 86400 },
}
for _, status in ipairs({ 301, 302, 303, 307, 308 }) do
  for _, where in ipairs({ "to itself", "across", "to a file", "to a socket", "to a key" }) do
    EXPECTED[status .. " " .. where] = { "ERR_HTTP", status = status }
  end
end

local NOT_REACHED = { ["hang in connect"] = true, ["hang in TLS"] = true }

local function names()
  local all = {}
  for name in pairs(EXPECTED) do
    all[#all + 1] = name
  end
  table.sort(all)
  return all
end

describe("misbehaving servers", function()
  local rows = {}

  local function seconds_for(name)
    return EXPECTED[name][1] == "ERR_TIMEOUT" and SECONDS or LONG
  end

  setup(function()
    local timed = ""
    for _, name in ipairs(names()) do
      timed = timed .. (seconds_for(name) == SECONDS and " '" .. name .. "'" or "")
    end
    local text = orket.shell(("python3 tests/support/wild.py %s %s %s%s"):format(orket.binary, LONG, SECONDS,
      timed))
    for line in text:gmatch("[^\n]+") do
      local row = cjson.decode(line)
      rows[row.name] = row
    end
  end)

  for _, name in ipairs(names()) do
    it("a server that does what no server should costs its deadline or its cap at most: " .. name, function()
      local row, expected = rows[name], EXPECTED[name]
      local got = row.answer
      if type(expected) == "string" then
        assert.equal("ok", got.outcome, cjson.encode(got))
        assert.equal(expected, got.text)
        assert.equal(0, row.exit)
      else
        assert.equal(expected[1], got.code, cjson.encode(got))
        assert.equal(expected.status or got.status, got.status)
        assert.equal(expected.deadline or got.deadline, got.deadline)
        assert.is_true(expected[1] ~= "ERR_HTTP" or expected.retry_after == got.retry_after)
        assert.is_true(#got.message > 0 and #got.fix > 0)
        assert.equal(1, row.exit)
      end
      assert.is_true(row.wall <= seconds_for(name) * 1000 + SLACK, row.wall .. " ms")
      assert.is_true(row.rss <= MOST, row.rss .. " KB")
      assert.is_false(row.leaked)
      assert.equal(NOT_REACHED[name] and 0 or 1, row.requests)
      assert.equal(row.requests, row.keys)
      assert.falsy(row.head:find("netrc", 1, true) or row.head:find("Basic", 1, true))
    end)
  end

  it("a server that does what no server should is given up at its deadline while it floods", function()
    local server <close> = python.serve("flood.py")
    local got = cjson.decode((orket.shell(orket.binary .. " try llm --base-url http://127.0.0.1:"
      .. server.port .. " --timeout 0.1 </dev/null")))
    assert.same({ "ERR_TIMEOUT", "total" }, { got.code, got.deadline }, cjson.encode(got))
  end)

  it("a server that does what no server should is in the table, whatever it does", function()
    for name in pairs(rows) do
      assert.truthy(EXPECTED[name] or name == "elsewhere", name)
    end
  end)

  it("a server that does what no server should sends nobody elsewhere: no redirect is followed, no proxy of the environment is asked",
    function()
    assert.equal(0, rows.elsewhere.requests)
  end)
end)
