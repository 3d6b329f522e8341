-- registered.lua: what the program registers: modules and methods, printed for a comparison with the stubs.

local found = { modules = {}, types = {} }
local function names_of(map)
  local names = {}
  for name, value in pairs(map) do
    if type(value) == "function" and not name:find("^__") then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return table.concat(names, " ")
end
for name in io.open("core/bind/modules.h"):read("a"):gmatch("X%((%w+)%)") do
  if name ~= "name" then
    found.modules[name] = names_of(require("orket.core." .. name))
  end
end
for key, type_of in pairs(debug.getregistry()) do
  local methods = tostring(key):find("^orket%.") and type(type_of) == "table" and type_of.__index
  local names = type(methods) == "table" and names_of(methods) or ""
  if names ~= "" then
    found.types[#found.types + 1] = names
  end
end
table.sort(found.types)
print(require("cjson").encode(found))
