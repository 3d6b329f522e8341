-- rate_limit.lua: how many requests a minute a user with all keys, a service's key or the administrator may
-- send: a bucket that a minute fills. It keeps a program that went wrong from taking the place of others.

local errors = require("orket.errors")
local sys = require("orket.core.sys")

local M = {}

local DEFAULT = 6000 -- requests a minute

local RateLimit = {}
RateLimit.__index = RateLimit

---The limit that the environment sets: requests a minute, 0: none.
---@return integer|nil
---@return Error|nil ERR_CONFIG
function M.from_environment()
  local text = sys.env("ORKET_RATE_LIMIT")
  if not text or text == "" then
    return DEFAULT
  end
  local limit = math.tointeger(tonumber(text))
  if not limit or limit < 0 or limit > 1000000000 then
    return nil, errors.new("ERR_CONFIG", "ORKET_RATE_LIMIT is no number of requests a minute",
      "set it to a whole number, 0 for no limit, or unset it: " .. DEFAULT)
  end
  return limit
end

---@param limit integer requests a minute; 0: none
---@return table
function M.new(limit)
  return setmetatable({ limit = limit, buckets = {} }, RateLimit)
end

local function bucket_of(self, owner, now)
  local bucket = self.buckets[owner]
  if not bucket then
    bucket = { left = self.limit, at = now }
    self.buckets[owner] = bucket
  end
  bucket.left = math.min(self.limit, bucket.left + (now - bucket.at) * self.limit / 60)
  bucket.at = now
  return bucket
end

local function seconds_until(self, wanted, left)
  return math.max(1, math.ceil((wanted - left) * 60 / self.limit))
end

-- RateLimit fields of draft-ietf-httpapi-ratelimit-headers, as clients know them.
local function headers_of(self, bucket)
  return { ["RateLimit-Limit"] = tostring(self.limit),
    ["RateLimit-Remaining"] = tostring(math.floor(bucket.left)),
    ["RateLimit-Reset"] = tostring(seconds_until(self, self.limit, bucket.left)) }
end

---Counts a request.
---@param owner string
---@return table<string, string>|nil headers of its answer; nil: there is no limit
---@return Error|nil 429
function RateLimit:take(owner)
  if self.limit == 0 then
    return nil
  end
  local bucket = bucket_of(self, owner, sys.monotonic())
  if bucket.left < 1 then
    local err = errors.new("ERR_DENIED", "more than " .. self.limit .. " requests a minute",
      "send fewer; ORKET_RATE_LIMIT of the server sets the limit", 429)
    err.retry_after = seconds_until(self, 1, bucket.left)
    return headers_of(self, bucket), err
  end
  bucket.left = bucket.left - 1
  return headers_of(self, bucket)
end

return M
