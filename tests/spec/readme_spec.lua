-- readme_spec.lua: the quick start of README.md runs as it stands; a mock plays the Ollama, which
-- is checked by `orket setup` and then has the recorded replies of `orket init --demo`.

local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")
local page = dofile("tests/support/page.lua")

local BOTH = [[
local checked = (function()
%s
end)()
local recorded = (function()
%s
end)()
return function(request)
  for _, message in ipairs(request.messages) do
    if type(message.content) == "string" and message.content:find("# Card ", 1, true) then
      return recorded(request)
    end
  end
  return checked(request)
end
]]

describe("readme", function()
  it("README.md has a quick start that works", function()
    local dir = orket.directory()
    orket.run("init --demo " .. dir .. "/recorded")
    local recorded = orket.read(dir .. "/recorded/demo/model.lua")
    orket.write(dir .. "/model.lua", BOTH:format(orket.read("tests/support/able.lua"), recorded))
    local url, stop = mock.start(dir .. "/model.lua", "--fast")
    local ok, shown = pcall(page.run, "README.md", dir, url)
    stop()
    orket.remove(dir)
    assert(ok, shown)
    assert.equal(1, shown)
  end)

  it("README.md stays short", function()
    assert(select(2, orket.read("README.md"):gsub("\n", "")) <= 150)
  end)
end)
