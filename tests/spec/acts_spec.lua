-- acts_spec.lua: the registry of a person's acts: every request is compared with its declaration before it is
-- performed.

local orket = dofile("tests/support/orket.lua")

-- Prints one line for each request that is answered otherwise than with `code`.
local CHECK = [[
  local acts, tables = require("orket.governance.acts"), require("orket.util.tables")
  local VALUE = { text = "x", integer = 1, number = 0.5, boolean = true, list = {}, any = 1 }
  local count = 0
  local function expect(code, request, what)
    count = count + 1
    local ok, result, err = pcall(acts.perform, nil, request) -- no project: whatever is performed breaks
    if not ok or result or err.code ~= code then
      print(request.act, what, ok and err and err.code or result)
    end
  end
  local function whole(name, act)
    local request = { act = name }
    for field, kind in pairs(act.fields) do
      request[field] = VALUE[kind:match("%l+")]
    end
    return request
  end
]]

local function check(chunk)
  return orket.probe(CHECK .. chunk .. '\nprint(count > 0 and "checked" or "nothing")')
end

describe("a person's acts", function()
  it("are refused with a field of another type", function()
    assert.equal("checked\n", check([[
      for name, act in pairs(acts.all()) do
        for field, kind in pairs(act.fields) do
          local request = whole(name, act)
          request[field] = kind:find("text") and {} or "x"
          if not kind:find("any") then
            expect("ERR_USAGE", request, field)
          end
        end
      end]]))
  end)

  it("are refused without a field that has to be there", function()
    assert.equal("checked\n", check([[
      for name, act in pairs(acts.all()) do
        for field, kind in pairs(act.fields) do
          local request = whole(name, act)
          request[field] = nil
          if not kind:find("?", 1, true) then
            expect("ERR_USAGE", request, field)
          end
        end
      end]]))
  end)

  it("are refused with a field that no act, or only another one, has", function()
    assert.equal("checked\n", check([[
      for name, act in pairs(acts.all()) do
        for _, field in ipairs({ "status", "generation", "__index", 1 }) do
          local request = whole(name, act)
          request[field] = "x"
          if not act.fields[field] then
            expect("ERR_USAGE", request, field)
          end
        end
      end]]))
  end)

  it("of a run are not performed by the process that asks", function()
    assert.equal("checked\n", check([[
      for name, act in pairs(acts.all()) do
        if act.run then
          expect("ERR_NOT_FOUND", whole(name, act), "no run")
        end
      end]]))
  end)

  it("are refused under a name that is not registered", function()
    assert.equal("checked\n", check([[
      for _, name in ipairs({ "settle", "approved", "__index", "perform", 7, false, {} }) do
        expect("ERR_USAGE", { act = name, card = "A" }, "name")
      end
      expect("ERR_USAGE", {}, "no name")]]))
  end)

  it("declare error codes that exist", function()
    local codes = {}
    for name in orket.read("core/base/err.h"):gmatch("X%((%u[%u%d_]*),") do
      codes["ERR_" .. name] = true
    end
    local text = orket.probe([[
      for name, act in pairs(require("orket.governance.acts").all()) do
        for _, code in ipairs(act.errors) do print(code) end
      end]])
    for code in text:gmatch("[^\n]+") do
      assert(codes[code], code)
    end
    assert(text:find("ERR_TRANSITION", 1, true), text)
  end)
end)
