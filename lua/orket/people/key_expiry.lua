-- key_expiry.lua: until when a key is good: moments of UTC, RFC 3339, which sort as texts.

local M = {}

M.DAYS, M.DAYS_MOST = 90, 366 -- of a key, by default and at most

---@param days integer
---@return string moment
function M.in_days(days)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + days * 86400)
end

return M
