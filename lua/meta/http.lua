---@meta orket.core.http

local http = {}

---@class HttpOptions
---@field host string?
---@field port integer?
---@field head integer? bytes
---@field body integer? bytes
---@field unsent integer? bytes
---@field connections integer?
---@field idle number? seconds
---@field head_seconds number? from a request's first byte to the end of its head
---@field receive number? seconds
---@field send number? seconds
---@field half_closed number? seconds that a client is answered that closed its side; by default it has left
---@field socket integer? of http.passed
---@field keyring HttpKeyring? requests say whether they have it; Lua sees no header with a credential

---What is a credential: the administrator's key, access keys, tokens. Lua never holds their texts.
---@class HttpKeyring
local Keyring = {}

---This access key is good from now on.
---@param dir string `.orket` of its project
---@param id string
---@return true|nil ok, string? message, string? code ERR_NOT_FOUND, ERR_DENIED, ERR_CONFIG, ERR_IO
function Keyring:add(dir, id) end

---And from now on it is not.
---@param id string
function Keyring:drop(id) end

---A token with these claims, which have to have exp.
---@param claims string JSON
---@return HttpSecret
function Keyring:sign(claims) end

---@class HttpRequest
---@field method string
---@field target string as it was sent
---@field path string of the target, not decoded
---@field query string after "?", or ""
---@field headers table<string, string> names in lower case; several lines of a name are joined by ", "
---@field body string
---@field credential {kind: "admin"|"key"|"token", id: string?, claims: table?}|false|nil with a key: what
---  came; false: a wrong one, nil: none; id of a key, claims of a token
---@field passwords table<string, HttpSecret>|nil with a key: the fields password and new_password of a JSON
---  body, which has stars in their place

---@class HttpServer
local Server = {}

---@return integer
function Server:port() end

---Drops every connection.
function Server:close() end

---Takes no further request; done when the last connection is gone: async.await(server.drain, server).
---@param done fun(ok: true)
function Server:drain(done) end

---One answer. After send, finish or abort it is over.
---@class HttpResponse
local Response = {}

---@param status integer
---@param headers table<string, string|string[]>|nil
---@param body string|nil
---@param secret HttpSecret|nil it stands in the body in the place of its mark
---@return true|nil ok, string? message, string? code
function Response:send(status, headers, body, secret) end

---The numeric address of the client; "" when it is gone.
---@return string
function Response:peer() end

---Begins an answer in pieces.
---@param status integer
---@param headers table<string, string|string[]>|nil
---@return true|nil ok, string? message, string? code
function Response:start(status, headers) end

---Makes it a WebSocket: each piece is a text message then, an empty one a ping.
---@param key string Sec-WebSocket-Key
---@param headers table<string, string|string[]>|nil
---@return true|nil ok, string? message, string? code ERR_USAGE, ERR_LIBRARY
function Response:upgrade(key, headers) end

---Sends a piece. done is called when there is room for more: async.await(response.write, response, bytes).
---@param bytes string
---@param done fun(ok: true|nil, message: string?, code: string?)|nil
---@return integer|nil unsent, string? message, string? code
function Response:write(bytes, done) end

---@return true|nil ok, string? message, string? code
function Response:finish() end

---Cuts the connection after what was written.
function Response:abort() end

---Calls fn once when the client leaves before the end.
---@param fn fun(nothing: nil, message: string, code: string)|nil
function Response:on_gone(fn) end

---Calls fn with each text message of a client over a WebSocket (UTF-8, 64 KiB at most).
---@param fn fun(text: string)|nil
function Response:on_message(fn) end

---@return boolean
function Response:is_open() end

---The key of ORKET_API_KEY, else that of the directory. One that is not there, or is to be fresh, is made
---and written to standard output, once; the directory keeps its hash.
---@param dir string `.orket` of a project
---@param fresh boolean
---@return HttpKeyring|nil keyring
---@return {source: "environment"|"file", made: boolean, short: boolean}|string about short: below 16 bytes
---@return string? code ERR_DENIED, ERR_CONFIG, ERR_IO, ERR_STORE_*
---@return string? fix
function http.keyring(dir, fresh) end

---What systemd started this process with: one TCP socket that listens; false: nothing.
---@return {socket: integer, host: string, port: integer}|false|nil
---@return string? message
---@return string? code ERR_CONFIG: not such a socket, or more than one
---@return string? fix
function http.passed() end

---Reports to systemd, where it started this process.
---@param state "READY=1"|"STOPPING=1"
function http.notify(state) end

---host is a numeric address (loopback by default), port 0 any; socket is one of http.passed, in their place;
---head, body, unsent are bytes; idle, receive, send are seconds.
---@param options HttpOptions
---@param on_request fun(request: HttpRequest, response: HttpResponse)
---@param on_refused (fun(address: string, status: integer, code: string, why: string): string)|nil  a client
---  sent what is no request, too much or too slowly, and is answered so; returns that answer's X-Request-Id
---@return HttpServer|nil server, string? message, string? code
function http.listen(options, on_request, on_refused) end

return http
