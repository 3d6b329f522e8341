-- tutorial_spec.lua: docs/tutorial.md runs as it stands, against its recorded replies, and prints
-- what it shows.

local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")
local page = dofile("tests/support/page.lua")

describe("tutorial", function()
  it("docs/tutorial.md runs from the repository to the result, and prints what it shows", function()
    local url, stop = mock.start("examples/tutorial/model.lua", "--fast")
    local dir = orket.directory()
    local ok, shown = pcall(page.run, "docs/tutorial.md", dir, url)
    orket.remove(dir)
    stop()
    assert(ok, shown)
    assert(shown >= 7, shown)
  end)
end)
