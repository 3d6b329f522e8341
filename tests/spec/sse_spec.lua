-- sse_spec.lua: `orket try sse` through the real binary. The parser's table is tests/c/test_sse.c.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function event(data, name, id, retry)
  return { data = data, event = name or "message", id = id or "", retry = retry or cjson.null }
end

describe("sse", function()
  local rows = {
    { { chunks_b64 = { "ZGF0YTogYQ0=", "Cg0KZGF0YTo=" } }, { events = { event("a") } } },
    { { chunks = { "id: 7\nretry: 5\nevent: e\nda", "ta: x\ndata: y\n\ndata: z\n\n" } },
      { events = { event("x\ny", "e", "7", 5), event("z", nil, "7") } } },
    { { chunks_b64 = { "ZGF0YTogw", "w==" } }, { ok = false, code = "ERR_USAGE",
      error = "chunk 1: not valid base64" } },
    { { chunks_b64 = { "ZGF0YTogw/8KCg==" }, id = 3 }, { events = { event("\u{FFFD}\u{FFFD}") }, id = 3 } },
  }
  for i, row in ipairs(rows) do
    it("row " .. i, function()
      assert.same(row[2], orket.try("sse", { row[1] })[1])
    end)
  end

  it("orket try sse answers an empty list for nothing", function()
    local text, code = orket.shell("printf ': x\\n\\n' | " .. orket.binary .. " try sse")
    assert.equal('{"events":[]}\n', text)
    assert.equal(0, code)
  end)

  it("orket try sse refuses an event over the cap", function()
    local text, code = orket.shell("head -c 5000000 /dev/zero | tr '\\0' x | " .. orket.binary
      .. " try sse -")
    assert.equal("ERR_LIMIT", cjson.decode(text).code)
    assert.equal(1, code)
  end)
end)
