-- planner.lua: in which order the cards start that may start. The engine offers a window, best first:
-- reviews, then work that came back, then ready cards by score (priority + impact) and age.

-- (A second argument, {free}, tells how many may start now.)
---@param candidates {id: string, status: string, score: number, seat: string}[]
---@return string[] ids in order; what is left out is asked about again when the board moves
local function plan(candidates)
  local order = {}
  for i, candidate in ipairs(candidates) do
    order[i] = candidate.id
  end
  return order
end

local function self_test()
  local order = plan({ { id = "A" }, { id = "B" } }, { free = 1 })
  assert(order[1] == "A" and order[2] == "B")
end

return { node = "planner", plan = plan, self_test = self_test }
