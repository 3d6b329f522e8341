-- patch_spec.lua: the tool apply_patch: both forms of a patch, all of it or nothing, and hostile ones.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- lua/box/patch.lua as a box has it.
local env = setmetatable({}, { __index = _G })
for _, path in ipairs({ "lua/box/patch.lua", "lua/box/patch_apply.lua" }) do
  assert(loadfile(path, "t", env))()
end
local patch = env.patch

local function applied(text, words)
  local files, failure = patch.parse(words)
  if not files then
    return nil, failure
  end
  for _, file in ipairs(files) do
    text, failure = patch.apply(text, file)
  end
  return text, failure
end

local function diff(body)
  return "--- a/f\n+++ b/f\n" .. body
end

local function v4a(body)
  return "*** Begin Patch\n*** Update File: f\n" .. body .. "\n*** End Patch\n"
end

describe("a patch that fits", function()
  local rows = {
    ["at its line"] = { "a\nb\nc\n", diff("@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"), "a\nB\nc\n" },
    ["at another line than it says"] = { "x\ny\na\nb\nc\n", diff("@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"),
      "x\ny\na\nB\nc\n" },
    ["where it says, of several places"] = { "a\nb\na\nb\n", diff("@@ -3,2 +3,2 @@\n a\n-b\n+B\n"),
      "a\nb\na\nB\n" },
    ["with several hunks"] = { "a\nb\nc\nd\n", diff("@@ -1 +1,2 @@\n-a\n+A\n+x\n@@ -4 +5 @@\n-d\n+D\n"),
      "A\nx\nb\nc\nD\n" },
    ["with wrong counts"] = { "a\nb\nc\n", diff("@@ -1,9 +1,1 @@\n a\n-b\n+B\n"), "a\nB\nc\n" },
    ["with lines that look like a header"] = { "a\n-- x\nb\n",
      diff("@@ -1,3 +1,3 @@\n a\n--- x\n+++ y\n b\n"), "a\n++ y\nb\n" },
    ["with a blank line that lost its mark"] = { "a\n\nb\n", diff("@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n"),
      "a\n\nB\n" },
    ["into an empty file"] = { "", diff("@@ -0,0 +1 @@\n+a\n"), "a\n" },
    ["with lines after a number"] = { "a\nb\n", diff("@@ -1,0 +2 @@\n+x\n"), "a\nx\nb\n" },
    ["of CRLF lines, sent without"] = { "a\r\nb\r\n", diff("@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n"),
      "a\r\nB\r\nc\r\n" },
    ["sent with CRLF"] = { "a\nb\n", (diff("@@ -1,2 +1,2 @@\n a\n-b\n+B\n"):gsub("\n", "\r\n")), "a\nB\n" },
    ["that ends without a line break"] = { "a\nb",
      diff("@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n"), "A\nb" },
    ["that takes the last line break"] = { "a\n", diff("@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n"),
      "b" },
    ["that gives a last line break"] = { "a", diff("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"),
      "b\n" },
    ["in words and git's lines"] = { "a\n", "Here:\n\ndiff --git a/f b/f\nindex 1..2 100644\n"
      .. diff("@@ -1 +1 @@\n-a\n+b\n\nDone.\n"), "b\n" },
    ["in the V4A form"] = { "a\nb\nc\n", v4a("@@\n a\n-b\n+B\n c"), "a\nB\nc\n" },
    ["behind an anchor"] = { "f:\n x\ng:\n x\n", v4a("@@ g:\n- x\n+ y"), "f:\n x\ng:\n y\n" },
    ["behind two anchors"] = { "c\nf:\n x\nd\nf:\n x\n", v4a("@@ d\n@@ f:\n- x\n+ y"),
      "c\nf:\n x\nd\nf:\n y\n" },
    ["without @@"] = { "a\nb\n", v4a(" a\n-b\n+B"), "a\nB\n" },
    ["at the end of the file"] = { "a\nb\na\n", v4a("@@\n-a\n+A\n*** End of File"), "a\nb\nA\n" },
  }
  for name, row in pairs(rows) do
    it(name .. " is applied", function()
      local text, failure = applied(row[1], row[2])
      assert.equal(row[3], text, failure and failure.message)
    end)
  end
end)

