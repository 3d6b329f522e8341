-- redaction.lua: the one place through which logs and spans leave: what looks like a credential, and each key
-- that this process knows, is written over.

local llm = require("orket.core.llm")

local M = {}

local STARS = "***"

-- Keys of the service, tokens of a login, credentials of a header and of a URL, a URL's query. Each after
-- words that it always has: most texts have none of them, and looking for these is quick.
local PATTERNS = {
  { "orket_", "orket_%x%x%x%x%x%x%x%x+", "orket_" .. STARS },
  { "eyJ", "eyJ[%w_%-]+%.[%w_%-]+%.[%w_%-]+", STARS },
  { "earer ", "([Bb]earer )[%w%._~%+/%-]+=*", "%1" .. STARS },
  { "://", "(://)[^/%s\"@]+@", "%1" .. STARS .. "@" },
  { "://", "(://[^%s\"\\?]+%?)[^%s\"\\]+", "%1" .. STARS },
}

---@param text string of JSON, or any other
---@return string
function M.clean(text)
  text = llm.hide(text)
  for _, one in ipairs(PATTERNS) do
    if text:find(one[1], 1, true) then
      text = text:gsub(one[2], one[3])
    end
  end
  return text
end

return M
