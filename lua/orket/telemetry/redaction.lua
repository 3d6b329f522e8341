-- redaction.lua: the one place through which logs and spans leave: what looks like a credential, and each key
-- that this process knows, is written over.

local llm = require("orket.core.llm")

local M = {}

local STARS = "***"

-- Keys of the service, tokens of a login, credentials of a header and of a URL, a URL's query.
local PATTERNS = {
  { "orket_%x%x%x%x%x%x%x%x+", "orket_" .. STARS },
  { "eyJ[%w_%-]+%.[%w_%-]+%.[%w_%-]+", STARS },
  { "([Bb]earer )[%w%._~%+/%-]+=*", "%1" .. STARS },
  { "(://)[^/%s\"@]+@", "%1" .. STARS .. "@" },
  { "(://[^%s\"\\?]+%?)[^%s\"\\]+", "%1" .. STARS },
}

---@param text string of JSON, or any other
---@return string
function M.clean(text)
  text = llm.hide(text)
  for _, pattern in ipairs(PATTERNS) do
    text = text:gsub(pattern[1], pattern[2])
  end
  return text
end

return M
