-- outline_spec.lua: `outline` and `find_symbol`, called by a model in a run: what source files define, ranked by
-- use, within a budget; the labels of what was read; and sources that were made to break or to mislead.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local WORK = [[
function work(talk)
  return steps(talk, function() return { calls = CALLS } end, function(t)
    return say(write("said", table.concat(t.said, "\n")), finish())
  end)
end
]]

-- A run in which the coder makes these calls, over these files; the results, and the world.
local function asked(files, calls, options)
  local placed = {}
  for path, text in pairs(files) do
    placed["workspace/ep/tree/" .. path] = text
  end
  options = options or {}
  options.issues, options.files = { { id = "A" } }, placed
  options.mock = "local CALLS = { " .. table.concat(calls, ", ") .. " }\n" .. WORK
  local w = world.new(options)
  local text, code = w:run()
  assert.equal(0, code, text)
  local answers = {}
  for line in w:made("said"):gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  return answers, w
end

local FILES = {
  ["core.py"] = "class Store(Base):\n    def get(self, key: str) -> str:\n        return key\n\n\ndef rarely():\n    pass\n",
  ["a.py"] = "from core import Store\n\ndef main():\n    s = Store()\n    return s.get('a')\n",
  ["b.py"] = "from core import Store\n\nprint(Store().get('b'))\n",
  ["web/app.ts"] = "export interface Page { title: string }\nexport const render = (p: Page): string => p.title\n",
  ["web/view.tsx"] = "export class View { draw(p: Page) { return <b>{render(p)}</b> } }\n",
  ["lib.js"] = "function helper(a, b) { return a }\nmodule.exports = { helper }\n",
  ["c/list.h"] = "#define LIST_MAX 10\nstruct list { int n; };\nint list_add(struct list *l, int n);\n",
  ["c/list.c"] = '#include "list.h"\nint list_add(struct list *l, int n)\n{\n    return l->n += n;\n}\n',
  ["m.lua"] = "local M = {}\nfunction M.open(path)\n  return path\nend\nM.close = function(x) end\nlocal function own() end\nreturn M\n",
  [".gitignore"] = "gen/\n", ["gen/big.py"] = "def generated():\n    return Store\n", ["README.md"] = "def no_code(): x\n",
}

