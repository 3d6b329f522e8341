-- attachments_spec.lua: images and PDF that a model reads with read_file, in the form of each provider; what is
-- refused, what it weighs, and that the journal has the bytes once.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local PNG = "\x89PNG\r\n\x1a\n" .. ("\0\1\2\xff"):rep(50)
local PDF = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj << /Type /Page >> endobj << /Type /Page >>\n%%EOF\n"

local function encoded(bytes)
  local name = os.tmpname()
  world.orket.write(name, bytes)
  local text = world.orket.shell("base64 -w0 " .. name)
  os.remove(name)
  return text
end

local WORK = [[
function work(talk)
  return steps(talk, function() return { calls = CALLS } end, function(t)
    return say(write("said", table.concat(t.said, "\n")), finish())
  end)
end
]]

local function asked(files, calls, model, options)
  options = options or {}
  options.issues, options.files, options.model = { { id = "A" } }, {}, model
  for path, text in pairs(files) do
    options.files["workspace/ep/tree/" .. path] = text
  end
  options.mock = "local CALLS = { " .. table.concat(calls, ", ") .. " }\n" .. WORK
  local w = world.new(options)
  local text, code = w:run()
  assert.equal(0, code, text)
  local answers = {}
  for line in w:made("said"):gmatch("[^\n]+") do
    answers[#answers + 1] = line:find("^{") and cjson.decode(line) or nil
  end
  return answers, w
end

local READS = { 'call("read_file", { path = "p.png" })', 'call("read_file", { path = "d/s.pdf" })',
  'call("list_directory", {})' }
local FILES = { ["p.png"] = PNG, ["d/s.pdf"] = PDF }

-- What of a request's body comes behind the call of the first step.
local SENT = {
  openai = function(body)
    local last = body.messages[#body.messages]
    assert.same({ "tool", "tool", "tool", "user" }, { body.messages[#body.messages - 3].role, body.messages[#body.messages - 2].role,
      body.messages[#body.messages - 1].role, last.role })
    assert.is_nil(body.messages[#body.messages - 3].attached)
    return { last.content[1].text, last.content[2].image_url.url, last.content[3].text, last.content[4].file.filename,
      last.content[4].file.file_data }, { "[p.png, image/png, 208 bytes]", "data:image/png;base64," .. encoded(PNG),
      "[d/s.pdf, application/pdf, " .. #PDF .. " bytes]", "s.pdf", "data:application/pdf;base64," .. encoded(PDF) }
  end,
  anthropic = function(body)
    local blocks = body.messages[#body.messages].content
    assert.equal(3, #blocks)
    assert.equal("string", type(blocks[3].content))
    local image, document = blocks[1].content[3], blocks[2].content[3]
    return { image, document }, {
      { type = "image", source = { type = "base64", media_type = "image/png", data = encoded(PNG) } },
      { type = "document", source = { type = "base64", media_type = "application/pdf", data = encoded(PDF) } },
    }
  end,
  gemini = function(body)
    local parts = body.contents[#body.contents].parts
    assert.truthy(parts[1].functionResponse and parts[2].functionResponse and parts[3].functionResponse)
    return { parts[4].text, parts[5].inlineData, parts[7].inlineData }, { "[p.png, image/png, 208 bytes]",
      { mimeType = "image/png", data = encoded(PNG) }, { mimeType = "application/pdf", data = encoded(PDF) } }
  end,
}

describe("an image and a PDF", function()
  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("are shown to a model that takes them, as " .. shape .. " wants it, in every request that follows", function()
      local answers, w <close> = asked(FILES, READS, { inputs = { "image", "pdf" }, shape = shape })
      assert.same({ path = "p.png", type = "image/png", bytes = 208, shown = true }, answers[1].result)
      local got, want = SENT[shape](cjson.decode((w:request(2))))
      assert.same(want, got)
      local result = w:events("call.result")[1]
      assert.same({ 1, "p.png", "image/png" }, { #result.body.attached, result.body.attached[1].path, result.body.attached[1].type })
      assert.truthy(tonumber(w:sql("SELECT max(length(body)) FROM event")) < 4000)
      w:replays("ep.1")
    end)
  end

  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("come to a script of orket mock-llm in OpenAI's form, whichever was asked: " .. shape, function()
      local w <close> = world.new({ issues = { { id = "A" } }, files = { ["workspace/ep/tree/p.png"] = PNG,
        ["workspace/ep/tree/s.pdf"] = PDF }, model = { inputs = { "image", "pdf" }, shape = shape }, mock = [[
        function work(talk)
          return steps(talk, function()
            return { calls = { call("read_file", { path = "p.png" }), call("read_file", { path = "s.pdf" }) } }
          end, function()
            local seen = ""
            for _, message in ipairs(talk.request.messages) do
              for _, part in ipairs(type(message.content) == "table" and message.content or {}) do
                seen = seen .. (part.image_url and part.image_url.url or part.file and part.file.file_data or "") .. "\n"
              end
            end
            return say(write("saw", seen), finish())
          end)
        end ]] })
      local text, code = w:run()
      assert.equal(0, code, text)
      local saw = w:made("saw")
      assert.truthy(saw:find("data:image/png;base64," .. encoded(PNG), 1, true), saw)
      assert.truthy(saw:find("data:application/pdf;base64," .. encoded(PDF), 1, true), saw)
    end)
  end

  it("come to no model that is not said to take them: the error names the setting", function()
    local answers, w <close> = asked(FILES, READS, { inputs = { "pdf" } })
    assert.is_false(answers[1].ok)
    assert.equal("ERR_USAGE", answers[1].error.code)
    assert.truthy(answers[1].error.fix:find('"inputs": ["image"] of models.', 1, true), answers[1].error.fix)
    assert.is_true(answers[2].ok)
    assert.falsy(w:request(2):find("image_url", 1, true))
  end)

  it("are not shown by what their names say, but by how they begin", function()
    local text = "%PDF-1.4 in plain letters\n"
    local answers, w <close> = asked({ ["a.png"] = "\x89PNX\r\n\x1a\n\xff", ["b.pdf"] = "no PDF\n", ["c.txt"] = PNG,
      ["d.jpg"] = "<svg>\xff</svg>", ["e.txt"] = text },
      { 'call("read_file", { path = "a.png" })', 'call("read_file", { path = "b.pdf" })', 'call("read_file", { path = "c.txt" })',
        'call("read_file", { path = "d.jpg" })', 'call("read_file", { path = "e.txt" })',
        'call("read_file", { path = "c.txt", offset = 3 })' }, { inputs = { "image" } })
    assert.equal("ERR_UTF8", answers[1].error.code)
    assert.equal("no PDF\n", answers[2].result.content)
    assert.equal("image/png", answers[3].result.type)
    assert.equal("ERR_UTF8", answers[4].error.code)
    assert.equal(text, answers[5].result.content) -- the model takes no PDF: its text will do
    assert.equal("ERR_UTF8", answers[6].error.code)
    assert.truthy(w)
  end)

  it("that are too large are refused without being read, and so is one beyond the most", function()
    local calls = { 'call("read_file", { path = "big.png" })', 'call("read_file", { path = "huge.pdf" })' }
    for i = 1, 21 do
      calls[#calls + 1] = ('call("read_file", { path = "p.png", limit = %d })'):format(i)
    end
    local answers, w <close> = asked({ ["big.png"] = PNG .. ("x"):rep(5 * 1024 * 1024), ["huge.pdf"] = PDF .. ("x"):rep(11 * 1000 * 1000),
      ["p.png"] = PNG }, calls, { inputs = { "image", "pdf" } })
    assert.equal("ERR_TOO_LARGE", answers[1].error.code)
    assert.equal("ERR_TOO_LARGE", answers[2].error.code)
    assert.is_true(answers[22].ok)
    assert.equal("ERR_LIMIT", answers[23].error.code)
    assert.truthy(w)
  end)

  it("weigh what they cost, and leave the window with their result", function()
    local text = [[
      function work(talk)
        local n = tonumber((talk.said[#talk.said] or ""):match("p(%d)%.png") or -1) + 1
        if n < 8 then
          return say(call("read_file", { path = "p" .. n .. ".png" }))
        end
        return say(write("out", "x"), finish())
      end ]]
    local files = {}
    for i = 0, 7 do
      files["workspace/ep/tree/p" .. i .. ".png"] = PNG .. i
    end
    local w <close> = world.new({ issues = { { id = "A" } }, files = files, mock = text,
      model = { inputs = { "image" }, context = 9000, max_tokens = 1000, summarise = false } })
    local said, code = w:run()
    assert.equal(0, code, said)
    assert.truthy(#w:events("window.compacted") > 0)
    local most = 0
    for n = 1, w:requests() do
      most = math.max(most, select(2, w:request(n):gsub("image_url\":", "")))
    end
    assert.truthy(most >= 2 and most < 8, most)
    w:replays("ep.1")
  end)

  it("bear the labels of their file, and are read through the gate", function()
    local answers, w <close> = asked({ ["vendor/p.png"] = PNG, ["private/p.png"] = PNG },
      { 'call("read_file", { path = "vendor/p.png" })', 'call("read_file", { path = "private/p.png" })' },
      { inputs = { "image" } }, { rules = { labels = { files = { ["vendor/**"] = { "vendor" } } } },
        gate = { { id = "p", effect = "deny", paths = { "private/**" }, why = "it is private" } } })
    assert.same({ "vendor" }, answers[1].labels)
    assert.is_false(answers[2].ok)
    assert.equal(1, #w:events("call.refused"))
  end)

  it("are there when a turn goes on after it was killed", function()
    local w <close> = world.new({ issues = { { id = "A" } }, files = { ["workspace/ep/tree/p.png"] = PNG },
      model = { inputs = { "image" } }, mock = [[
        function work(talk)
          return steps(talk, function() return say(call("read_file", { path = "p.png" })) end,
            function() return say(write("out", "x"), finish()) end)
        end ]] })
    local run = w:held(2)
    run.kill("KILL")
    run.wait()
    w:release(2)
    local text, code = w:run()
    assert.equal(0, code, text)
    local found = 0
    for n = 1, w:requests() do
      found = found + select(2, w:request(n):gsub(encoded(PNG):gsub("%p", "%%%0"), ""))
    end
    assert.truthy(found >= 2, found)
    w:replays("ep.1")
  end)
end)
