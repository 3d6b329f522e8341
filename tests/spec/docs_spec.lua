-- docs_spec.lua: the examples of the pages about cards and configuration make one sound project, and the
-- pages name every key of the schemas.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function keys_of(tree, keys)
  for name, child in pairs(tree) do
    if name == "properties" then
      for key in pairs(child) do
        keys[key] = true
      end
    end
    if type(child) == "table" then
      keys_of(child, keys)
    end
  end
  return keys
end

describe("docs", function()
  local pages = orket.read("docs/cards.md") .. orket.read("docs/configuration.md")
    .. orket.read("docs/verification.md")

  it("docs/cards.md and docs/configuration.md show a sound project", function()
    local dir, count = orket.directory(), 0
    for path, text in pages:gmatch("\n```json (%S+)\n(.-)\n```") do
      orket.write(dir .. "/" .. path, text)
      count = count + 1
    end
    local text = orket.run("validate --json " .. dir)
    orket.remove(dir)
    assert.equal(9, count)
    assert.same({ ok = true, errors = {}, warnings = {} }, cjson.decode(text))
  end)

  it("docs/cards.md and docs/configuration.md name every key", function()
    for _, name in ipairs({ "organization", "team", "environment", "card", "fixture" }) do
      local schema = cjson.decode(orket.read("lua/orket/schemas/" .. name .. ".json"))
      for key in pairs(keys_of(schema, {})) do
        assert(pages:find("`" .. key .. "`", 1, true) or pages:find('"' .. key .. '"', 1, true),
          key .. " is not documented")
      end
    end
  end)
end)

describe("docs", function()
  it("docs/dependencies.md names what the Makefile installs, and nothing else that it links", function()
    local page, named = orket.read("docs/dependencies.md"), {}
    for row in page:gmatch("\n| (`[^|]+) |") do
      for name in row:gmatch("`([^`]+)`") do
        named[name] = true
      end
    end
    local wanted = {}
    for list in (orket.read("Makefile"):gsub("\\\n%s*", "")):gmatch("\n[%u_]*DEBS := ([^\n]+)") do
      for name in list:gmatch("%S+") do
        wanted[name] = true
      end
    end
    assert(wanted["libsodium-dev"] and wanted["lua-busted"])
    assert.same(wanted, named)
  end)
end)
