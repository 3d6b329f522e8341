-- tour_spec.lua: docs/tour.md stays short and names files that exist; docs/files.md is what the files say of
-- themselves. Links of all pages lead somewhere.

local orket = dofile("tests/support/orket.lua")

local LINES_MOST = 150
local PATH_MOST = 1200 -- README.md and the tour have at most 150 lines each

local function exists(path)
  return os.rename(path, path) ~= nil
end

-- The folder of trusted Lua is left out where a line names several of its files.
local PLACES = { "", "core/", "lua/orket/", "lua/orket/scheduler/", "nodes/", "lua/orket/turn/" }

local function is_somewhere(path)
  for _, place in ipairs(PLACES) do
    if exists(place .. path) then
      return true
    end
  end
  return false
end

-- The headings of a page, as links name them.
local function anchors(file)
  local found = {}
  for heading in ("\n" .. orket.read(file)):gmatch("\n#+ ([^\n]+)") do
    local name = heading:lower():gsub("[^%w%-_ \128-\255]", "")
    found[name:gsub(" ", "-")] = true
  end
  return found
end

describe("tour", function()
  local tour = orket.read("docs/tour.md")

  it("docs/tour.md is short", function()
    assert(select(2, tour:gsub("\n", "")) <= LINES_MOST)
  end)

  it("docs/tour.md names only files that exist", function()
    local count = 0
    for path in tour:gmatch("[%w_/]+%.[chl][uaq]*[al]*%f[^%w]") do
      count = count + 1
      assert(path == "NAME.lua" or path:find("/NAME.lua$") or is_somewhere(path), path .. " does not exist")
    end
    assert(count > 40, count)
  end)

  it("docs/tour.md names functions where they are", function()
    for path, names in tour:gmatch("([%w_/]+%.lua): ([%l_]+)") do
      local text = orket.read(exists("lua/orket/" .. path) and "lua/orket/" .. path or "lua/orket/scheduler/"
        .. path)
      assert(text:find("function [%w_.:]*" .. names .. "%("), path .. " has no function " .. names)
    end
  end)
end)

describe("tour", function()
  it("docs/files.md is what the files say of themselves: make docs writes it", function()
    assert.equal(orket.shell("lua5.4 tests/file_list.lua"), orket.read("docs/files.md"))
  end)
end)

describe("tour", function()
  it("pages link to files that exist", function()
    for page in orket.shell("ls README.md docs/*.md docs/howto/*.md examples/*.md"):gmatch("[^\n]+") do
      local folder = page:match("^(.*/)") or ""
      for target in orket.read(page):gmatch("%]%(([^%)#]+)[^%)]*%)") do
        local file = target:match("^%a+:") and page or folder .. target
        assert(os.rename(file, file), page .. " links to " .. target)
      end
    end
  end)

  it("pages link to headings that exist", function()
    for page in orket.shell("ls README.md docs/*.md docs/howto/*.md examples/*.md"):gmatch("[^\n]+") do
      local folder = page:match("^(.*/)") or ""
      for target, anchor in orket.read(page):gmatch("%]%(([^%)#:]*)#([^%)]+)%)") do
        local file = target == "" and page or folder .. target
        assert(anchors(file)[anchor], page .. " links to " .. target .. "#" .. anchor)
      end
    end
  end)

  it("pages say nothing of machines", function()
    for page in orket.shell("ls README.md docs/*.md docs/howto/*.md examples/*.md"):gmatch("[^\n]+") do
      assert(not orket.read(page):find("/home/%w+/%w"), page)
    end
  end)

  -- The reading path of the tour is a promise: half an hour.
  it("pages keep the reading path short", function()
    local path = {
      "README.md", "lua/orket/turn/turn.lua", "core/model/gate.h", "core/model/fsm.c", "roles/coder.lua",
      "tools/write_file.lua",
    }
    local lines = select(2, orket.read("docs/tour.md"):gsub("\n", ""))
    for _, file in ipairs(path) do
      assert(orket.read("docs/tour.md"):find(file, 1, true), file)
      lines = lines + select(2, orket.read(file):gsub("\n", ""))
    end
    assert(lines <= PATH_MOST, lines .. " lines")
  end)
end)
