-- sign_in.lua: a name and a password become a session. Each wrong password of an account or from an address
-- makes the next attempt wait longer. Passwords are looked at one after the other: each takes 64 MiB and a
-- tenth of a second of the pool.

local async = require("orket.async")
local auth = require("orket.core.auth")
local errors = require("orket.errors")
local wrong_attempts = require("orket.people.wrong_attempts")

local M = {}

local FORGIVEN = 900 -- seconds after which a wrong password does not count any more
local OF_ADDRESS, WAITING_MOST = 8, 32 -- attempts under way
local NOTED = 60 -- seconds between two events about failures of one account
local UNKNOWN = "unknown" -- what names that no user has are counted under

local SignIn = {}
SignIn.__index = SignIn

---@param directory Directory
---@return table sign_in
function M.new(directory)
  return setmetatable({ directory = directory, wrong = wrong_attempts.new(FORGIVEN), under_way = {},
    waiting = {} }, SignIn)
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
    return nil, errors.new("ERR_DENIED", "too many are signing in at once", "try again later", 429)
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

local NAME_MOST = 64 -- bytes of a name that are kept; no user's is longer

-- Names that no user has are counted alike: how long an answer takes does not tell whether there is such a
-- user.
local function account_of(name)
  return "account:" .. name:sub(1, NAME_MOST)
end

-- The first one at once, then how many there were since; a name that no user has is not written down: it may
-- be a password. Those are one account here.
local function note_failure(self, user, name, address)
  self.wrong:add(account_of(name))
  self.wrong:add("address:" .. address)
  if not user then
    self.wrong:add(UNKNOWN)
  end
  local count = self.wrong:unnoted(user and account_of(name) or UNKNOWN, NOTED)
  if not count then
    return true
  end
  return record(self, "engine", "system", { name = user and user.name, ok = false, count = count,
    address = address })
end

-- ---- signing in ----

-- The password that was looked at may be another one by now, or the user gone.
local function is_still(self, proven)
  local user = self.directory.roster.users[proven.user.name]
  return user == proven.user and not user.disabled and user.secret == proven.secret
end

local function wrong()
  return errors.new("ERR_DENIED", "the name or the password is wrong",
    "an administrator can set another password: orket user password NAME", 401)
end

local function checked(self, name, password, address)
  local user = self.directory.roster.users[name]
  if user and user.disabled then
    user = nil
  end
  local secret = user and user.secret
  local wait = math.max(self.wrong:delay("address:" .. address), self.wrong:delay(account_of(name)))
  if wait > 0 and not async.sleep(wait) then
    return nil, errors.new("ERR_CANCELED", "the client is gone")
  end
  local ok, err = fits(self, secret, password)
  if err then
    return nil, err
  elseif not ok then
    ok, err = note_failure(self, user, name, address)
    return nil, ok and wrong() or err
  end
  return { user = user, secret = secret }
end

local function within_bounds(self, address, fn)
  local count_of = self.under_way[address] or 0
  if count_of >= OF_ADDRESS then
    return nil, errors.new("ERR_DENIED", "too many attempts to sign in from this address", "try again later",
      429)
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
  local proven, err = within_bounds(self, address, function()
    return checked(self, name, password, address)
  end)
  if err and err.status == 401 then
    err = errors.new("ERR_DENIED", "the password is wrong", nil, 403)
  end
  return proven and proven.user, err
end

---Opens a session for who knows the password. In a task.
---@param name string
---@param password HttpSecret
---@param address string of the client
---@return Session|nil
---@return Error|nil 401, 429
function SignIn:enter(name, password, address)
  return within_bounds(self, address, function()
    local proven, err = checked(self, name, password, address)
    local ok
    if proven then
      ok, err = record(self, "human:" .. name, "human", { name = name, ok = true, address = address })
    end
    if ok and not is_still(self, proven) then
      ok, err = nil, wrong()
    end
    if not ok then
      return nil, err
    end
    self.wrong:forgive(account_of(name))
    return self.directory.sessions:open(proven.user)
  end)
end

return M
