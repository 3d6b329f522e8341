-- options_spec.lua: command lines and what becomes of them; the nearest name.

package.path = "lua/?.lua;" .. package.path
package.loaded["orket.project.project_dir"] = { find = function() end } -- no project is around
package.loaded["orket.view.cli_report"] = {} -- nothing is printed
local options = require("orket.options")
local nearest = require("orket.util.suggest")

local KNOWN = { C = "value", json = "flag", why = "value", n = "value", f = "flag", w = "flag", o = "list" }

local function parse(line, operands)
  local argv = {}
  for word in line:gmatch("%S+") do
    argv[#argv + 1] = word
  end
  return options.parse(argv, KNOWN, operands or { "card", "text..." })
end

describe("options", function()
  local good = {
    { "a b", { card = "a", text = "b" } },
    { "a b c", { card = "a", text = "b c" } },
    { "--json a b", { card = "a", text = "b", json = true } },
    { "a b --json", { card = "a", text = "b", json = true } },
    { "-C dir a b", { card = "a", text = "b", C = "dir" } },
    { "-C=dir a b", { card = "a", text = "b", C = "dir" } },
    { "--why=x=y a b", { card = "a", text = "b", why = "x=y" } },
    { "--why --json a b", { card = "a", text = "b", why = "--json" } },
    { "a -- --json -x", { card = "a", text = "--json -x" } },
    { "a -- -- b", { card = "a", text = "-- b" } },
    { "- b", { card = "-", text = "b" } },
    { "-Cdir a b", { card = "a", text = "b", C = "dir" } },
    { "-C/tmp/x=y a b", { card = "a", text = "b", C = "/tmp/x=y" } },
    { "-C.. -n5 a b", { card = "a", text = "b", C = "..", n = "5" } },
    { "-fn5 -wC./d a b", { card = "a", text = "b", f = true, n = "5", w = true, C = "./d" } },
    { "-fw a b", { card = "a", text = "b", f = true, w = true } },
    { "-n -Cdir a b", { card = "a", text = "b", n = "-Cdir" } },
    { "-one -otwo a b", { card = "a", text = "b", o = { "ne", "two" } } },
    { "-json -n=5 a b", { card = "a", text = "b", json = true, n = "5" } },
    { "a b -- -Cdir", { card = "a", text = "b -Cdir" } },
  }
  for _, row in ipairs(good) do
    it("options.parse takes " .. row[1], function()
      assert.same(row[2], (parse(row[1])))
    end)
  end

  local bad = {
    { "", "missing CARD" },
    { "a", "missing TEXT" },
    { "--loud a b", "unknown option --loud" },
    { "--json=yes a b", "option --json=yes takes no value" },
    { "a b -C", "option -C needs a value" },
    { "--help", "" },
    { "a -h", "" },
    { "-fh", "" },
    { "-fx a b", "unknown option -fx, did you mean -f?" },
    { "-fn a b", "missing TEXT" },
    { "-filter a b", "unknown option -filter" },
    { "a b -fn", "option -n needs a value" },
  }
  for _, row in ipairs(bad) do
    it("options.parse refuses " .. row[1], function()
      local args, message = parse(row[1])
      assert.is_nil(args)
      assert.equal(row[2], message)
    end)
  end

  it("options.parse takes a text that only looks like a joined option", function()
    assert.same({ card = "a", text = "-C is short" },
      (options.parse({ "a", "-C is short" }, KNOWN, { "card", "text..." })))
  end)

  it("options.parse knows operands that may be missing, and too many", function()
    assert.same({}, (parse("", { "dir?" })))
    assert.same({ dir = "x" }, (parse("x", { "dir?" })))
    assert.same({ nil, "unexpected argument y" }, { parse("x y", { "dir?" }) })
  end)
end)

describe("options", function()
  local names = { "board", "bench", "comment", "export-cards", "run", "repl", "retry", "validate" }
  local rows = {
    { "bord", "board" }, { "baord", "board" }, { "Board", "board" }, { "exp", "export-cards" },
    { "rnu", "run" },
    { "coment", "comment" }, { "valid", "validate" }, { "xyzzy" }, { "" }, { ("x"):rep(5000) }, { "q" },
  }
  for _, row in ipairs(rows) do
    it("nearest.find answers " .. row[1]:sub(1, 10), function()
      assert.equal(row[2], nearest.find(row[1], names))
    end)
  end
end)
