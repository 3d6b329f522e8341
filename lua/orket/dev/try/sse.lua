-- sse.lua: `orket try sse`: the event-stream parser alone.

local base64 = require("orket.core.base64")
local sse = require("orket.core.sse")
local cjson = require("cjson")

local M = {}

M.usage = "sse [FILE|-]"

---@param args string[]
---@param read fun(name: string|nil): string|nil, string|nil
---@return {text: string}|nil request
---@return string? message
function M.request(args, read)
  if #args > 1 then
    return nil, "one file"
  end
  local text, message = read(args[1])
  return text and { text = text }, message
end

-- True for an array of texts.
local function are_texts(value)
  if type(value) ~= "table" then
    return false
  end
  for key, item in pairs(value) do
    if math.type(key) ~= "integer" or type(item) ~= "string" then
      return false
    end
  end
  return true
end

local function refused(message, code)
  return { ok = false, error = message, code = code }, false
end

---request: {chunks_b64: string[]} | {chunks: string[]} | {text: string}
---@param request table
---@return table answer, boolean accepted
function M.answer(request)
  local pieces = request.chunks_b64 or request.chunks or { request.text }
  if not are_texts(pieces) or not (request.chunks_b64 or request.chunks or request.text) then
    return refused("a request has chunks_b64: an array of texts", "ERR_USAGE")
  end
  if request.chunks_b64 then
    pieces = {}
    for i, piece in ipairs(request.chunks_b64) do
      local bytes, message, code = base64.decode(piece)
      if not bytes then
        return refused(("chunk %d: %s"):format(i, message), code)
      end
      pieces[i] = bytes
    end
  end
  local events, message, code = sse.parse(pieces)
  if not events then
    return refused(message, code)
  end
  return { events = setmetatable(events, cjson.array_mt) }, true
end

return M
