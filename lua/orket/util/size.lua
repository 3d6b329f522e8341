-- size.lua: sizes as people write them.

local M = {}

local UNITS = { [""] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30 }

---16777216, "16M", "512k" -> bytes
---@param size integer|string
---@return integer|nil
function M.bytes(size)
  if math.type(size) == "integer" then
    return size
  end
  local digits, unit = tostring(size):match("^(%d+)([KMGkmg]?)[iI]?[bB]?$")
  digits = math.tointeger(tonumber(digits))
  return digits and digits < 1 << 32 and digits * UNITS[unit:upper()] or nil
end

return M
