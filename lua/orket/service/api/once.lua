-- once.lua: a request that is sent again with the same Idempotency-Key is answered as before, and does
-- nothing a second time. Known as long as the server runs; what a run began is known from the journal anyway:
-- to begin it again is to go on with it.

local cjson = require("cjson")
local problem = require("orket.service.api.problem")

local M = {}

local MOST = 1000 -- keys that are remembered

---JSON Schema of the header, for routes that look at it.
M.HEADER = { type = "string", maxLength = 128,
  description = "a request that is sent again with it is answered as before, and does nothing a second time" }

local function forget_oldest(known)
  if #known.order > MOST then
    known.of[table.remove(known.order, 1)] = nil
  end
end

local function remember(known, key, entry)
  known.of[key] = entry
  known.order[#known.order + 1] = key
  forget_oldest(known)
end

-- What the request is about: another one must not have the same key.
local function content_of(request)
  return cjson.encode({ request.params, request.body or cjson.null })
end

local function repeated(entry, content)
  if entry.content ~= content then
    return nil, problem.new(422, "ERR_USAGE", "this Idempotency-Key was sent with another request",
      "send another key")
  elseif not entry.answer then
    return nil, problem.new(409, "ERR_STALE", "the first request with this Idempotency-Key is under way",
      "ask again")
  end
  return entry.answer
end

---Performs what a request asks, once for each Idempotency-Key of who sent it. A failure is not remembered.
---@param service Service
---@param request ApiRequest
---@param perform fun(): table|nil, Error|nil
---@return table|nil answer
---@return Error|Error[]|nil
function M.perform(service, request, perform)
  local key = request.headers["idempotency-key"]
  if not key then
    return perform()
  elseif #key > 128 then
    return nil, problem.new(422, "ERR_USAGE", "the Idempotency-Key has more than 128 bytes")
  end
  key = request.who .. " " .. key
  service.once = service.once or { of = {}, order = {} }
  local known = service.once
  if known.of[key] then
    return repeated(known.of[key], content_of(request))
  end
  local entry = { content = content_of(request) }
  remember(known, key, entry)
  local answer, err = perform()
  entry.answer = answer
  if not answer then
    known.of[key] = nil
  end
  return answer, err
end

return M
