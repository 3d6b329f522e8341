-- meta_spec.lua: what editors are told is what there is: the stubs of lua/meta against the registered
-- names, and the annotations of trusted Lua against its functions.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- What the binary registers: the functions of each module, and the methods of each type as one text.
local REGISTERED = orket.read("tests/support/probes/registered.lua")

local function files(pattern)
  return orket.shell("ls " .. pattern):gmatch("[^\n]+")
end

local function sorted(list)
  table.sort(list)
  return list
end

-- A stub in the same form: "function OWNER.name(" or "function OWNER:name("; the module is what it returns.
local function stub(text)
  local methods, module = {}, text:match("\nreturn (%w+)%s*$")
  for owner, name in text:gmatch("\nfunction (%w+)[.:]([%w_]+)%(") do
    methods[owner] = methods[owner] or {}
    table.insert(methods[owner], name)
  end
  for owner, names in pairs(methods) do
    methods[owner] = table.concat(sorted(names), " ")
  end
  local functions = methods[module]
  methods[module] = nil
  return functions, methods
end

describe("meta", function()
  local found = cjson.decode(orket.probe((REGISTERED:gsub("%%", "%%"))))
  local modules, types = {}, {}
  for file in files("lua/meta/*.lua") do
    local functions, methods = stub(orket.read(file))
    modules[file:match("(%w+)%.lua$")] = functions
    for _, names in pairs(methods) do
      types[#types + 1] = names
    end
  end

  it("lua/meta has the functions of every module", function()
    assert.same(found.modules, modules)
  end)

  it("lua/meta has the methods of every type", function()
    assert.same(found.types, sorted(types))
  end)
end)

describe("meta", function()
  -- The annotations above line i, as one text.
  local function above(lines, i)
    local first = i
    while lines[first - 1] and lines[first - 1]:find("^%-%-%-") do
      first = first - 1
    end
    return table.concat(lines, "\n", first, i - 1)
  end

  local function returns(lines, i)
    local last = i
    while lines[last] ~= "end" do
      last = last + 1
    end
    return table.concat(lines, "\n", i, last):find("\n  [^\n]-%f[%w]return [^\n]+") ~= nil
  end

  local function faults_of(file)
    local lines, faults = {}, {}
    for line in (orket.read(file)):gmatch("([^\n]*)\n") do
      lines[#lines + 1] = line
    end
    for i, line in ipairs(lines) do
      local name, parameters = line:match("^function M[.:]([%w_]+)%((.-)%)")
      local notes = name and above(lines, i)
      for parameter in (parameters or ""):gmatch("[%a][%w_]*") do
        if not notes:find("@param " .. parameter .. "%??%s") then
          faults[#faults + 1] = file .. ": " .. name .. ": @param " .. parameter
        end
      end
      if name and returns(lines, i) and not notes:find("@return", 1, true) then
        faults[#faults + 1] = file .. ": " .. name .. ": @return"
      end
    end
    return faults
  end

  it("trusted Lua says what every exported function takes and answers", function()
    local faults = {}
    for file in files("$(find lua/orket -name '*.lua')") do
      table.move(faults_of(file), 1, 1000, #faults + 1, faults)
    end
    assert.same({}, faults)
  end)
end)
