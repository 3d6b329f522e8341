-- permanent.lua: which failures of a request no repetition heals: a person has to change the key, the
-- address, the model's name or the account. Such a request is sent once and its card is parked; whether other
-- requests would meet the same is said by `scope`. Transient failures are the others (llm/outage.lua). Pure.

local M = {}

-- "account": all models at this address with this key; "model": this model, unless it has answered before,
-- for then the fault is this request's.
local BY_STATUS = { [400] = "model", [401] = "account", [402] = "account", [403] = "model", [404] = "model",
  [422] = "model" }
local BY_CODE = { ERR_NOT_FOUND = "account", ERR_DENIED = "account", ERR_USAGE = "account" }

---Does an account without credit answer? Its status is that of a rate limit, which passes.
---@param kinds string|nil of the error, as the server names them
---@return boolean
function M.has_no_quota(kinds)
  return kinds ~= nil and kinds:find("insufficient_quota", 1, true) ~= nil
end

---@param err Error of a request: {code, status?, kinds?}
---@return "account"|"model"|nil scope  nil: it may heal
function M.scope(err)
  if err.code ~= "ERR_HTTP" then
    return BY_CODE[err.code]
  elseif M.has_no_quota(err.kinds) then
    return "account"
  end
  return BY_STATUS[err.status]
end

return M
