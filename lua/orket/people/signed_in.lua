-- signed_in.lua: who is signed in. A token names its session and its number in it; it is short-lived, and
-- exchanged for the next one as long as the session lasts. Sessions live in memory: a server that starts anew
-- knows none, and signs tokens with another secret.

local sys = require("orket.core.sys")

local M = {}

local TOKEN = 900 -- seconds that a token is good
local SESSION = 12 * 3600 -- seconds after which one signs in again
local GRACE = 30 -- seconds in which the token before may still be exchanged: two requests at once
local OF_USER = 50 -- sessions; a further one ends the oldest

---@class Session
---@field id string
---@field user string
---@field seq integer of the user: one of the same name that was made anew is another one
---@field secret string the id of the password that opened it
---@field number integer of the newest token
---@field issued integer seconds since 1970: of that token
---@field ends integer

local Sessions = {}
Sessions.__index = Sessions

---@return table sessions
function M.new()
  return setmetatable({ by_id = {} }, Sessions)
end

local function is_over(session, now)
  return now >= session.ends or now >= session.issued + TOKEN
end

-- Those that are over are forgotten with the next one that begins.
local function make_room(self, name, now)
  local own = {}
  for id, session in pairs(self.by_id) do
    if is_over(session, now) then
      self.by_id[id] = nil
    elseif session.user == name then
      own[#own + 1] = session
    end
  end
  table.sort(own, function(a, b) return a.ends < b.ends end)
  for i = 1, #own - OF_USER + 1 do
    self.by_id[own[i].id] = nil
  end
end

---Begins one.
---@param user User
---@return Session
function Sessions:open(user)
  local now = os.time()
  make_room(self, user.name, now)
  local session = { id = sys.nonce():sub(1, 32), user = user.name, seq = user.seq, secret = user.secret,
    number = 1, issued = now, ends = now + SESSION }
  self.by_id[session.id] = session
  return session
end

---The session of a token.
---@param id string
---@param number integer of the token
---@return Session|nil nil: it is over, or the token is older than the last but one
function Sessions:find(id, number)
  local session = self:ongoing(id)
  return session and number >= session.number - 1 and session or nil
end

---A session that has not ended, whichever token one came with.
---@param id string
---@return Session|nil
function Sessions:ongoing(id)
  local session = self.by_id[id]
  return session and not is_over(session, os.time()) and session or nil
end

---Goes on to the next token. An old token that comes again belongs to two: the session is over for both.
---@param session Session
---@param number integer of the token that was sent
---@return boolean
function Sessions:rotate(session, number)
  local now = os.time()
  if number == session.number then
    session.number, session.issued = number + 1, now
    return true
  elseif now <= session.issued + GRACE then
    return true
  end
  self.by_id[session.id] = nil
  return false
end

---Ends all that are not to be kept.
---@param is_kept fun(session: Session): boolean
function Sessions:keep(is_kept)
  for id, session in pairs(self.by_id) do
    self.by_id[id] = is_kept(session) and session or nil
  end
end

---@param id string
function Sessions:close(id)
  self.by_id[id] = nil
end

---What the newest token of a session says.
---@param session Session
---@return table claims
function M.claims(session)
  return { iss = "orket", sub = session.user, jti = session.id, n = session.number, iat = session.issued,
    exp = M.token_ends(session) }
end

---@param session Session
---@return integer seconds since 1970
function M.token_ends(session)
  return math.min(session.issued + TOKEN, session.ends)
end

return M
