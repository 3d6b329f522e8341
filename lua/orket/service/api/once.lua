-- once.lua: a request that is sent again with the same Idempotency-Key is answered as before, and does
-- nothing a second time. What was answered is in the journal, by the hashes of key and request, and counts
-- for a day, also for the next server.

local async = require("orket.async")
local cjson = require("cjson")
local hash = require("orket.core.hash")
local errors = require("orket.errors")
local sys = require("orket.core.sys")

local M = {}

local MOST = 1000 -- keys of one sender that are remembered
local DAY = 86400 -- seconds that they count
local RUN = "requests" -- their streams: one for each day, as its turn

---JSON Schema of the header, for routes that look at it.
M.HEADER = { type = "string", maxLength = 128,
  description = "a request that is sent again with it is answered as before, and does nothing a second time" }

---@class OnceEntry
---@field actor string who sent it
---@field content string hash of what was asked
---@field answer table|nil nil: it is under way
---@field at string when it was answered

-- ---- what is known ----

-- A sender's further keys take the place of that one's first, never of another sender's.
local function remember(known, key, entry)
  local order = known.orders[entry.actor] or {}
  known.of[key], known.orders[entry.actor] = entry, order
  order[#order + 1] = key
  if #order > MOST then
    known.of[table.remove(order, 1)] = nil
  end
end

local function forget(known, key)
  local order = known.orders[known.of[key].actor]
  known.of[key] = nil
  for i, one in ipairs(order) do
    if one == key then
      table.remove(order, i)
      return
    end
  end
end

local function day_of(seconds)
  return seconds // DAY
end

local function oldest()
  return os.date("!%Y-%m-%dT%H:%M:%S", os.time() - DAY)
end

local function of_journal(store)
  local known, today = { of = {}, orders = {} }, day_of(os.time())
  for day = today - 1, today do
    for _, event in ipairs(store:read("stream", { run = RUN, turn = day })) do
      local body = event.body
      remember(known, body.key, { actor = event.actor, content = body.request, answer = body.answer,
        at = event.at })
    end
  end
  return known
end

local function find(known, key)
  local entry = known.of[key]
  if entry and entry.at < oldest() then
    forget(known, key)
    return nil
  end
  return entry
end

-- ---- one request ----

-- What it is about: another one must not have the same key.
local function content_of(request)
  return hash.of(cjson.encode({ request.method, request.path, request.query, request.body or cjson.null }))
end

local function repeated(entry, content)
  if entry.content ~= content then
    return nil, errors.new("ERR_USAGE", "this Idempotency-Key was sent with another request",
      "send another key", 422)
  elseif not entry.answer then
    return nil, errors.new("ERR_STALE", "the first request with this Idempotency-Key is under way",
      "ask again", 409)
  end
  return entry.answer
end

-- It has happened: that it could not be noted changes nothing of that.
local function record(store, key, entry)
  local tx = store:stream({ run = RUN, turn = day_of(os.time()), actor = entry.actor,
    role = "human" }):begin()
  tx:event("request.answered", nil, { key = key, request = entry.content, answer = entry.answer })
  async.await(tx.commit, tx)
end

local function perform_and_record(service, key, entry, perform)
  local answer, err = perform()
  entry.answer, entry.at = answer, sys.now()
  if answer then
    record(service.store, key, entry)
  end
  return answer, err
end

-- In a task of its own: a client that is gone before it has the answer asks for it again.
local function perform_first(service, request, key, perform)
  local gone = async.canceled()
  if gone then -- nothing would be performed, and the key would stay under way
    return nil, gone
  end
  local known, entry = service.once, { actor = "human:" .. request.who, content = content_of(request),
    at = sys.now() }
  remember(known, key, entry)
  return async.suspend(function(wake)
    async.spawn_watched(function(answer, err)
      if not answer and known.of[key] == entry then
        forget(known, key)
      end
      wake(answer, err)
    end, perform_and_record, service, key, entry, perform)
  end)
end

---Performs what a request asks, once for each Idempotency-Key of who sent it. A failure is not remembered.
---In a task.
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
    return nil, errors.new("ERR_USAGE", "the Idempotency-Key has more than 128 bytes", nil, 422)
  end
  key = hash.of(request.principal.account .. "\0" .. key)
  service.once = service.once or of_journal(service.store)
  local entry = find(service.once, key)
  if entry then
    return repeated(entry, content_of(request))
  end
  return perform_first(service, request, key, perform)
end

return M
