---@meta orket.core.auth

---Signed tokens and HMACs.
---@class orket.core.auth
local M = {}

---A JSON Web Token with HS256. Its signature is checked before anything else of it is looked at.
---@param token string
---@param secret string bytes
---@param wanted {now: number?, iss: string|string[]|nil, aud: string|string[]|nil} now: seconds since 1970,
---  by default the clock's; aud: the reader's own names: without them a token that has an audience is refused
---@return table<string, any>|nil claims
---@return string? message
---@return string? code ERR_TOO_LARGE, ERR_USAGE, ERR_JSON, ERR_UTF8, ERR_LIMIT, ERR_DENIED
function M.verify_jwt(token, secret, wanted) end

---@param bytes string
---@param secret string bytes; an empty one fits nothing
---@param signature string HMAC-SHA256 as 64 hexadecimal digits, with or without "sha256=" before them
---@return boolean
function M.hmac_fits(bytes, secret, signature) end

return M
