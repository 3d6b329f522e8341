-- json.lua: `orket try json`: one text through the codec.

local base64 = require("orket.core.base64")
local json = require("orket.core.json")

local M = {}

M.usage = "json [FILE]"

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return {text: string}|nil request
---@return string? message
function M.request(args, read)
  local text, message = read(args[1])
  return text and { text = text }, message
end

local function text_of(request)
  if type(request.text) == "string" and request.text_b64 == nil then
    return request.text
  elseif type(request.text_b64) == "string" and request.text == nil then
    return base64.decode(request.text_b64)
  end
  return nil, "a request has either text or text_b64"
end

---@param request { text: string?, text_b64: string? }
---@return table answer, boolean accepted
function M.answer(request)
  local text, message = text_of(request)
  if not text then
    return { error = message }, false
  end
  local answer = json.check(text)
  return answer, answer.ok
end

return M
