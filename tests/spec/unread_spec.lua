-- unread_spec.lua: keys of the configuration that nothing acts on are named by `orket validate`, and refuse
-- nothing.

local orket = dofile("tests/support/orket.lua")

local function validated(change)
  local dir = orket.directory()
  orket.shell(orket.binary .. " init " .. dir)
  change(dir)
  local text, code = orket.shell(orket.binary .. " validate -C " .. dir .. " 2>&1")
  orket.remove(dir)
  return text, code
end

local function set(path, key, json)
  return function(dir)
    local text = orket.read(dir .. "/" .. path)
    orket.write(dir .. "/" .. path, (text:gsub("{", '{\n"' .. key .. '": ' .. json .. ",", 1)))
  end
end

local ORGANIZATION, EPIC = "config/organization.json", "config/epics/hello.json"

describe("unread", function()
  it("orket validate has nothing to say of a new project", function()
    local text, code = validated(function() end)
    assert.equal(0, code)
    assert.is_nil(text:find("warning", 1, true), text)
  end)

  for _, row in ipairs({
    { ORGANIZATION, "vision", '"more"' }, { ORGANIZATION, "contact", '{"email": "a@example.com"}' },
    { ORGANIZATION, "branding", "{}" }, { EPIC, "iterations", "3" }, { EPIC, "example_task", '"x"' },
  }) do
    it("orket validate names a key that nothing acts on, with its file and line: " .. row[2], function()
      local text, code = validated(set(row[1], row[2], row[3]))
      assert.equal(0, code, text)
      assert(text:find(row[1] .. ":2: warning: nothing acts on '" .. row[2] .. "'", 1, true), text)
    end)
  end
end)
