-- howto_spec.lua: each page of docs/howto/ runs as it stands, in a project of `orket init --demo
-- shop`, against its recorded replies, and prints what it shows.

local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")
local page = dofile("tests/support/page.lua")

local ONLY = os.getenv("HOWTO") -- one page, while it is written

-- The project shop, which asks the model at url.
local function shop(dir, url)
  orket.run("init --demo " .. dir .. "/shop")
  local path = dir .. "/shop/config/organization.json"
  orket.write(path, (orket.read(path):gsub("http://127%.0%.0%.1:11434/v1", url)))
end

describe("docs/howto", function()
  local dir, url, stop
  before_each(function()
    dir = orket.directory()
    orket.run("init --demo " .. dir .. "/recorded")
    url, stop = mock.start(dir .. "/recorded/demo/model.lua", "--fast")
    shop(dir, url)
  end)
  after_each(function()
    stop()
    orket.remove(dir)
  end)

  for path in orket.shell("ls docs/howto/*.md"):gmatch("[^\n]+") do
    if not ONLY or path:find(ONLY, 1, true) then
      it(path:match("([%w-]+)%.md$") .. " runs as it stands", function()
        local shown = page.run(path, dir .. "/shop", url)
        assert(shown >= 1, path .. " shows no output")
      end)
    end
  end
end)
