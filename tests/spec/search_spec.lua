-- search_spec.lua: fs.search through the gate: what ignore files leave out (git itself is the oracle), what is
-- found and how it is shown, and trees that were made to hold a search up.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function tree_of(files)
  local dir, directories = orket.directory(), {}
  for path in pairs(files) do
    directories[#directories + 1] = "'" .. dir .. "/" .. (path:match("^(.*)/") or "") .. "'"
  end
  orket.shell("mkdir -p " .. table.concat(directories, " "))
  for path, text in pairs(files) do
    local file <close> = assert(io.open(dir .. "/" .. path, "wb"))
    file:write(text)
  end
  return dir
end

local function search(dir, ...)
  local answers = {}
  local chunk = orket.chunk("search", "search", cjson.encode({ ... }))
  for line in orket.probe(chunk, "DIR=" .. dir .. " "):gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  return table.unpack(answers)
end

local function searched(files, ...)
  local dir = tree_of(files)
  local answers = table.pack(search(dir, ...))
  orket.remove(dir)
  return table.unpack(answers)
end

-- What git would take into a commit, in the order of bytes.
local function of_git(dir)
  orket.shell("cd " .. dir .. " && git init -q 2>&1")
  local paths = {}
  local text = orket.shell("cd " .. dir .. " && git -c core.excludesFile= ls-files -z --others --exclude-standard")
  for path in text:gmatch("[^%z]+") do
    paths[#paths + 1] = path
  end
  table.sort(paths)
  return paths
end

local PARTS = { "a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "a*", "*b", "a?", "\\a", "[a-b]*", "***", "[[:alpha:]]",
  "[]a]" }
local LAST = { "[^b", "a\\", "*.f", "a b", "b" } -- also what is no pattern
local ENDS = { "", "", "/", " ", "\\ ", "\r", "/**" }
local STARTS = { "", "", "/", "!", "!/", "**/", "\\!", "#" }

local function random_rules(random)
  local rules = {}
  for i = 1, random(4) do
    local parts = {}
    for n = 1, random(3) do
      parts[n] = PARTS[random(#PARTS)]
    end
    parts[#parts] = random(4) == 1 and LAST[random(#LAST)] or parts[#parts]
    rules[i] = STARTS[random(#STARTS)] .. table.concat(parts, "/") .. ENDS[random(#ENDS)]
  end
  return table.concat(rules, "\n") .. "\n"
end

local NAMES = { "a", "b", "ab", "aa", "ba", "a b" }

local function random_tree(random)
  local files = {}
  for _, first in ipairs(NAMES) do
    files["x" .. first] = ""
    files[first .. "/" .. NAMES[random(#NAMES)] .. ".f"] = ""
    for _, second in ipairs(NAMES) do
      files[first .. "/" .. second .. "/" .. NAMES[random(#NAMES)]] = ""
    end
  end
  for _, directory in ipairs({ "", "a/", "b/ab/" }) do
    files[directory .. ".gitignore"] = random(3) > 1 and random_rules(random) or ""
  end
  return files
end

describe("ignore files", function()
  it("leave out what git leaves out, for random rules in trees of random names", function()
    math.randomseed(7)
    for round = 1, 60 do
      local files = random_tree(math.random)
      local dir = tree_of(files)
      local want = of_git(dir)
      local found = search(dir, { limit = 200 })
      orket.remove(dir)
      assert.same(want, found.paths, round .. ":\n" .. files[".gitignore"] .. "--\n" .. files["a/.gitignore"]
        .. "--\n" .. files["b/ab/.gitignore"])
    end
  end)

  it("hold for a search that begins below them, and are counted", function()
    local files = { [".gitignore"] = "*.log\n", ["src/.gitignore"] = "/gen/\n", ["src/a.c"] = "x\n",
      ["src/a.log"] = "x\n", ["src/gen/b.c"] = "x\n", ["src/deep/c.log"] = "x\n" }
    local found, all, inside = searched(files, { path = "src", text = "x" }, { path = "src", text = "x", ignored = true },
      { path = "src/gen", text = "x" })
    assert.same({ "src/a.c" }, { found.matches[1].path, found.matches[2] })
    assert.equal(3, found.ignored)
    assert.equal(4, #all.matches)
    assert.is_nil(all.ignored)
    assert.equal("src/gen/b.c", inside.matches[1].path) -- it was named
  end)

  it("named .ignore go before those named .gitignore, of any directory", function()
    local files = { [".ignore"] = "!keep.log\nno.txt\n", ["a/.gitignore"] = "*.log\n", ["a/keep.log"] = "",
      ["a/other.log"] = "", ["a/no.txt"] = "" }
    local found = searched(files, { glob = "a/*" })
    assert.same({ "a/.gitignore", "a/keep.log" }, found.paths)
  end)

  it("that an agent wrote to hide a file hide it from no search that wants everything", function()
    local found, all = searched({ [".gitignore"] = "*\n", ["evil.py"] = "steal()\n" }, { text = "steal" },
      { text = "steal", ignored = true })
    assert.equal(0, #found.matches)
    assert.equal(2, found.ignored)
    assert.equal("evil.py", all.matches[1].path)
  end)

  it("are no way out of the tree when they are links, and none of .git is ever searched", function()
    local dir = tree_of({ ["tree/a"] = "x\n", ["tree/.git/b"] = "x\n", ["rules"] = "*\n" })
    orket.shell("ln -s ../rules " .. dir .. "/tree/.gitignore")
    local found = search(dir .. "/tree", { text = "x", ignored = true }, { text = "x" })
    orket.remove(dir)
    assert.same({ "a" }, { found.matches[1].path, found.matches[2] })
  end)

  it("of many stars and many rules cost a bounded time, or end the search with a fix", function()
    local files = { ["deep/" .. ("a/"):rep(50) .. ("a"):rep(200)] = "x\n" }
    files[".gitignore"] = ("**/a*"):rep(200) .. "b\n" .. ("*a"):rep(1000) .. "b\n" .. ("a/**/"):rep(300) .. "c\n"
    local rules = {}
    for i = 1, 25000 do
      rules[i] = ("*a"):rep(15) .. i
    end
    files["deep/.gitignore"] = table.concat(rules, "\n")
    for i = 1, 300 do
      files[("deep/%s%d"):format(("a"):rep(240), i)] = "x\n"
    end
    local found, all = searched(files, { text = "x" }, { text = "x", ignored = true, limit = 3 })
    assert.equal("ERR_LIMIT", found.code)
    assert.truthy(found.message:find("ignore files"), found.message)
    assert.equal(3, #all.matches)
  end)
end)

local FILES = {
  ["a.txt"] = "one\ntwo\nTHREE\nfour two\r\nfive\n", ["b/c.md"] = "two\n", ["b/d.lua"] = "local two = 2\n",
  ["bin"] = "two\0two\n", ["latin"] = "caf\xe9 two\n", ["long"] = ("x"):rep(1000) .. " two " .. ("y"):rep(1000),
}

local ROWS = { -- what: the wish, and path:line of what is found
  { "a text", { text = "two", glob = "*.txt" }, "a.txt:2 a.txt:4" },
  { "a text, in texts that are not UTF-8 as well, and in no binary", { text = "two", glob = "!b/" },
    "a.txt:2 a.txt:4 latin:1 long:1" },
  { "any case", { text = "three", any_case = true }, "a.txt:3" },
  { "an expression", { text = "^t[wx]o$", regex = true }, "a.txt:2 b/c.md:1" },
  { "an expression whose line ends in CRLF", { text = "two$", regex = true, glob = "a.txt" }, "a.txt:2 a.txt:4" },
  { "an expression in any case", { text = "\\bthre+\\b", regex = true, any_case = true }, "a.txt:3" },
  { "an expression with a lookahead", { text = "(?=two)t", regex = true, glob = "*.md" }, "b/c.md:1" },
  { "a directory by glob", { text = "two", glob = "b/" }, "b/c.md:1 b/d.lua:1" },
  { "a glob from the path on", { text = "two", path = "b", glob = "/*.md" }, "b/c.md:1" },
  { "all but a glob", { text = "two", path = "b", glob = "!*.md" }, "b/d.lua:1" },
  { "nothing", { text = "^$nothing", regex = true }, "" },
}

describe("fs.search", function()
  for _, row in ipairs(ROWS) do
    it("finds " .. row[1], function()
      local found, places = searched(FILES, row[2]), {}
      for i, match in ipairs(found.matches) do
        places[i] = ("%s:%d"):format(match.path, match.line)
      end
      assert.equal(row[3], table.concat(places, " "))
    end)
  end

  it("shows of a long line the part with the hit, and what is no UTF-8 as one sign", function()
    local found = searched(FILES, { text = "two", glob = "l*" })
    assert.equal("caf\u{fffd} two", found.matches[1].text)
    assert.truthy(found.matches[2].text:find("x two y", 1, true))
    assert.truthy(#found.matches[2].text <= 200)
  end)

  it("shows lines around a hit, and as many as there are", function()
    local found = searched(FILES, { text = "two", glob = "a.txt", context = 2 })
    assert.same({ "one" }, found.matches[1].before)
    assert.same({ "THREE", "four two" }, found.matches[1].after)
    assert.same({ "two", "THREE" }, found.matches[2].before)
    assert.same({ "five" }, found.matches[2].after)
  end)

  it("goes on where a page ended, also among names", function()
    local one, two, names = searched(FILES, { text = "two", limit = 2 }, { text = "two", limit = 9, skip = 2 },
      { limit = 2, skip = 1 })
    assert.same({ 2, true, 2 }, { #one.matches, one.more, one.next })
    assert.same({ "b/c.md", "b/d.lua", "latin", "long" }, { two.matches[1].path, two.matches[2].path,
      two.matches[3].path, two.matches[4].path })
    assert.is_nil(two.next)
    assert.same({ "b/c.md", "b/d.lua" }, names.paths)
    assert.equal(3, names.next)
  end)

  it("refuses what is no expression, no glob and no line, with a fix", function()
    local open, back, lines, glob = searched(FILES, { text = "(", regex = true }, { text = "(a)\\1", regex = true },
      { text = "a\nb", regex = true }, { text = "a", glob = "#" })
    for _, answer in ipairs({ open, back, lines, glob }) do
      assert.equal("ERR_USAGE", answer.code)
    end
  end)

  it("ends an expression that costs too much instead of waiting for it", function()
    local lines = {}
    math.randomseed(3)
    for i = 1, 4000 do
      lines[i] = ("%d%d"):format(math.random(0, 1) , math.random(2 ^ 40)):rep(20)
    end
    local found = searched({ a = table.concat(lines, "\n") }, { text = "1(.{300}|\\d{500})_", regex = true })
    assert.equal("ERR_LIMIT", found.code)
  end)

  it("leaves the loop free, and is over at once when it is canceled", function()
    local dir = orket.directory()
    orket.shell(("mkdir -p %s/t && cd %s/t && for i in $(seq 300); do head -c 300000 /dev/zero | tr '\\0' x > f$i; done")
      :format(dir, dir))
    local text = orket.probe(orket.chunk("search", "cancel"), "DIR=" .. dir .. "/t ")
    orket.remove(dir)
    assert.equal("nil\tERR_CANCELED\nthe loop turns\n", text)
  end)
end)
