-- outage.lua: which failures of a request are an outage: the endpoint is unreachable or overloaded, so that
-- the same request works later. They are waited for (llm/request/breaker.lua, llm/pause.lua). What cannot
-- heal by waiting (a wrong key, URL or model) and what may be the fault of this one request (a 500, a reply
-- that breaks off) is not. Pure.

local permanent = require("orket.llm.permanent")

local M = {}

local STATUS = {
  [429] = true, [502] = true, [503] = true, [504] = true, [529] = true,
  -- a proxy that reaches no server
  [520] = true, [521] = true, [522] = true, [523] = true, [524] = true, [530] = true,
}
-- What a server says in a reply that had begun, where its status can say it no more: in the kinds of the
-- error that it names, never in a message, which may repeat what was asked.
local KINDS = { "overload", "unavailable", "exhausted", "rate_limit", "quota",
  "insufficient_system_resource" }
local BEFORE = { connect = true, first_byte = true } -- deadlines that pass before the first byte of a reply

local function is_told(kinds)
  for kind in kinds:lower():gmatch("%S+") do
    for _, part in ipairs(KINDS) do
      if kind:find(part, 1, true) then
        return true
      end
    end
    if STATUS[tonumber(kind)] then
      return true
    end
  end
  return false
end

---@param err Error of a request: {code, status?, deadline?, kinds?}
---@return boolean
function M.is(err)
  if permanent.scope(err) then
    return false
  elseif err.code == "ERR_HTTP" then
    local status = err.status or 0
    return STATUS[status] or status < 300 and is_told(err.kinds or "")
  end
  return err.code == "ERR_NET" or err.code == "ERR_TIMEOUT" and BEFORE[err.deadline] or false
end

return M
