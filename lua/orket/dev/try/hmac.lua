-- hmac.lua: `orket try hmac`: one signature over a body, HMAC-SHA256.

local auth = require("orket.core.auth")
local jwt = require("orket.dev.try.jwt")

local M = {}

M.usage = "hmac [FILE]   {body|body_b64, secret|secret_b64, signature}"

M.request = jwt.request

---@param request {body: string?, body_b64: string?, secret: string?, secret_b64: string?, signature: string}
---@return table answer {ok, code, error?}
---@return boolean accepted
function M.answer(request)
  local body, fault = jwt.bytes_of(request, "body")
  local secret, message = jwt.bytes_of(request, "secret")
  message = request.broken or fault or message
  if message then
    return jwt.refused(message)
  elseif type(request.signature) ~= "string" then
    return jwt.refused("signature has to be a text")
  elseif secret == "" then
    return jwt.refused("the secret is empty")
  elseif not auth.hmac_fits(body, secret, request.signature) then
    return jwt.refused("the signature is not that of the secret", "ERR_DENIED")
  end
  return { ok = true, code = "OK" }, true
end

return M
