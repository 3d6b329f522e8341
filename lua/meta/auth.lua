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

---A text that Lua hands on without having it.
---@class HttpSecret
local Secret = {}

---What stands for it in an answer.
---@return string
function Secret:mark() end

---@param other HttpSecret
---@return boolean
function Secret:equals(other) end

---A line on standard output.
---@return true|nil ok, string? message, string? code
function Secret:print() end

---Hashes a password (Argon2id, on the pool) and keeps the hash in dir/people/ under a new id.
---@param dir string `.orket` of a project
---@param password HttpSecret
---@param done fun(id: string|nil, message: string?, code: string?, fix: string?) ERR_USAGE: 8 to 1024 bytes
function M.keep_password(dir, password, done) end

---Without an id it takes as long, and none fits.
---@param dir string
---@param id string|nil
---@param password HttpSecret
---@param done fun(fits: boolean|nil, message: string?, code: string?, fix: string?)
function M.check_password(dir, id, password, done) end

---A line of the terminal, which does not show it; from_input: of standard input.
---@param prompt string
---@param from_input boolean
---@return HttpSecret|nil, string? message, string? code, string? fix
function M.read_password(prompt, from_input) end

---A new access key; its hash is kept in dir/people/.
---@param dir string
---@return string|nil id
---@return HttpSecret|string key or message
---@return string? code
---@return string? fix
function M.make_key(dir) end

---Removes what was kept under an id.
---@param dir string
---@param id string
function M.forget(dir, id) end

---@param bytes string
---@param secret string bytes; an empty one fits nothing
---@param signature string HMAC-SHA256 as 64 hexadecimal digits, with or without "sha256=" before them
---@return boolean
function M.hmac_fits(bytes, secret, signature) end

return M
