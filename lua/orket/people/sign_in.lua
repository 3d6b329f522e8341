-- sign_in.lua: a name and a password become a session. Guessing costs time: each wrong password of an account
-- or from an address makes the next attempt wait longer; nothing is locked, because who guesses could lock
-- others out. Passwords are looked at one after the other: each takes 64 MiB and a tenth of a second of the
-- pool.

local async = require("orket.async")
local auth = require("orket.core.auth")
local errors = require("orket.errors")
local problem = require("orket.service.api.problem")
local sys = require("orket.core.sys")

local M = {}

local SHORTEST, LONGEST = 0.1, 5 -- seconds that an attempt waits after wrong ones, doubling
local FORGIVEN = 900 -- seconds after which a wrong password does not count any more
local OF_ADDRESS, WAITING_MOST = 8, 32 -- attempts under way
local NOTED = 60 -- seconds between two events about failures of one account
local KNOWN_MOST = 10000 -- accounts and addresses with failures

local SignIn = {}
SignIn.__index = SignIn

---@param directory Directory
---@return table sign_in
function M.new(directory)
  return setmetatable({ directory = directory, failures = {}, count = 0, under_way = {}, waiting = {} },
    SignIn)
end

-- ---- what wrong ones cost ----

local function forget_old(self, now)
  for name, entry in pairs(self.failures) do
    if now - entry.since > FORGIVEN then
      self.failures[name], self.count = nil, self.count - 1
    end
  end
end

local function entry_of(self, name)
  local now, entry = sys.monotonic(), self.failures[name]
  if entry and now - entry.since <= FORGIVEN then
    return entry
  end
end

local function delay_of(self, name)
  local entry = entry_of(self, name)
  return entry and math.min(LONGEST, SHORTEST * 2 ^ math.min(entry.wrong - 1, 10)) or 0
end

local function count(self, name)
  local now, entry = sys.monotonic(), entry_of(self, name)
  if not entry then
    if self.count >= KNOWN_MOST then
      forget_old(self, now)
    end
    entry = { wrong = 0, unnoted = 0, noted = -NOTED }
    self.count = self.count + (self.failures[name] and 0 or 1)
    self.failures[name] = entry
  end
  entry.wrong, entry.since = entry.wrong + 1, now
  return entry
end

-- ---- one after the other ----

local function take_turn(self)
  if self.busy then
    async.suspend(function(wake)
      table.insert(self.waiting, wake)
    end)
  end
  self.busy = true
end

local function give_turn(self)
  local wake = table.remove(self.waiting, 1)
  if wake then
    wake(true)
  else
    self.busy = false
  end
end

-- In a task of its own: one whose client leaves still gives its turn on.
local function fits(self, secret, password)
  if #self.waiting >= WAITING_MOST then
    return nil, problem.new(429, "ERR_DENIED", "too many are signing in at once", "try again later")
  end
  return async.join(async.spawn(function()
    take_turn(self)
    local dir = self.directory.project.dir .. "/.orket"
    local ok, err = errors.check(async.await(auth.check_password, dir, secret, password))
    give_turn(self)
    return ok, err
  end))
end

-- ---- events ----

local function record(self, actor, role, body)
  local place = { run = "board", turn = 0, actor = actor, role = role }
  local tx = self.directory.project.store:stream(place):begin()
  tx:event("user.signed_in", nil, body)
  return errors.check(async.await(tx.commit, tx))
end

-- The first one at once, then how many there were since; what was given as the name of nobody is not written
-- down: it may be a password.
local function note_failure(self, user, address)
  local entry = count(self, "account:" .. (user and user.name or "?"))
  count(self, "address:" .. address)
  entry.unnoted = entry.unnoted + 1
  local now = sys.monotonic()
  if now - entry.noted < NOTED then
    return true
  end
  local body = { name = user and user.name, ok = false, count = entry.unnoted, address = address }
  entry.unnoted, entry.noted = 0, now
  return record(self, "engine", "system", body)
end

-- ---- signing in ----

local function checked(self, name, password, address)
  local user = self.directory.roster.users[name]
  if user and user.disabled then
    user = nil
  end
  local wait = math.max(delay_of(self, "address:" .. address),
    delay_of(self, "account:" .. (user and user.name or "?")))
  if wait > 0 and not async.sleep(wait) then
    return nil, errors.new("ERR_CANCELED", "the client is gone")
  end
  local ok, err = fits(self, user and user.secret, password)
  if err then
    return nil, err
  elseif not ok then
    ok, err = note_failure(self, user, address)
    return nil, ok and problem.new(401, "ERR_DENIED", "the name or the password is wrong",
      "an administrator can set another password: orket user password NAME") or err
  end
  return user
end

local function within_bounds(self, address, fn)
  local count_of = self.under_way[address] or 0
  if count_of >= OF_ADDRESS then
    return nil, problem.new(429, "ERR_DENIED", "too many attempts to sign in from this address",
      "try again later")
  end
  self.under_way[address] = count_of + 1
  local _ <close> = setmetatable({}, { __close = function()
    local left = self.under_way[address] - 1
    self.under_way[address] = left > 0 and left or nil
  end })
  return fn()
end

---Does one who is signed in know the password? Guessing costs as much as it does before. In a task.
---@param name string
---@param password HttpSecret
---@param address string of the client
---@return User|nil
---@return Error|nil 403, 429
function SignIn:confirm(name, password, address)
  local user, err = within_bounds(self, address, function()
    return checked(self, name, password, address)
  end)
  if err and err.status == 401 then
    err = problem.new(403, "ERR_DENIED", "the password is wrong")
  end
  return user, err
end

---Opens a session for who knows the password. In a task.
---@param name string
---@param password HttpSecret
---@param address string of the client
---@return Session|nil
---@return Error|nil 401, 429
function SignIn:enter(name, password, address)
  return within_bounds(self, address, function()
    local user, err = checked(self, name, password, address)
    local ok
    if user then
      local body = { name = user.name, ok = true, address = address }
      ok, err = record(self, "human:" .. user.name, "human", body)
    end
    if not ok then
      return nil, err
    end
    self.failures["account:" .. user.name] = nil
    return self.directory.sessions:open(user)
  end)
end

return M
