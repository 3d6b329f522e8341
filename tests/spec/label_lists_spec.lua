-- label_lists_spec.lua: lists of labels and what they follow from, by governance/labels.lua alone. What
-- becomes of labels in a run is in labels_spec.lua.

package.path = "lua/?.lua;" .. package.path
package.loaded["orket.core.gate"] = { effect = function(kind)
  return kind == "test.post" and "once" or "tree"
end }
package.loaded["orket.core.glob"] = { -- patterns of this spec are prefixes
  match = function(pattern, path) return path:sub(1, #pattern) == pattern end,
}
local cjson = require("cjson")
local labels = require("orket.governance.labels")

local A, B, AB = { "a" }, { "b" }, { "a", "b" }

describe("label lists", function()
  local ROWS = { { nil, nil, nil }, { A, nil, A }, { nil, B, B }, { A, B, AB }, { B, A, AB }, { AB, A, AB },
    { { "c", "d" }, AB, { "a", "b", "c", "d" } } }
  for i = 1, 7 do
    local both = cjson.encode({ ROWS[i][1] or cjson.null, ROWS[i][2] or cjson.null })
    it("labels.union gives a sorted list without doubles: " .. both, function()
      assert.same(ROWS[i][3], labels.union(ROWS[i][1], ROWS[i][2]))
    end)
  end

  it("labels.union answers with the first list itself when the second brings nothing new, and changes neither",
    function()
    assert.equal(AB, labels.union(AB, B))
    labels.union(A, B)
    assert.same({ { "a" }, { "b" } }, { A, B })
  end)
end)

describe("label lists", function()
  for _, name in ipairs({ "a", "untrusted", "web-2_x", ("a"):rep(32) }) do
    it("labels.is_name takes " .. name, function()
      assert.is_true(labels.is_name(name))
    end)
  end
  for _, name in ipairs({ "", "A", "2a", "-a", "a b", "a\n", "ä", ("a"):rep(33), 7, {} }) do
    it("labels.is_name refuses " .. cjson.encode({ name }), function()
      assert.is_false(labels.is_name(name))
    end)
  end
end)

describe("label lists", function()
  local WRONG = { { untrusted = "yes" }, { labels = {} }, { labels = "web" }, { labels = { "Web" } },
    { labels = { 7 } },
    { labels = { "web", x = "y" } }, { labels = { ("a"):rep(33) } } }
  for _, about in ipairs(WRONG) do
    it("labels.fault refuses a tool that declares " .. cjson.encode(about), function()
      local fault, fix = labels.fault(about)
      assert.is_string(fault)
      assert.is_string(fix)
    end)
  end

  it("labels.fault refuses more than sixteen names and takes sixteen", function()
    local names = {}
    for i = 1, 16 do
      names[i] = "n" .. i
    end
    assert.is_nil(labels.fault({ labels = names }))
    names[17] = "n17"
    assert.is_string(labels.fault({ labels = names }))
  end)
end)

describe("label lists", function()
  it("labels.of_tool adds `untrusted` to the names of a tool that says so, and gives nothing for one that declares nothing",
    function()
    assert.same({ "untrusted", "web" }, labels.of_tool({ untrusted = true, labels = { "web" } }))
    assert.same({ "web" }, labels.of_tool({ labels = { "web" } }))
    assert.is_nil(labels.of_tool({ untrusted = false }))
  end)
end)

local TREE = {
  files = { ["src/a"] = 1, ["src/b"] = 1, ["doc/x"] = 1, ["doc/y"] = 1, clean = 1 },
  labels = { ["src/a"] = A, ["doc/x"] = A, ["doc/y"] = B },
}

local READINGS = { -- what is read, its result, labels
  { "fs.read", {}, "src/a", A },
  { "fs.read", {}, "clean", nil },
  { "fs.read", {}, "made-by-a-program", AB },
  { "fs.list", { path = ".", entries = { { name = "clean", type = "file" } } }, ".", nil },
  -- src/b carries nothing
  { "fs.list", { path = ".", entries = { { name = "src", type = "directory" } } }, ".", nil },
  { "fs.list", { path = ".", entries = { { name = "doc", type = "directory" } } }, ".", AB },
  { "fs.list", { path = "src", entries = { { name = "a", type = "file" } } }, "src", A },
  { "fs.list", { path = ".", entries = { { name = "new", type = "directory" } } }, ".", AB },
  { "fs.search", { matches = { { path = "clean" }, { path = "doc/y" } } }, ".", B },
  { "fs.search", { paths = { "clean", "src/a" } }, ".", A },
  { "fs.write", {}, "src/a", nil },
}

describe("label lists", function()
  for _, row in ipairs(READINGS) do
    local answer = cjson.encode(row[2].entries or row[2].matches or row[2].paths or {})
    it("labels.of_reading gives the labels of what " .. row[1] .. " of " .. row[3] .. " answers, and no others: " .. answer,
      function()
      assert.same(row[4], (labels.of_reading(TREE, row[1], row[2], row[3])))
    end)
  end

  it("labels.of_reading gives nothing in a tree without labels, whatever is in it", function()
    assert.is_nil(labels.of_reading({ files = {}, labels = {} }, "fs.read", {}, "made-by-a-program"))
  end)
end)

describe("label lists", function()
  it("labels.of_operation takes a program as one that read every file, and an unknown kind as one from outside",
    function()
    assert.same(AB, labels.of_operation(TREE, "proc.run"))
    assert.same({ "untrusted" }, labels.of_operation(TREE, "net.fetch"))
    assert.is_nil(labels.of_operation(TREE, "fs.read"))
    assert.is_nil(labels.of_operation(TREE, "test.post")) -- labelled by its answer
  end)
end)

describe("label lists", function()
  local CANDIDATES = { { text = "clean" }, { text = "dirty", labels = A }, { text = "worse", labels = B } }

  it("labels.of_notes gives each note that was left as it was its own labels", function()
    assert.same({ A, cjson.null },
      { table.unpack(labels.of_notes({ CANDIDATES[2], CANDIDATES[1] }, CANDIDATES)) })
  end)

  it("labels.of_notes gives a note that a script has rewritten the labels of all that it could have been made of",
    function()
    assert.same({ AB }, { table.unpack(labels.of_notes({ { text = "clean and dirty" } }, CANDIDATES)) })
  end)
end)

describe("label lists", function()
  it("labels.of_view collects from every part of what a model is shown", function()
    assert.same({ "a", "b", "c", "d", "e" }, labels.of_view({
      card = A, note = cjson.null, epic = { "b" },
      dependencies = { X = { name = { "c" }, note = cjson.null } },
      conflict = { ["f.txt"] = { "d" } }, comments = { cjson.null, { "e" } }, memory = {},
    }))
    assert.is_nil(labels.of_view(nil))
    assert.is_nil(labels.of_view({ card = {}, comments = cjson.null, memory = { cjson.null } }))
  end)
end)

describe("label lists", function()
  it("labels.of_seed gives a file the labels of every pattern of the organization that it matches", function()
    local of = labels.of_seed({ organization = { process_rules = { labels = { files = { vendor = A,
      ["vendor/web"] = B } } } } })
    assert.same({ A, AB }, { of("vendor/x"), of("vendor/web/y") })
    assert.is_nil(of("src/x"))
    assert.is_nil(labels.of_seed({ organization = { process_rules = { labels = "off" } } })("vendor/x"))
  end)
end)
