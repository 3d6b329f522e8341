-- result_paging_spec.lua: long results are cut; the rest is read on from the journal, by the same turn alone.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- A tool that says much: letters of two bytes, quotes, line ends and backslashes.
local LONG = [[
local function run(args)
  return { text = ("ä\"\\\n"):rep(args.count) }
end
return { name = "long", description = "Say much.", operations = {}, run = run,
  schema = { type = "object", properties = { count = { type = "integer" } }, required = { "count" }, additionalProperties = false } }
]]

local function coder(more)
  return (world.orket.read("roles/coder.lua"):gsub('%s+"read_result",', ""):gsub('"request_excuse"',
    '"request_excuse", ' .. more))
end

-- Reads on until there is no more, then writes the parts into a file.
local READER = world.orket.read("tests/support/teams/pager.lua")

local function whole(count)
  return '{"ok":true,"result":{"text":' .. cjson.encode(("ä\"\\\n"):rep(count)) .. "}}"
end

local function new(count, limits, tools, mock)
  return world.new({ issues = { { id = "A" } }, mock = (mock or READER):gsub("COUNT", count), limits = limits,
    files = { ["tools/long.lua"] = LONG, ["roles/coder.lua"] = coder(tools or '"long", "read_result"') } })
end

describe("result paging", function()
  for name, case in pairs({ ["a byte more than fits"] = { 9, 4096, 512 }, ["many parts"] = { 9, 4096, 4000 },
    ["64 KiB"] = { 3, nil, 20000 } }) do
    it("a long result is read on to its end: " .. name, function()
      local w <close> = new(case[3], { result = case[2] })
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.equal(whole(case[3]), w:made("all.txt"))
      for _, event in ipairs(w:events("call.result")) do
        assert.truthy(event.body.tool ~= "long" or #event.body.rest == 64)
      end
      for n = 1, w:requests() do
        for _, message in ipairs(cjson.decode(w:request(n)).messages) do
          assert.truthy(#(message.content or "") <= (case[2] or 65536))
        end
      end
      assert.equal(0, (select(2, w:check("--permits"))))
      text, code = w:orket("replay ep.1")
      assert.equal(0, code, text)
      text, code = w:orket("export -o out.jsonl ep.1 && " .. w.binary .. " verify out.jsonl")
      assert.equal(0, code, text)
    end)
  end

  it("a long result of ten megabytes is cut, and read at any place; one that is no text is answered all the same",
    function()
    local w <close> = world.new({ issues = { { id = "A" } },
      files = { ["roles/coder.lua"] = coder('"long", "read_result"'),
      ["tools/long.lua"] = LONG:gsub('"ä\\"\\\\\\n"', '(args.count > 9 and "ä" or "\\xff\\xfe\\0")') }, mock = [[
        function work(talk)
          if talk.replies == 0 then
            return say(call("long", { count = 1000000 }), call("long", { count = 3 }))
          elseif talk.replies == 1 then
            return say(call("read_result", { handle = "r1", from = 1999001 }), call("read_result", { handle = "r1", from = 99999999 }))
          end
          return say(write("seen.txt", table.concat(talk.said, "\n")), finish())
        end]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    local lines = {}
    for line in w:made("seen.txt"):gmatch("[^\n]+") do
      lines[#lines + 1] = cjson.decode(line)
    end
    assert.equal(2000000 + #'{"ok":true,"result":{"text":""}}', lines[1].cut.bytes)
    assert.truthy(utf8.len(lines[1].part) and #lines[1].part > 10000)
    assert.is_boolean(lines[2].ok)
    assert.truthy(utf8.len(lines[3].result.part), "cut within a character")
    assert.equal("", lines[4].result.part)
    assert.equal(0, (select(2, w:check())))
    w:derives()
  end)

  it("a long result that just fits is whole", function()
    local w <close> = new(500, { result = 4096 })
    w:run()
    assert.is_nil(w:events("call.result")[1].body.rest)
    assert.equal("", w:made("all.txt"))
  end)

  for n = 7, 11, 2 do -- commits: between a result that was cut and the parts of it that are read
    it("a long result has its handle again after the turn was killed at commit " .. n, function()
      local w <close> = new(2000, { result = 4096 })
      w:killed("log_sync_after:" .. n)
      local before = #w:events("call.result")
      assert.truthy(before > 0 and not w:made("all.txt"), before)
      local text, code = w:orket("resume --plain ep.1")
      assert.equal(0, code, text)
      assert.equal(whole(2000), w:made("all.txt"))
      assert.equal(0, (select(2, w:check())))
    end)
  end

  it("a long result is cut without a handle when the role cannot read on, and nothing is kept", function()
    local w <close> = new(4000, { result = 4096 }, '"long"', [[
      function work(talk)
        return talk.replies == 0 and say(call("long", { count = COUNT })) or say(write("seen.txt", talk.said[1]), finish())
      end]])
    w:run()
    local seen = cjson.decode(w:made("seen.txt"))
    assert.is_true(seen.ok)
    assert.is_nil(seen.cut.handle)
    assert.truthy(seen.cut.fix:find("ask for less", 1, true) and #seen.part > 1000)
    assert.is_nil(w:events("call.result")[1].body.rest)
  end)

  it("a long result is nobody else's, and none that there is not", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
      limits = { result = 4096 },
      files = { ["tools/long.lua"] = LONG, ["roles/coder.lua"] = coder('"long", "read_result"') }, mock = [[
        function work(talk)
          if talk.card == "A" then
            return talk.replies == 0 and say(call("long", { count = 4000 })) or say(finish())
          end
          return talk.replies == 0 and say(call("read_result", { handle = "r1" }), call("read_result", { handle = "r0" }),
            call("read_result", { handle = "../r1" })) or say(write("seen.txt", table.concat(talk.said, "\n")), finish())
        end]] })
    w:run()
    local seen = w:made("seen.txt")
    assert.truthy(seen:find("this turn has no result r1", 1, true), seen)
    assert.equal(2, select(2, seen:gsub("gate%.args%.schema", "")), seen)
    assert.falsy(seen:find("ä", 1, true))
  end)

  it("a long result cannot be read by a role that does not list the tool", function()
    local w <close> = new(10, nil, '"long"', [[
      function work(talk)
        return talk.replies == 0 and say(call("read_result", { handle = "r1" })) or say(write("seen.txt", talk.said[1]), finish())
      end]])
    w:run()
    assert.equal("gate.role.tool", cjson.decode(w:made("seen.txt")).error.rule)
  end)
end)
