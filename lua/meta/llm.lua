---@meta orket.core.llm

local llm = {}

---@class LlmRequest
---@field url string http or https
---@field body string|string[]|nil text, or texts to be joined; nil makes it a GET
---@field key string? name of a key
---@field headers table<string, string>?
---@field shape userdata? from llm.shape; without one the body is answered as it is
---@field deadlines {connect: number?, first_byte: number?, idle: number?, total: number?}? seconds
---@field fresh boolean? on a connection of its own
---@field remove boolean? a DELETE, where there is no body
---@field type string? media type of the body, default application/json
---@field mail {from: string, to: string[], user: string?}? a mail to a server of SMTP: the body is its whole
---  text, the key the password of the user
---@field private boolean? it may go to a private address that the URL does not say
---@field caps {line: integer?, event: integer?, body: integer?, headers: integer?}? bytes

---@class LlmCall
---@field id string
---@field name string
---@field arguments string JSON text as the model wrote it

---@class LlmReply
---@field content string? nil when there are only calls
---@field reasoning string?
---@field calls LlmCall[]
---@field usage {prompt: integer?, completion: integer?, cached: integer?}
---@field finish string?
---@field model string? as the provider names it
---@field calls_max integer? it had more calls than this: all of them were dropped
---@field dropped integer? bytes of those
---@field message string canonical JSON of the assistant message
---@field status integer
---@field ms integer

---@class LlmProgress of a reply that comes
---@field beside integer bytes of thoughts and arguments so far
---@field calls integer
---@field thoughts string? what is new of them
---@field tool string? the last call's, when its name is one that a tool can have
---@field path string? the file that the last call names, once it stands there whole: letters, digits and
---  -_./+@ only

---@class LlmFailure
---@field status integer?
---@field retry_after number? seconds
---@field kinds string? of an error that the server told: its type, status and code, with blanks between
---@field deadline string? name of the one that passed
---@field fix string?
---@field challenge string? what the server wants to be authenticated with
---@field body string? the beginning of a reply that is no success
---@field began boolean some byte of a reply had come
---@field ms integer
---@field usage {prompt: integer?, completion: integer?, cached: integer?}? told before it failed
---@field said integer? bytes of the reply that had come

---Starts a request; done is called exactly once, from the loop. Without a shape the reply is {body,
---status, ms}.
---@param request LlmRequest
---Without a shape on_delta gets the pieces of the body as they come, and answers true when that was enough.
---With a shape on_delta gets what is new of the content (often ""), and how far the rest of the reply is.
---@param on_delta (fun(text: string, type: string|LlmProgress|nil, session: string?): boolean?)|nil
---@param done fun(reply: LlmReply|nil, message: string?, code: string?, info: LlmFailure?)
---@return fun() cancel
function llm.post(request, on_delta, done) end

---Defines a key; its value never enters Lua. Without an origin it belongs to the first one it is used
---for; without a header it is sent as "Authorization: Bearer", with a user's name as the password of "Basic".
---@param name string
---@param source {env: string?, file: string?, origin: string?, header: string?, user: string?,
---  list: boolean?} list: the variable has several headers, "name=value,name=value"
---@return true|nil ok, string? message, string? code, string? fix
function llm.key(name, source) end

---Compiles where a provider puts things (core/model/reply/shape.h).
---@param shape {done: string?, stream: table?, whole: table?}
---@return userdata|nil shape, string? message, string? code
function llm.shape(shape) end

---Begins to load libcurl, beside whatever else happens; without this the first request does.
function llm.warm() end

---HMAC-SHA256 of bytes with the value of a key, for a request to this URL.
---@param name string of a key
---@param url string
---@param bytes string
---@return string|nil hex 64 digits, string? message, string? code, string? fix
function llm.sign(name, url, bytes) end

---The text with stars over the value of each key that has been defined, in every spelling.
---@param text string
---@return string
function llm.hide(text) end

---@return integer count calls that have not ended
function llm.count() end

return llm
