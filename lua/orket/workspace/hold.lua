-- hold.lua: one task at a time at a named thing; the others wait in order. Whoever holds it lets go when its
-- block ends, however that ends: a hold that an error left behind would stop every other card of the run.

local async = require("orket.async")

local M = {}

local Hold = {}
Hold.__index = Hold

---A new set of names.
---@return table<string, function[]> holds
function M.new()
  return {}
end

---Waits until nobody holds the name, then holds it until the answer is closed:
---`local held <close>, err = hold.take(holds, name)`.
---@param holds table
---@param name string
---@return table|nil held
---@return Error|nil canceled meanwhile: nothing is held
function M.take(holds, name)
  local queue = holds[name]
  local held = setmetatable({ holds = holds, name = name }, Hold)
  if not queue then
    holds[name] = {}
    return held
  end
  local ok, err = async.suspend(function(wake)
    queue[#queue + 1] = wake
    return function()
      for i, other in ipairs(queue) do
        if other == wake then
          table.remove(queue, i)
          return
        end
      end
    end
  end)
  return ok and held, err
end

---Gives the name to the next one, or to nobody.
function Hold:close()
  local wake = table.remove(self.holds[self.name], 1)
  if wake then
    wake(true)
  else
    self.holds[self.name] = nil
  end
end

Hold.__close = Hold.close

return M
