-- jwt.lua: `orket try jwt`: one signed token, as the service checks those that it issued.

local auth = require("orket.core.auth")
local base64 = require("orket.core.base64")
local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

M.usage = "jwt [FILE]   {token, secret|secret_b64, now?, iss?, aud?}"

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return table|nil request
---@return string? message
function M.request(args, read)
  if #args > 1 then
    return nil, "one file"
  end
  local text, message = read(args[1])
  if not text then
    return nil, message
  end
  local request, why = cjson.decode(text)
  if type(request) ~= "table" or not text:find("^%s*{") then
    return { broken = "not a JSON request: " .. tostring(why or "it is no object") }
  end
  return request
end

---The bytes of a field that is a text, or in base64 with `_b64` behind its name: one of both.
---@param request table
---@param name string
---@return string|nil bytes
---@return string? message
function M.bytes_of(request, name)
  local text, coded = request[name], request[name .. "_b64"]
  if type(text) == "string" and coded == nil then
    return text
  elseif type(coded) == "string" and text == nil then
    return base64.decode(coded)
  end
  return nil, "a request has either " .. name .. " or " .. name .. "_b64, a text"
end

local function are_names(value)
  if type(value) == "string" then
    return true
  elseif type(value) ~= "table" or #value == 0 then
    return false
  end
  for key, name in pairs(value) do
    if math.type(key) ~= "integer" or type(name) ~= "string" then
      return false
    end
  end
  return true
end

local function fault_of(request)
  if request.broken then
    return request.broken
  elseif type(request.token) ~= "string" then
    return "token has to be a text"
  elseif tables.given(request.now) ~= nil and type(request.now) ~= "number" then
    return "now has to be a number of seconds since 1970"
  end
  for _, name in ipairs({ "iss", "aud" }) do
    if tables.given(request[name]) ~= nil and not are_names(request[name]) then
      return name .. " has to be a text, or a list of texts"
    end
  end
end

---A negative answer.
---@param message string
---@param code string|nil ERR_USAGE by default
---@return table answer
---@return false accepted
function M.refused(message, code)
  return { ok = false, code = code or "ERR_USAGE", error = message }, false
end

---@param request {token: string, secret: string?, secret_b64: string?, now: number?,
---  iss: string|string[]|nil, aud: string|string[]|nil}
---@return table answer {ok, code, claims?, error?}
---@return boolean accepted
function M.answer(request)
  local secret, message = M.bytes_of(request, "secret")
  message = fault_of(request) or message
  if message then
    return M.refused(message)
  end
  local claims, why, code = auth.verify_jwt(request.token, secret, { now = tables.given(request.now),
    iss = tables.given(request.iss), aud = tables.given(request.aud) })
  if not claims then
    return M.refused(why, code)
  end
  return { ok = true, code = "OK", claims = claims }, true
end

return M
