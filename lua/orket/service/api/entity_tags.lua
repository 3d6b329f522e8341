-- entity_tags.lua: the tags of If-None-Match and If-Match (RFC 9110, 8.8.3). A proxy that compresses makes
-- weak ones of ours, W/"7"; they are the same to us. Pure.

local M = {}

local function strong(tag)
  return (tag:gsub("^W/", ""))
end

---Does If-None-Match name this tag?
---@param header string|nil
---@param tag string in its quotes
---@return boolean
function M.matches(header, tag)
  for one in (header or ""):gmatch("[^,%s]+") do
    if one == "*" or strong(one) == tag then
      return true
    end
  end
  return false
end

---What stands in the quotes of the one tag of If-Match, which may also come without them.
---@param header string
---@return string|nil
function M.named(header)
  local tag = strong(header)
  return tag:match('^"([^"]*)"$') or tag:match('^[^"]+$')
end

return M