describe("patch", function()
  local rows = {
    { "a\nb\na\nb\n", diff("@@ -9,2 +9,2 @@\n a\n-b\n+B\n"), "its lines stand at 1, 3" },
    { "a\nx\na\n", v4a("@@\n-a\n+A"), "its lines stand at 1, 3" },
    { "a\n", diff("@@ -1 +1 @@\n-b\n+B\n"), "its lines are not there" },
    { "a \n", diff("@@ -1 +1 @@\n-a\n+B\n"), "its lines are not there" },
    { "b\na\n", diff("@@ -2 +2 @@\n-a\n+A\n@@ -1 +1 @@\n-b\n+B\n"), "hunk 2 of f does not fit" },
    { "a\n", v4a("@@ nowhere\n-a\n+A"), "the line 'nowhere' after @@ is not there" },
    { "a\n", v4a("@@\n+A"), "no line that tells where" },
    { "a\nb\n", diff("@@ -1 +1 @@\n-a\n+A\n\\ No newline at end of file\n"), "does not end there" },
    { "a\n", diff("@@ -1 +1 @@\n a\n"), "nothing is changed" },
    { "a\n", diff(""), "nothing is changed" },
    { "a\n", "@@ -1 +1 @@\n-a\n+b\n", "belongs to no text file" },
    { "a\n", "diff --git a/f b/f\nGIT binary patch\nliteral 3\n", "belongs to no text file" },
    { "a\n", "Binary files a/f and b/f differ\n", "belongs to no text file" },
    { "a\n", "", "changes no file" }, { "a\n", "change a into b", "changes no file" },
    { "a\n", "*** Begin Patch\nnonsense\n*** End Patch\n", "belongs to no text file" },
    { "a\n", "*** Begin Patch\n*** Rename File: f\n*** End Patch\n", "none of Add File" },
    { "a\n", "*** Begin Patch\n*** Delete File: f\n*** End Patch\n", "deletes no file: f" },
    { "a\n", "*** Begin Patch\n*** Update File: f\n*** Move to: g\n@@\n-a\n+b\n*** End Patch\n",
      "moves no file: f" },
    { "a\n", "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "deletes no file: f" },
    { "a\n", "--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n", "moves no file: f" },
    { "a\n", "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", "names no file" },
    { "a\n", "--- /dev/null\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", "added lines (+) only" },
    { "a\n", ("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"):rep(51), "more than 50 files" },
  }
  for i, row in ipairs(rows) do
    it("a patch that does not fit changes nothing and says why: " .. row[3] .. " (" .. i .. ")", function()
      local text, failure = applied(row[1], row[2])
      assert.is_nil(text)
      assert.truthy(failure.message:find(row[3], 1, true), failure.message)
      assert.truthy(#failure.fix > 0)
    end)
  end

  it("a patch that does not end is read in a time that grows with it", function()
    for _, words in ipairs({ diff(("@@\n"):rep(100000)), diff("@@ -1 +1 @@\n" .. ("-a\n"):rep(100000)),
      ("--- a\n"):rep(60000), ("***"):rep(100000),
      v4a(("@@ a\n"):rep(60000)), ("\n"):rep(400000), "--- a" .. (" "):rep(300000) .. "x\n+++ b\n",
        v4a("@@" .. (" "):rep(300000) .. "x\n-a\n+b"), diff("@@ -99999999999999999999 +1 @@\n-a\n+b\n") }) do
      assert.is_nil((applied(("a\n"):rep(5000), words)))
    end
  end)
end)

-- One reply with this patch after the files were written; what the model was answered.
local function patched(words, options)
  options = options or {}
  options.issues = { { id = "A" } }
  options.mock = ("local PATCH = %q\n"):format(words) .. [[
    function work(talk)
      return steps(talk, function() return say(write("src/a.c", "one\ntwo\nthree\n"), write("b.txt", "b\n")) end,
        function() return say(call("apply_patch", { patch = PATCH })) end,
        function() return say(write("said", table.concat(talk.results, "\n")), finish()) end)
    end]]
  local w = world.new(options)
  local text, code = w:run()
  return w, code == 0 and cjson.decode(w:made("said")) or text
end

local BOTH = "--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-%s\n+B\n"
  .. "--- /dev/null\n+++ b/new/c.txt\n@@ -0,0 +1 @@\n+new\n"

describe("patch", function()
  it("apply_patch changes and makes files, each by a write that was judged", function()
    local w <close>, said = patched(BOTH:format("b"))
    assert.truthy(said.ok, cjson.encode(said))
    assert.same({ "one\n2\nthree\n", "B\n", "new\n" },
      { w:made("src/a.c"), w:made("b.txt"), w:made("new/c.txt") })
    local done = w:events("call.result")[3].body.operations
    local writes = 0
    for _, one in ipairs(done) do
      writes = writes + (one.op == "fs.write" and one.hash and 1 or 0)
    end
    assert.equal(3, writes)
    assert.equal(0, (select(2, w:orket("check --permits"))))
    w:replays()
  end)

  it("apply_patch writes nothing when one hunk does not fit, and shows the nearest lines", function()
    local w <close>, said = patched(BOTH:format("bb"))
    assert.equal("hunk 1 of b.txt does not fit: its lines are not there", said.error.message)
    assert.same({ "src/a.c", "b.txt" }, { w:events("file.written")[1].body.path,
      w:events("file.written")[2].body.path })
    assert.equal("one\ntwo\nthree\n", w:made("src/a.c"))
    assert.is_nil(w:made("new/c.txt"))
    w:replays()
  end)

  it("apply_patch writes nothing when one of its writes is denied", function()
    local rule = { { id = "locked", effect = "deny", tools = { "write_file" }, paths = { "new/**" },
      why = "not yours" } }
    local w <close>, said = patched(BOTH:format("b"), { gate = rule })
    assert.equal("house.locked", said.error.rule)
    assert.same({ "one\ntwo\nthree\n", "b\n" }, { w:made("src/a.c"), w:made("b.txt") })
    assert.equal("house.locked", w:events("operation.refused")[1].body.rule)
    w:replays()
  end)

  it("apply_patch asks a person where write_file would, before it writes anything else", function()
    local words = BOTH:format("b"):gsub("new/c.txt", ".vscode/tasks.json")
    local w <close>, text = patched(words)
    assert.truthy(text:find("parked", 1, true), text)
    local one = w:pending()[1]
    assert.same({ "apply_patch", "gate.path.executed" }, { one.tool, one.rule })
    assert.equal(2, #w:events("file.written"))
    assert.equal(0, (select(2, w:orket("approve " .. one.id))))
    assert.equal(0, (select(2, w:run())))
    assert.same({ "one\n2\nthree\n", "new\n" }, { w:made("src/a.c"), w:made(".vscode/tasks.json") })
    w:replays()
  end)

  it("apply_patch shows its writes to policies, with their paths", function()
    local policy = [[
      return { node = "policy", decide = function(call)
        for _, path in ipairs(call.paths) do
          if path == "b.txt" and call.tool ~= "write_file" then return { decision = "deny", rule = "b", why = "leave it" } end
        end
      end }]]
    local w <close>, said = patched(BOTH:format("b"), { files = { ["nodes/policy/b.lua"] = policy } })
    assert.equal("policy.b", said.error.rule)
    assert.equal("one\ntwo\nthree\n", w:made("src/a.c"))
    w:replays()
  end)

  for name, path in pairs({ ["out of the tree"] = "../x", ["to the machine"] = "/etc/x",
    ["through the middle"] = "src/../../x",
    ["into the engine"] = ".orket/x", ["into the repository"] = ".git/hooks/pre-commit",
      ["to a secret's name"] = ".env" }) do
    it("apply_patch that leads " .. name .. " is refused", function()
      local w <close>, said = patched("*** Begin Patch\n*** Update File: b.txt\n@@\n-b\n+B\n*** Add File: "
        .. path .. "\n+x\n*** End Patch")
      assert.falsy(said.ok)
      assert.truthy(said.error.rule:find("^gate%.path%."), cjson.encode(said))
      assert.equal("b\n", w:made("b.txt"))
      w:replays()
    end)
  end

  it("apply_patch refuses an update of what is not there, and adding what is", function()
    local w <close>, said = patched("*** Begin Patch\n*** Update File: a.c\n@@\n-one\n+1\n*** End Patch")
    assert.same({ "ERR_NOT_FOUND", { "src/a.c" } }, { said.error.code, said.error.help.nearest })
    w:replays()
    local again <close>, answer = patched("*** Begin Patch\n*** Add File: ./src//a.c\n+1\n*** End Patch")
    assert.equal("src/a.c is there already", answer.error.message)
    again:replays()
  end)

  it("apply_patch is bounded in what its tool may ask", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"read_file",', '%0 "asks",')
    local w <close> = world.new({ issues = { { id = "A" } }, files = { ["roles/coder.lua"] = role, ["tools/asks.lua"] = [[
      return { name = "asks", description = "asks without end", operations = { "fs.write" },
        schema = { type = "object", additionalProperties = false },
        run = function() while true do fs.may_write("a", "b") end end } ]] },
      mock = [[function work(talk) return steps(talk, function() return say(call("asks", {})) end, function() return say(write("a", "b"), finish()) end) end]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("file.written"))
    assert.truthy(text:find("more than 1000 operations", 1, true), text)
    w:replays()
  end)

  it("apply_patch takes a file that is named twice as one", function()
    local w <close> = patched("*** Begin Patch\n*** Update File: b.txt\n@@\n-b\n+c\n*** Update File: ./b.txt\n@@\n-c\n+d\n*** End Patch")
    assert.equal("d\n", w:made("b.txt"))
    w:replays()
  end)
end)
