-- tour_spec.lua: docs/tour.md names every file of the tree exactly once, and no other. A name that ends
-- in "/" stands for a folder of data; code is named file by file. Links of all pages lead somewhere.

local orket = dofile("tests/support/orket.lua")

-- Outside a git tree (an unpacked archive) everything but what the build writes.
local LIST = "git ls-files 2>/dev/null || find . -type f -not -path './build/*' -printf '%P\\n'"

-- Headings like "### `core/base/`" name the folder of the list items "- `a.h`, `b.c`: text" below them.
local function named()
  local files, folder = {}, nil
  for line in orket.read("docs/tour.md"):gmatch("[^\n]+") do
    folder = line:match("^### `(.-)`$") or folder
    local names = folder and line:match("^%- (`.-`):")
    for name in (names or ""):gmatch("`([^`]+)`") do
      local path = (folder .. name):gsub("^%./", "")
      files[path] = (files[path] or 0) + 1
    end
  end
  return files
end

local function in_folder(path, files)
  local folder = path:match("^(.*/)")
  while folder do
    if files[folder] then
      return folder
    end
    folder = folder:match("^(.*/).+/$")
  end
end

describe("docs/tour.md", function()
  local files, tree = named(), {}
  for path in orket.shell(LIST):gmatch("[^\n]+") do
    tree[path] = true
    local folder = in_folder(path, files)
    if folder then
      tree[folder] = true
    end
  end

  it("names every file", function()
    local missing = {}
    for path in pairs(tree) do
      if not files[path] and not in_folder(path, files) then
        missing[#missing + 1] = path
      end
    end
    table.sort(missing)
    assert.same({}, missing)
  end)

  it("names no file twice and none that is gone", function()
    for path, times in pairs(files) do
      assert(times == 1, path .. " is named " .. times .. " times")
      assert(tree[path], path .. " does not exist")
    end
  end)

  it("hides no code in a folder", function()
    for path in pairs(files) do
      assert(not path:find("/$") or path:find("^tests/") or path:find("^bench/") or path:find("^examples/"), path)
    end
  end)
end)

describe("pages", function()
  it("link to files that exist", function()
    for page in orket.shell("ls README.md docs/*.md examples/*.md"):gmatch("[^\n]+") do
      local folder = page:match("^(.*/)") or ""
      for target in orket.read(page):gmatch("%]%(([^%)#]+)[^%)]*%)") do
        local file = target:match("^%a+:") and page or folder .. target
        assert(os.rename(file, file), page .. " links to " .. target)
      end
    end
  end)

  it("say nothing of machines", function()
    for page in orket.shell("ls README.md docs/*.md examples/*.md"):gmatch("[^\n]+") do
      assert(not orket.read(page):find("/home/%w+/%w"), page)
    end
  end)

  -- The reading path of the tour is a promise: half an hour.
  it("keep the reading path short", function()
    local path = {
      "README.md", "lua/orket/turn/turn.lua", "core/model/gate.h", "core/model/fsm.c", "roles/coder.lua", "tools/write_file.lua",
    }
    local lines = select(2, orket.read("docs/tour.md"):match("^(.-)\n## Every file"):gsub("\n", ""))
    for _, file in ipairs(path) do
      assert(orket.read("docs/tour.md"):find(file, 1, true), file)
      lines = lines + select(2, orket.read(file):gsub("\n", ""))
    end
    assert(lines <= 1100, lines .. " lines")
  end)
end)
