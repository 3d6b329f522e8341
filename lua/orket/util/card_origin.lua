-- card_origin.lua: where a card's id comes from. A further build of an epic (-b2), a fork (-f1) and what took
-- the place of a card (-r2) are bound by what is said of the one they come from.

local M = {}

---@param id string
---@return string|nil
function M.of(id)
  return id:match("^(.+)%-[bfr]%d+$")
end

return M
