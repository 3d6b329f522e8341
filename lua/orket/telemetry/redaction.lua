-- redaction.lua: the one place through which logs and spans leave: what looks like a credential, and each key
-- that this process knows, is written over.

local llm = require("orket.core.llm")

local M = {}

local STARS = "***"

-- A pattern takes a run of bytes as a whole: one that begins anew at each is slow on a hostile text.
local function hide_token(text)
  return text:find("%.[%w_%-]+%.") and STARS or nil
end

local function hide_query(url)
  return (url:gsub("%?.+", "?" .. STARS))
end

-- Keys of the service, tokens of a login, credentials of a header and of a URL, a URL's query. Each after
-- words that it always has: most texts have none of them, and looking for these is quick.
local PATTERNS = {
  { "orket_", "orket_%x%x%x%x%x%x%x%x+", "orket_" .. STARS },
  { "eyJ", "eyJ[%w_%-%.]+", hide_token },
  { "earer ", "([Bb]earer )[%w%._~%+/%-]+=*", "%1" .. STARS },
  { "://", "(://)[^/%s\"@]+@", "%1" .. STARS .. "@" },
  { "://", "://[^%s\"\\]+", hide_query },
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
