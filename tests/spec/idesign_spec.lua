-- idesign_spec.lua: the iDesign rules: every language and every rule, through the real binary; hostile texts;
-- and a run whose organization switched them on.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local orket = world.orket

-- Answers for {path, content, config?} requests, in order.
local function judge(rows)
  local answers = orket.try("idesign", rows)
  assert.equal(#rows, #answers)
  return answers
end

-- "rule line" of each violation; a warning has a "~" before it.
local function short(answer)
  local list = {}
  for i, one in ipairs(answer.violations) do
    list[i] = (one.severity == "warning" and "~" or "") .. one.rule:gsub("^idesign%.", "") .. " "
      .. math.tointeger(one.line)
  end
  return table.concat(list, ", ")
end

-- rows: {path, content, expected}; a table in fourth place is a configuration.
local function check(rows)
  local requests = {}
  for i, row in ipairs(rows) do
    requests[i] = { path = row[1], content = row[2], config = row[4] }
  end
  for i, answer in ipairs(judge(requests)) do
    local name = rows[i][1] .. ":\n" .. rows[i][2]:sub(1, 200)
    assert.equal(rows[i][3], short(answer), name)
    assert.equal(not (", " .. rows[i][3]):find(", %a"), answer.ok, name)
  end
end

local function lines(...)
  return table.concat({ ... }, "\n") .. "\n"
end

local function repeated(count, line)
  local all = {}
  for i = 1, count do
    all[i] = line:gsub("N", i)
  end
  return table.concat(all, "\n") .. "\n"
end

describe("idesign", function()
  it("the place of a file is a category, in a name that tells it", function()
    check({
      { "main.py", "x = 1\n", "root 1" },
      { "main.tsx", "let x = 1\n", "root 1" },
      { "README.md", "text", "" },
      { "data.json", "{", "" },
      { "src/main.py", "x = 1\n", "category 1" },
      { "lib/tool.lua", "return 1\n", "category 1" },
      { "Managers/user_manager.py", "x = 1\n", "category 1" },
      { "docs/guide.txt", "text", "" },
      { "utils/text.c", "int x;\n", "" },
      { "product/src/utils/text.js", "let x\n", "" },
      { "src/product/utils/text.js", "let x\n", "" },
      { "src/src/utils/text.js", "let x\n", "category 1" },
      { "managers/user.py", "x = 1\n", "naming 1" },
      { "managers/deep/user.py", "x = 1\n", "naming 1" },
      { "managers/UserManager.ts", "let x = 1\n", "" },
      { "managers/prompt.txt", "text", "naming 1" },
      { "managers/__init__.py", "", "" },
      { "managers/README.md", "text", "" },
      { "src/engines/tax.lua", "return 1\n", "naming 1" },
      { "accessors/db_accessor.h", "int f(void);\n", "" },
    })
  end)
end)

describe("idesign", function()
  it("syntax has to be right, and is told with its line", function()
    check({
      { "utils/a.py", "def f(:\n  pass\n", "syntax 1" },
      { "utils/a.py", "x = 1\ndef f():\nreturn 1\n", "syntax 2" },
      { "utils/a.py", "print 'x'\n", "syntax 1" },
      { "utils/a.py", lines("match x:", "    case [1, *r]: pass",
        "async def f(): return [y async for y in z]"), "" },
      { "utils/a.js", "let x = ;\n", "syntax 1" },
      { "utils/a.jsx", "const e = <a b={1}>x</a>\n", "" },
      { "utils/a.ts", "const x: = 1\n", "syntax 1" },
      { "utils/a.ts", "const e = <string>y\n", "" },
      { "utils/a.tsx", "const e = <A<string> b={1}/>\n", "" },
      { "utils/a.c", lines("int main( {", "  return 0;", "}"), "syntax 1" },
      { "utils/a.c", lines("int f(void)", "{", "    return 0", "}"), "syntax 3" },
      { "utils/a.c", lines("int f(void) MUST_CHECK;"), "~syntax 1" },
      { "utils/a.c", lines("#if 0", "this is ( no C", "#endif", "int x;"), "" },
      { "utils/a.h", lines("#ifdef __cplusplus", 'extern "C" {', "#endif", "int f(int x);",
        "#ifdef __cplusplus", "}", "#endif"), "~syntax 5" },
      { "utils/a.h", lines("__BEGIN_DECLS", "", "/* opens */", "typedef void *it;",
        "extern int f(int x) __THROW;", "__END_DECLS"), "~syntax 4, ~syntax 5, ~syntax 6" },
      { "utils/a.c", lines("static _Thread_local int depth;"), "~syntax 1" },
      { "utils/a.c", lines("typedef struct {", "  PyObject_HEAD", "  int x;", "} thing;"), "~syntax 3" },
      { "utils/a.c", lines("int f(int x)", "{", "#ifdef a", "  if (x)", "    x++;", "  else", "#endif",
        "    x--;", "  return x;", "}"), "~syntax 6" },
      { "utils/a.c", lines("int f(int x)", "{", "  if (x {", "    return 1;", "  }", "}"), "syntax 3" },
      { "utils/a.c", lines("/* endif */", "int a[ = 1;", "/* THERE */"), "syntax 2" },
      { "utils/a.lua", "local x = = 1\n", "syntax 1" },
      { "utils/a.lua", "local a, b\na, b = c\n", "" },
      { "utils/a.lua", "local x\nf() = 1\n", "syntax 2" },
      { "utils/a.py", "x: int\ny: str = z\na = b = c\n", "" },
      { "utils/a.js", "let x; let {y} = z; y = x\n", "" },
      { "utils/a.lua", "local f <close> = g() goto l ::l::\n", "" },
      { "utils/a.py", "x = 1 # hidden\rimport managers\n", "syntax 1" },
      { "utils/a.py", "x = 1\r\ny = 2\r\n", "" },
      { "utils/a.py", "# -*- coding: utf-7 -*-\n# +AAoAaQBtAHAAbwByAHQ- os\n", "syntax 1" },
      { "utils/a.py", "#!/usr/bin/python3\n# vim: set fileencoding=utf_7 :\nx = 1\n", "syntax 2" },
      { "utils/a.py", "# coding: UTF-8\nx = 1\n# coding: utf-7\n", "" },
      { "utils/a.c", "#inc\\\nlude <stdio.h>\n", "syntax 1" },
      { "utils/a.c", "%:include <stdio.h>\n", "syntax 1" },
      { "utils/a.c", "#define A \\\n  1\n", "" },
      { "utils/a.py", "def f(:\n", "~syntax 1, ~syntax 1", { lenient = { "python" } } },
      { "utils/a.py", "def f(:\n", "", { languages = { "lua" } } },
    })
  end)
end)

describe("idesign", function()
  it("the names of classes have the category in them", function()
    check({
      { "managers/a_manager.py", lines("class UserManager:", "    class Meta: pass", "@dec",
        "class Other(Base): pass"),
        "class 2, class 4" },
      { "managers/a_manager.py", "# class Foo: pass\ns = 'class Foo: pass'\n", "" },
      { "utils/a.py", "class Anything: pass\n", "" },
      { "engines/a_engine.js", lines("export default class {}", "class Tax {}", "const X = class {}",
        "const TaxEngine = class {}", "module.exports.Rate = class {}",
        "class TaxEngine2 extends class Q {} {}"),
        "class 2, class 3, class 5, class 6" },
      { "accessors/a_accessor.ts", lines("interface Row {}", "abstract class Base {}", "type T = {}",
        "enum E { A }",
        "@Injectable() export class DbAccessor {}"), "class 1, class 2" },
      { "accessors/a_accessor.c", lines("struct row { int a; };", "struct other *p;",
        "typedef struct { int a; } cell;",
        "union db_accessor { int a; };"), "class 1, class 3" },
      { "managers/a_manager.lua", lines("local User = {}", "User.__index = User", "local UserManager = {}",
        "UserManager.__index = UserManager", "-- Foo.__index = Foo"), "class 2" },
    })
  end)
end)

describe("idesign", function()
  it("the number of methods is a warning, counted for each class by itself", function()
    local python = "class A:\n" .. repeated(15, "    def mN(self): pass") .. "    class B:\n"
      .. repeated(3, "        def n(self): pass")
    check({
      { "utils/a.py", python, "" },
      { "utils/a.py", python .. "    @dec\n    async def more(self): pass\n", "~methods 1" },
      { "utils/a.js", "class A {\n" .. repeated(14, "mN() {}") .. "static x = () => 1; y = 2\n}\n", "" },
      { "utils/a.js", "class A {\n" .. repeated(14, "mN() {}")
        .. "static x = () => 1; get z() { return 1 }\n}\n", "~methods 1" },
      { "utils/a.ts", "interface A {\n" .. repeated(16, "mN(): void") .. "}\n", "~methods 1" },
      { "utils/a.lua", "local A = {}\n" .. repeated(15, "function A:mN() end"), "" },
      { "utils/a.lua", "local A = {}\n" .. repeated(15, "function A.mN() end") .. "A.x = function() end\n",
        "~methods 2" },
      { "utils/a.py", "class A:\n" .. repeated(3, "    def mN(self): pass"), "~methods 1", { methods = 2 } },
    })
  end)
end)

describe("idesign", function()
  it("the layers are not left by another name for what imports: it is told", function()
    check({
      { "engines/a_engine.py", "import importlib\nload = importlib.import_module\nf = __import__\n",
        "~layer 2, ~layer 3" },
      { "engines/a_engine.js", "const r = require;\nlet q; q = (require)\n", "~layer 1, ~layer 2" },
      { "engines/a_engine.mjs", "const r = createRequire(import.meta.url)\n", "~layer 1" },
      { "engines/a_engine.lua", "local r = require\nx = dofile\n", "~layer 1, ~layer 2" },
    })
  end)

  it("the layers say where, not counting the mark at the beginning of a text", function()
    local answer = judge({ { path = "engines/a_engine.py", content = "\xEF\xBB\xBFimport managers.x\n" } })[1]
    assert.same({ 1, 8 }, { math.tointeger(answer.violations[1].line),
      math.tointeger(answer.violations[1].column) })
  end)

  it("the layers are held in Python", function()
    check({
      { "accessors/a_accessor.py", lines("import managers.user_manager", "import os, engines.tax_engine as t",
        "from managers import x", "from ..managers import x", "from .. import managers",
        "from app.engines.deep import y",
        "if True:", "    import user_manager", "from app import managers as m"),
        "layer 1, layer 2, layer 3, layer 4, layer 5, layer 6, layer 8, layer 9" },
      { "accessors/a_accessor.py", lines('"""import managers.x"""',
        "s = 'from managers import x' # import engines",
        "from contextlib import contextmanager", "import sqlalchemy.engine", "from . import manager_accessor",
        "from .manager_accessor import ManagerAccessor", "from ..utils import manager",
        "import utils.engine_tools",
        "from accessors.manager_accessor import X"), "" },
      { "engines/a_engine.py", lines("from ..managers import x", "from ..accessors import y",
        "import engines.b_engine"), "layer 1" },
      { "managers/a_manager.py", lines("from ..engines import x", "import managers.b_manager",
        "import accessors"), "" },
      { "accessors/a_accessor.py", lines("import importlib", "importlib.import_module('managers.a')",
        "m = __import__('mana' 'gers')", "importlib.import_module('man' + 'agers')",
        "importlib.import_module('managers.' + name)",
        "importlib.import_module(f'{x}')", "__import__('man\\x61gers')"),
          "layer 2, layer 3, layer 4, ~layer 5, ~layer 6, layer 7" },
      { "accessors/a_accessor.py", "import ｍanagers\nfrom x import ｅngines\n", "layer 1, layer 2" },
      { "src/accessors/a_accessor.py", "from ..managers import x\nfrom src.managers import y\n",
        "layer 1, layer 2" },
      { "src/accessors/deep/a_accessor.py", "from ... import managers\nfrom .. import managers\n",
        "layer 1" },
      { "accessors/a_accessor.py", "from .....managers import x\n", "layer 1" },
      { "accessors/a_accessor.py", "import django_engine\n", "", { outside = { "django_engine" } } },
      { "utils/a.py", "import managers.x\n", "" },
    })
  end)

  it("the layers are held in JavaScript and TypeScript", function()
    check({
      { "accessors/a_accessor.js", lines('import x from "../managers/user_manager.js"',
        'export * from "../engines/tax_engine"',
        'const a = require("../managers/a")', 'import("../managers/" + "b")', "import(`../managers/c`)",
        'import "@/managers/d"', 'require.resolve("managers/e")', 'require("../managers/" + name)',
          "import(`${x}`)",
        'require("../m\\u0061nagers/f")'),
        "layer 1, layer 2, layer 3, layer 4, layer 5, layer 6, layer 7, ~layer 8, ~layer 9, layer 10" },
      { "accessors/a_accessor.js", lines("(0, require)('../managers/a')", "require?.('../managers/b')",
        "`${require('../managers/c')}`", "// \u{2028}require('../managers/d')",
        "module.require('../managers/e')"),
        "layer 1, layer 2, layer 3, layer 4, layer 5" },
      { "accessors/a_accessor.js", lines('// import "../managers/x"',
        'const s = "require(\'../managers/x\')"',
        'import a from "./manager_accessor.js"', 'import b from "../utils/manager.js"',
          "requires('../managers/x')"), "" },
      { "engines/a_engine.ts", lines('import type { A } from "../managers/a"',
        'export type { B } from "../managers/b"',
        'import c = require("../managers/c")', 'let t: typeof import("../managers/d")',
          'import { E } from "../accessors/e"'),
        "layer 1, layer 2, layer 3, layer 4" },
      { "engines/a_engine.tsx", 'import { M } from "../../engines/../managers/m"\n', "layer 1" },
    })
  end)

  it("the layers are held in C", function()
    check({
      { "accessors/a_accessor.c", lines('#include "../managers/user_manager.h"', "#include <managers/x.h>",
        '#include "tax_engine.h"',
        "#if X", '#include "managers/y.h"', "#endif", '#  include   "..\\managers\\z.h"', "#include NAME",
        '#import "managers/q.h"'), "layer 1, layer 2, layer 3, layer 5, layer 7, ~layer 8, layer 9" },
      { "accessors/a_accessor.c", '#include "man\\\nagers/x.h"\n#include \\\n "managers/y.h"\n',
        "layer 1, layer 3" },
      { "accessors/a_accessor.c", lines('/* #include "managers/x.h" */',
        'const char *s = "#include <managers/x.h>";', "#if 0",
        '#include "managers/x.h"', "#else", '#include "utils/manager.h"', "#endif",
          "#include <openssl/engine.h>",
        '#include "manager_accessor.h"'), "" },
    })
  end)

  it("the layers are held in Lua", function()
    check({
      { "accessors/a_accessor.lua", lines('require "managers.user_manager"',
        'local a = require("engines.tax")',
        "local b = require [[src.managers.x]]", 'pcall(require, "managers.y")', 'require("mana" .. "gers.z")',
        "require(name)",
        'require("man\\97gers")', 'dofile("managers/x.lua")'),
        "layer 1, layer 2, layer 3, layer 4, layer 5, ~layer 6, layer 7, layer 8" },
      { "accessors/a_accessor.lua", lines("_G.require 'managers.a'", "", ";(require)('managers.b')"),
        "layer 1, layer 3" },
      { "accessors/a_accessor.lua", lines('-- require "managers.x"', "local s = [[require 'managers.x']]",
        'require "utils.manager"',
        'my.require("managers.x")'), "" },
      { "engines/a_engine.lua", lines('require "managers.a"', 'require "accessors.b"'), "layer 1" },
    })
  end)

  it("the layers are those of the configuration", function()
    local config = { categories = { "core", "ui" }, layers = { core = { "ui" } }, prefixes = { "app" } }
    check({
      { "app/core/a_core.py", "import ui.window\n", "layer 1", config },
      { "core/a_core.py", "import managers\n", "", config },
      { "managers/a_manager.py", "x = 1\n", "category 1", config },
    })
  end)
end)

describe("idesign", function()
  it("a hostile text is refused in bounded time, whatever it does to the parser", function()
    local deep = ("("):rep(400000)
    local rows = {}
    for _, path in ipairs({ "utils/a.py", "utils/a.js", "utils/a.ts", "utils/a.tsx", "utils/a.c",
      "utils/a.lua" }) do
      rows[#rows + 1] = { path = path, content = deep }
      rows[#rows + 1] = { path = path, content = ("{"):rep(100000) }
    end
    rows[#rows + 1] = { path = "utils/a.js", content = "(" .. (") ("):rep(100000) }
    rows[#rows + 1] = { path = "utils/a.py", content = "x = 1\0import managers\n" }
    rows[#rows + 1] = { path = "utils/a.py", content = "x='" .. ("a"):rep(1048576) .. "'" }
    for i, answer in ipairs(judge(rows)) do
      assert.is_false(answer.ok, "row " .. i)
      local rule = answer.violations[1].rule
      assert(rule == "idesign.limit" or rule == "idesign.syntax", rule)
    end
  end)

  it("a hostile text is not refused for being long", function()
    check({
      { "utils/a.py", ("x = 'a'\n"):rep(50000), "" },
      { "utils/a.js", "x = [" .. ("1,"):rep(200000) .. "1]\n", "" },
    })
  end)

  it("a hostile text is no text", function()
    local dir = orket.directory()
    orket.write(dir .. "/utils/a.py", "x = '\xff'\n")
    local out, code = orket.run("try idesign --root " .. dir .. " utils/a.py")
    orket.remove(dir)
    assert.equal(1, code)
    assert.equal("idesign.limit", cjson.decode(out).violations[1].rule)
  end)
end)

describe("idesign", function()
  it("docs/idesign.md shows a configuration that works", function()
    local config = cjson.decode(orket.read("docs/idesign.md"):match("```json\n(.-)```"))
    check({ { "core/a_core.py", "import ui.window\n", "layer 1", config } })
  end)
end)

describe("idesign", function()
  it("orket try idesign prints a line per file", function()
    local dir = orket.directory()
    orket.write(dir .. "/src/managers/a_manager.py", "import x\n")
    orket.write(dir .. "/main.py", "x\n")
    orket.write(dir .. "/rules.json", '{"name": "x", "architecture": {"idesign": {"languages": ["lua"]}}}')
    local out, code = orket.run(("try idesign %s/src/managers/a_manager.py %s/main.py"):format(dir, dir))
    local first, second = out:match("^(.-)\n(.-)\n$")
    assert.equal(1, code)
    assert.same({ path = "src/managers/a_manager.py", ok = true, violations = {} }, cjson.decode(first))
    second = cjson.decode(second)
    local one = second.violations[1]
    assert.same({ "main.py", false, "idesign.root", "error", 1, 1 },
      { second.path, second.ok, one.rule, one.severity, one.line, one.column })
    assert(#one.why > 0 and #one.fix > 0)
    out, code = orket.run(("try idesign --config %s/rules.json --root %s main.py"):format(dir, dir))
    assert.equal(0, code, out)
    out, code = orket.run(("try idesign %s/src"):format(dir))
    assert.same({ 2, true }, { code, out:find("/src: Is a directory", 1, true) ~= nil }, out)
    orket.write(dir .. "/rules.json", '{"method": 3}')
    out, code = orket.run(("try idesign --config %s/rules.json --root %s main.py"):format(dir, dir))
    assert.equal(2, code, out)
    orket.remove(dir)
  end)
end)

-- A worker who breaks four rules, one of them by an edit, and then does as it was told.
local BREAKS = world.orket.read("tests/support/teams/breaks_layers.lua")

local function run(architecture, governance)
  local w = world.new({ issues = { { id = "A" } }, mock = BREAKS, architecture = architecture,
    governance = governance })
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

local function refused(w)
  local list = {}
  for line in w:orket("reports --json"):gmatch("[^\n]+") do
    local report = cjson.decode(line)
    table.insert(list, 1, report.rule .. " " .. tostring(report.where))
  end
  return list
end

describe("idesign", function()
  it("a run of an organization with the rules writes nothing that breaks one, and is replayed", function()
    local w <close> = run({ idesign = { enabled = true } })
    assert.same({
      "idesign.root main.py:1", "idesign.category lib/a.js:1", "idesign.layer accessors/b_accessor.py:2",
      "idesign.layer accessors/a_accessor.py:1",
    }, refused(w))
    assert.same({ nil, nil, "x = 1\n", nil, "not source" }, {
      w:made("main.py"), w:made("lib/a.js"), w:made("accessors/a_accessor.py"),
        w:made("accessors/b_accessor.py"), w:made("note.txt"),
    })
    assert.truthy(w:made("utils/u.c"))
    local results = w:orket("log --json")
    assert.truthy(results:find("idesign.syntax: utils/u.c:1:", 1, true), "the warning is recorded")
    w:write("config/organization.json", '{"name": "Test"}')
    local text, code = w:orket("replay --strict ep.1")
    assert.equal(0, code, text)
  end)

  it("a run of a plain organization does as it likes", function()
    for _, case in ipairs({ {}, { nil, { idesign = true } }, { { idesign = { enabled = false } } },
      { { idesign = { enabled = true } }, { idesign = false } } }) do
      local w <close> = run(case[1], case[2])
      assert.same({}, refused(w))
      assert.truthy(w:made("main.py"))
    end
  end)

  it("a run of an epic with the pattern has the rules", function()
    local w <close> = run(nil, { pattern = "iDesign" })
    assert.equal(4, #refused(w))
  end)

  local PROGRAMS = world.orket.read("tests/support/teams/runs_programs.lua")

  local function programs(architecture, mock)
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",', '%0 "run_command",')
    local w = world.new({ issues = { { id = "A" } }, mock = mock or PROGRAMS, architecture = architecture,
      files = { ["roles/coder.lua"] = role },
      rules = { commands = { { argv = { "sh", "**" } }, { argv = { "python3", "**" } } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    return w
  end

  local NAMES = { "main.py", "accessors/b_accessor.py", "lib.js", "utils/raw.py", "accessors/c.py" }

  it("a run takes over nothing that a program wrote against them", function()
    local w <close> = programs({ idesign = { enabled = true } })
    for _, path in ipairs(NAMES) do
      assert.is_nil(w:made(path), path)
    end
    assert.same({ "x = 1\n", "text\n" }, { w:made("accessors/a_accessor.py"), w:made("note.txt") })
    assert.truthy(w:made("utils/u.c"))
    local found = refused(w)
    table.sort(found)
    assert.same({
      "idesign.layer accessors/a_accessor.py:1", "idesign.layer accessors/b_accessor.py:2",
      "idesign.limit utils/raw.py:1",
      "idesign.naming accessors/c.py:1", "idesign.root lib.js:1", "idesign.root main.py:1",
    }, found)
    local told = cjson.encode(cjson.decode(w:request(2)).messages)
    assert.truthy(told:find("idesign.root", 1, true) and told:find("idesign.syntax: utils", 1, true), told)
    w:write("config/organization.json", '{"name": "Test"}')
    local text, code = w:orket("replay --strict ep.1")
    assert.equal(0, code, text)
    assert.equal(0, (select(2, w:check())))
  end)

  it("a run does not look at what a program wrote where there are none", function()
    local w <close> = programs()
    for _, path in ipairs(NAMES) do
      assert.truthy(w:made(path), path)
    end
    assert.same({}, refused(w))
  end)

  it("a run does not spend its time on texts that a program wrote to hurt the parser", function()
    local began = os.time()
    local w <close> = programs({ idesign = { enabled = true } }, [[
    local TEXT = "mkdir utils managers; for i in $(seq 1 60); do printf '%s%s' \"$(head -c 70000 /dev/zero | tr '\\0' '(')\" $i > utils/a$i.lua; done; echo 'x = 1' > utils/z.py"
    function work(talk)
      return steps(talk, function() return say(call("run_command", { argv = { "sh", "-c", TEXT } })) end, function() return say(write("note.txt", "x"), finish()) end)
    end ]])
    local ran = w:events("command.ran")[1].body
    assert.equal(61, ran.put_back, cjson.encode(ran))
    assert.same({}, ran.changes)
    assert.equal("idesign.limit", ran.refused[1].rule)
    assert.truthy(ran.refused[12].why:find("10 files of this command cannot be judged", 1, true),
      cjson.encode(ran.refused[12]))
    assert(os.time() - began < 60)
  end)
end)
