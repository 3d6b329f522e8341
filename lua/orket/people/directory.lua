-- directory.lua: who a request of a served project is from. It has the users and keys of the journal at hand,
-- hears when they change, and knows who is signed in.

local async = require("orket.async")
local errors = require("orket.errors")
local principal = require("orket.people.principal")
local roster = require("orket.people.roster")
local sign_in = require("orket.people.sign_in")
local signed_in = require("orket.people.signed_in")
local sys = require("orket.core.sys")

local M = {}

---@class Directory
---@field project table
---@field roster Roster
---@field sessions table
---@field sign_in table
---@field keyring HttpKeyring|nil the server's
local Directory = {}
Directory.__index = Directory

---@param project table opened as owner
---@return Directory
function M.new(project)
  local self = setmetatable({ project = project, roster = roster.read(project.store),
    sessions = signed_in.new(), hearers = {} }, Directory)
  self.sign_in = sign_in.new(self)
  self.unsubscribe = project.store:subscribe(function()
    self:hear()
  end, { "user.created", "user.changed", "user.removed", "key." })
  project.elsewhere = function() end -- service/workspaces.lua knows the others
  project.on_configured = function() -- a role of the organization's own may have changed
    self:hear()
  end
  return self
end

local function is_good(key)
  return not key.revoked_at and sys.now() < key.expires_at
end

-- The server takes exactly the keys that are good for some project.
local function hand_over(self)
  for id, key in pairs(self.roster.keys) do
    if key.revoked_at then
      self.keyring:drop(id)
    elseif is_good(key) then
      self.keyring:add(self.project.dir .. "/.orket", id) -- one whose file is gone is good for nothing
    end
  end
end

---From now on this server's keyring has the project's keys.
---@param keyring HttpKeyring
function Directory:attach(keyring)
  self.keyring = keyring
  hand_over(self)
end

---@return table organization
function Directory:organization()
  return self.project.config.organization
end

---Calls fn after each change of users, keys and sessions.
---@param fn function
function Directory:on_change(fn)
  self.hearers[#self.hearers + 1] = fn
end

local function tell(self)
  for _, fn in ipairs(self.hearers) do
    fn()
  end
end

-- What was committed can be read when the loop has come round.
function Directory:hear()
  if not self.heard then
    self.heard = async.spawn(function()
      async.give_way()
      self.heard = nil
      self:read_again()
    end)
  end
end

local function is_of(session, user)
  return user ~= nil and user.seq == session.seq and not user.disabled and user.secret == session.secret
end

---Users, keys or roles have changed.
function Directory:read_again()
  self.roster = roster.read(self.project.store)
  self.sessions:keep(function(session)
    return is_of(session, self.roster.users[session.user])
  end)
  if self.keyring then
    hand_over(self)
  end
  tell(self)
end

local function refused(message)
  return errors.new("ERR_DENIED", message, "sign in again: POST /v1/login; or send a key that is good", 401)
end

-- Who is a user from another project is one as long as that very user is one there. One who was made there
-- later is another one.
local function is_at_home(self, user)
  local home = user.home and self.project.elsewhere(user.home)
  local there = home and home.roster.users[user.name]
  return not user.home or there ~= nil and not there.disabled and there.created_at <= user.created_at
end

local function of_key(self, id)
  local key = self.roster.keys[id]
  local user = key and key.user and self.roster.users[key.user]
  if not key or key.user and not user then
    return nil, refused("the key is not one of this project")
  elseif not is_good(key) then
    return nil, refused("the key is revoked, or has expired")
  elseif user and user.disabled then
    return nil, refused("the user of this key is disabled")
  elseif user and not is_at_home(self, user) then
    return nil, refused("the user of this key is none of " .. user.home .. ", or that is not served here")
  end
  return principal.key(self:organization(), key, user)
end

local function session_here(self, claims, is_ongoing)
  local session = is_ongoing and self.sessions:ongoing(claims.jti) or self.sessions:find(claims.jti, claims.n)
  return session and is_of(session, self.roster.users[session.user]) and session or nil
end

-- Of one who signed in at home, and is a user of this project from there.
local function session_at_home(self, claims, is_ongoing)
  local home = self:home_of(claims.sub)
  return home ~= self and session_here(home, claims, is_ongoing) or nil
end

local function of_token(self, claims, is_ongoing)
  local session = session_here(self, claims, is_ongoing) or session_at_home(self, claims, is_ongoing)
  local user = session and self.roster.users[session.user]
  if not user or user.disabled or not is_at_home(self, user) then
    return nil, refused("you are signed out")
  end
  return principal.user(self:organization(), user, session, signed_in.token_ends(session))
end

---Who a credential belongs to, which the core found to be good.
---@param credential {kind: "admin"|"key"|"token", id: string?, claims: table?}
---@param is_ongoing boolean|nil of a request that is under way: its token may have been exchanged since
---@return Principal|nil
---@return Error|nil
function Directory:principal(credential, is_ongoing)
  if credential.kind == "admin" then
    return principal.admin()
  elseif credential.kind == "key" then
    return of_key(self, credential.id)
  end
  return of_token(self, credential.claims, is_ongoing)
end

---Where a user signs in: here, or in the project that the user is from; also here for one who is no user.
---@param name string
---@return Directory
function Directory:home_of(name)
  local user = self.roster.users[name]
  return user and user.home and self.project.elsewhere(user.home) or self
end

---Ends a session: its tokens are good for nothing from now on.
---@param session Session
function Directory:sign_out(session)
  local home = self:home_of(session.user)
  home.sessions:close(session.id)
  tell(home)
end

function Directory:close()
  self.unsubscribe()
  if self.heard then
    async.cancel(self.heard)
  end
end

return M