describe("outline", function()
  it("lists what six languages define, with signatures and lines, the most used first", function()
    local answers, w <close> = asked(FILES, { 'call("outline", {})' })
    local found = answers[1].result
    assert.same({ 9, found.symbols, 1 }, { found.files, found.shown, found.ignored })
    local text = found.outline
    assert.truthy(text:find("core.py:\n  1-3 class Store(Base):\n  2-3 Store: def get(self, key: str) -> str:\n  6-7 def rarely():\n",
      1, true), text)
    assert.truthy(text:find("list_add", 1, true) < text:find("rarely", 1, true), text)
    assert.truthy(text:find("Store", 1, true) < text:find("a.py", 1, true), text)
    for _, line in ipairs({ "  1-1 interface Page\n", "  2-2 render = (p: Page): string =>\n", "  1-1 class View\n",
      "  1-1 View: draw(p: Page)\n", "  1-1 function helper(a, b)\n", "  2-2 struct list\n", "  1-1 #define LIST_MAX\n",
      "  3-3 int list_add(struct list *l, int n);\n", "  2-5 int list_add(struct list *l, int n)\n",
      "  2-4 function M.open(path)\n", "  5-5 M.close = function(x) end\n", "  6-6 local function own() end\n" }) do
      assert.truthy(found.outline:find(line, 1, true), line .. "in\n" .. found.outline)
    end
    assert.falsy(found.outline:find("generated", 1, true))
    w:replays("ep.1")
  end)

  it("has what fits into its tokens, and counts the rest", function()
    local many = {}
    for i = 1, 60 do
      many[i] = ("def function_%02d(argument, another_argument):\n    pass\n"):format(i)
    end
    local answers, w <close> = asked({ ["many.py"] = table.concat(many), ["use.py"] = "function_42()\nfunction_42()\n" },
      { 'call("outline", { tokens = 50 })', 'call("outline", { glob = "use.py" })', 'call("outline", { path = "many.py" })' })
    local small, none, one = answers[1].result, answers[2].result, answers[3].result
    assert.equal("many.py:\n  83-84 def function_42(argument, another_argument):\n",
      small.outline:gsub("  1%-2[^\n]*\n", ""):gsub("  3%-4[^\n]*\n", ""), nil)
    assert.truthy(#small.outline <= 200)
    assert.truthy(small.shown < small.symbols)
    assert.same({ "", 0 }, { none.outline, none.symbols })
    assert.equal(60, one.symbols)
    assert.truthy(w)
  end)

  it("labels its turn with what it read, as a reading does", function()
    local answers, w <close> = asked({ ["own.py"] = "def mine():\n    pass\n", ["vendor/x.py"] = "def theirs():\n    pass\n" },
      { 'call("outline", { glob = "own.py" })', 'call("outline", {})' },
      { rules = { labels = { files = { ["vendor/**"] = { "vendor" } } } } })
    assert.is_nil(answers[1].labels)
    assert.same({ "vendor" }, answers[2].labels)
    assert.same({ "vendor" }, w:events("turn.labelled")[1].body.labels)
  end)

  it("names what is too much for the parser, and goes on with the rest", function()
    local answers, w <close> = asked({ ["deep.js"] = ("{"):rep(70000), ["line.py"] = "x = '" .. ("y"):rep(900000) .. "'\n",
      ["huge.c"] = ("int x;\n"):rep(200000), ["nul.c"] = "int a\0;", ["latin.c"] = "int \xe9;", ["ok.py"] = "def fine():\n    pass\n",
      ["broken.py"] = "x = = 3\nclass Whole:\n    pass\n" },
      { 'call("outline", {})', 'call("find_symbol", { name = "fine" })' })
    local found = answers[1].result
    assert.same({ "deep.js" }, found.unread)
    assert.is_true(found.more) -- huge.c
    assert.truthy(found.outline:find("def fine():", 1, true))
    assert.truthy(found.outline:find("class Whole:", 1, true))
    assert.equal("ok.py", answers[2].result.definitions[1].path)
    assert.truthy(w)
  end)

  it("shows of a name and a signature one line, without what no reader sees", function()
    local evil = "def f(a='\u{202e}obey\u{200b}',\n      b=1,\t\n\n  c='x" .. ("\u{e9}"):rep(200) .. "'):\n    pass\n"
    local answers, w <close> = asked({ ["e.py"] = evil }, { 'call("outline", {})' })
    local text = answers[1].result.outline
    assert.truthy(text:find("def f(a='obey', b=1, c='xé", 1, true), text)
    assert.falsy(text:find("\u{202e}", 1, true))
    assert.truthy(utf8.len(text))
    assert.truthy(w)
  end)
end)

describe("find_symbol", function()
  it("finds where a name is defined, and the lines that use it", function()
    local answers, w <close> = asked(FILES, { 'call("find_symbol", { name = "Store.get" })',
      'call("find_symbol", { name = "list_add", path = "c" })', 'call("find_symbol", { name = "nowhere" })' })
    local get, add, none = answers[1].result, answers[2].result, answers[3].result
    assert.same({ { path = "core.py", line = 2, last = 3, kind = "function", signature = "def get(self, key: str) -> str:",
      within = "Store" } }, get.definitions)
    assert.same({ { path = "a.py", line = 5, text = "return s.get('a')" }, { path = "b.py", line = 3,
      text = "print(Store().get('b'))" } }, get.uses)
    assert.same({ "c/list.c", "c/list.h" }, { add.definitions[1].path, add.definitions[2].path })
    assert.same({ {}, {} }, { none.definitions, none.uses })
    w:replays("ep.1")
  end)

  it("shows nothing of a file that the role may not read", function()
    local answers, w <close> = asked({ ["a.py"] = "def mine():\n    pass\n", ["private/b.py"] = "def mine():\n    pass\n" },
      { 'call("find_symbol", { name = "mine" })', 'call("outline", {})' },
      { gate = { { id = "p", effect = "deny", paths = { "private/**" }, why = "it is private" } } })
    assert.equal(1, #answers[1].result.definitions)
    assert.falsy(answers[2].result.outline:find("private", 1, true))
    assert.truthy(w)
  end)
end)
