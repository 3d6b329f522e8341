-- hold.lua: one task at a time at a named thing; the others wait in order.

local async = require("orket.async")

local M = {}

---A new set of names.
---@return table<string, function[]> holds
function M.new()
  return {}
end

---Waits until nobody holds the name, then holds it.
---@param holds table
---@param name string
---@return true|nil
---@return Error|nil canceled meanwhile: nothing is held
function M.take(holds, name)
  local queue = holds[name]
  if not queue then
    holds[name] = {}
    return true
  end
  return async.suspend(function(wake)
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
end

---Gives the name to the next one, or to nobody.
---@param holds table<string, function[]>
---@param name string
function M.release(holds, name)
  local wake = table.remove(holds[name], 1)
  if wake then
    wake(true)
  else
    holds[name] = nil
  end
end

return M
