-- lazy.lua: a module that most runs never need, loaded when something of it is first asked for: what waits
-- for a model is to weigh little.

---@param name string of the module
---@return table module
return function(name)
  return setmetatable({}, {
    __index = function(self, key)
      local value = require(name)[key]
      rawset(self, key, value)
      return value
    end,
  })
end
