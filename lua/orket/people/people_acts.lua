-- people_acts.lua: users and access keys are made, changed and revoked. What proves them lies in files of its
-- own (core/io/auth/credential.h); an act names it by its id, and it is there before the event.

local async = require("orket.async")
local auth = require("orket.core.auth")
local errors = require("orket.errors")
local person = require("orket.governance.person")
local roles = require("orket.people.roles")
local roster = require("orket.people.roster")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local RESERVED = { admin = true, agent = true, engine = true, human = true, system = true, unknown = true,
  service = true }
local KEYS_MOST, USERS_MOST = 50, 10000 -- keys of one user, or of all services, that are good

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

-- One event in the stream of the board.
local function record(project, who, kind, body)
  local tx = person.begin(project, who)
  tx:event(kind, nil, body)
  return commit(tx)
end

-- What no user and no key has is removed.
local function forget(project, id)
  local all, is_used = roster.read(project.store), false
  for _, user in pairs(all.users) do
    is_used = is_used or user.secret == id
  end
  local key = all.keys[id]
  if not is_used and not (key and not key.revoked_at) then
    auth.forget(project.dir .. "/.orket", id)
  end
end

-- One act after the other: what one looked at is still so when its event is written.
local function in_turn(project, perform, request)
  local held <close>, canceled = project:alone("people")
  if not held then
    return nil, canceled
  end
  return perform(project, request)
end

-- Performs an act; when it fails, what was kept for it under the id in `field` is removed.
local function keeping(field, perform)
  return function(project, request)
    local result, err = async.join(async.spawn(in_turn, project, perform, request))
    if not result and request[field] then
      forget(project, request[field])
    end
    return result, err
  end
end

-- ---- users ----

local function check_name(name)
  if #name > 64 or not name:find("^[a-z][a-z0-9._-]*$") or RESERVED[name] then
    return nil, errors.new("ERR_USAGE", "'" .. name .. "' is no name of a user",
      "a small letter first, then small letters, digits, '.', '_', '-'; not " .. table.concat(
        tables.keys(RESERVED), ", "))
  end
  return true
end

local function check_role(project, role)
  local all = roles.all(project.config.organization)
  if not all[role] then
    return nil, errors.new("ERR_USAGE", "there is no role '" .. role .. "'",
      "roles: " .. table.concat(tables.keys(all), ", "))
  end
  return true
end

local function user_of(project, name)
  local user = roster.user(project.store, name)
  return user, not user and errors.new("ERR_NOT_FOUND", "there is no user '" .. name .. "'",
    "orket user list shows them") or nil
end

-- One who signs in at another project is a user there. Only a server knows the other one.
local function check_home(project, request)
  local home = request.home
  if not home then
    return true
  elseif home == "" or home:find("[/%c\127]") or request.secret then
    return nil, errors.new("ERR_USAGE", "home names another project of the server, whose password it is",
      "orket user add --of PROJECT NAME")
  end
  local people = project.elsewhere and project.elsewhere(home)
  local user = people and roster.user(people.project.store, request.name)
  if project.elsewhere and (not user or user.home) then
    return nil, errors.new("ERR_NOT_FOUND", "this server serves no project '" .. home .. "' in which '"
      .. request.name .. "' has a password",
      "a project is called as its directory is; add the user there first")
  end
  return true
end

local function check_room(project, name)
  local all = roster.read(project.store).users
  if all[name] then
    return nil, errors.new("ERR_EXISTS", "there is a user '" .. name .. "' already",
      "orket user role changes what the user may do")
  elseif #tables.keys(all) >= USERS_MOST then
    return nil, errors.new("ERR_LIMIT", "there are " .. USERS_MOST .. " users, which is the most")
  end
  return true
end

local function check_new(project, request)
  local ok, err = check_name(request.name)
  if ok then
    ok, err = check_role(project, request.role)
  end
  if ok then
    ok, err = check_room(project, request.name)
  end
  if ok then
    ok, err = check_home(project, request)
  end
  return ok, err
end

local function added(project, request)
  local message = request.name .. " is a user now, as " .. request.role
  if request.home then
    message = message .. ", who signs in at " .. request.home
      .. (project.elsewhere and "" or "; without a server this was not checked")
  end
  return { name = request.name, role = request.role, message = message }
end

local function add(project, request)
  local ok, err = check_new(project, request)
  if ok then
    ok, err = record(project, request.who, "user.created", { name = request.name, role = request.role,
      secret = request.secret, home = request.home })
  end
  return ok and added(project, request), err
end

-- What the event says is set, and the sentence about it.
local function changes_of(request)
  local set = { role = request.role, secret = request.secret, disabled = request.disabled }
  if request.role then
    return set, "is " .. request.role .. " now"
  elseif request.secret then
    return set, "has a new password"
  elseif request.disabled ~= nil then
    return set, request.disabled and "is disabled: signed out, and no key of theirs is good"
      or "may sign in again"
  end
  return nil, errors.new("ERR_USAGE", "nothing is to be changed", "give a role, disabled, or a password")
end

local function change(project, request)
  local user, err = user_of(project, request.name)
  local set, said = changes_of(request)
  local old = user and user.secret
  if user and not set then
    err = said
  elseif user and set.secret and user.home then
    err = errors.new("ERR_TRANSITION", user.name .. " signs in at " .. user.home
      .. ", with the password there")
  elseif user and request.role then
    err = select(2, check_role(project, request.role))
  end
  local ok
  if not err then
    ok, err = record(project, request.who, "user.changed", { name = request.name, set = set })
  end
  if not ok then
    return nil, err
  elseif set.secret and old then
    forget(project, old)
  end
  return { name = request.name, message = request.name .. " " .. said }
end

local function remove(project, request)
  local user, err = user_of(project, request.name)
  local ok
  if user then
    ok, err = record(project, request.who, "user.removed", { name = request.name })
  end
  if not ok then
    return nil, err
  end
  if user.secret then
    forget(project, user.secret)
  end
  for id, key in pairs(roster.read(project.store).keys) do
    if key.user == user.name then
      forget(project, id)
    end
  end
  return { name = request.name, message = request.name .. " is no user any more, and has no key" }
end

-- ---- keys ----

local GRANTED = tables.set(roles.PERMISSIONS)

local function check_scope(request)
  local granted = request.user and GRANTED or roles.SERVICE
  for _, permission in ipairs(request.scope) do
    if not granted[permission] then
      return nil, errors.new("ERR_USAGE", "'" .. tostring(permission) .. "' is nothing that this key may do",
        "a user's key: read, run, act, admin, as far as the user may; a service's, no person's: read, run")
    end
  end
  return #request.scope > 0 or nil, errors.new("ERR_USAGE", "a key that may do nothing is no key",
    "give it read, or more")
end

-- Those of the same user, or of services, that are good: no one's keys keep another one from having any.
local function count_good(all, user)
  local count, now = 0, sys.now()
  for _, key in pairs(all.keys) do
    if key.user == user and not key.revoked_at and now < key.expires_at then
      count = count + 1
    end
  end
  return count
end

local function check_key(project, request)
  local all = roster.read(project.store)
  if request.name == "" or #request.name > 64 or request.name:find("[%c\127]") then
    return nil, errors.new("ERR_USAGE", "a key has a name of up to 64 bytes, a line")
  elseif request.user and not all.users[request.user] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no user '" .. request.user .. "'",
      "orket user list shows them")
  elseif all.keys[request.id] or not request.id:find("^%x+$") then
    return nil, errors.new("ERR_USAGE", "there is such a key already")
  elseif count_good(all, request.user) >= KEYS_MOST then
    return nil, errors.new("ERR_LIMIT", (request.user or "services") .. ": " .. KEYS_MOST
      .. " keys are good, which is the most", "revoke one of them")
  elseif not request.expires_at:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z$") then
    return nil, errors.new("ERR_USAGE", "expires_at is a moment like 2027-01-31T00:00:00Z")
  end
  return check_scope(request)
end

local function add_key(project, request)
  local ok, err = check_key(project, request)
  if ok then
    ok, err = record(project, request.who, "key.created", { id = request.id, name = request.name,
      user = request.user, scope = request.scope, expires_at = request.expires_at })
  end
  return ok and { id = request.id, message = "the key " .. request.id .. " (" .. request.name
    .. ") is good until " .. request.expires_at }, err
end

local function revoke(project, request)
  local key = roster.read(project.store).keys[request.id]
  if not key or key.revoked_at then
    return nil, errors.new("ERR_NOT_FOUND", "there is no key '" .. request.id .. "' that is good",
      "orket key list shows them")
  end
  local ok, err = record(project, request.who, "key.revoked", { id = request.id })
  if not ok then
    return nil, err
  end
  forget(project, request.id)
  return { id = request.id, message = "the key " .. request.id .. " (" .. key.name .. ") is revoked" }
end

-- "self": an account that has the files of the project may always do it, so that its owner is never locked
-- out; what comes over HTTP is held back by the routes, which alone offer it there.
M.acts = {
  ["user.add"] = {
    summary = "makes a user; `secret` is the id of the password that was kept",
    fields = { name = "text", role = "text", secret = "text?", home = "text?" },
    errors = { "ERR_EXISTS", "ERR_LIMIT", "ERR_NOT_FOUND" }, beside = true, permission = "self",
    perform = keeping("secret", add),
  },
  ["user.change"] = {
    summary = "gives a user another role or password, or disables and enables the user",
    fields = { name = "text", role = "text?", secret = "text?", disabled = "boolean?" },
    errors = { "ERR_NOT_FOUND" }, beside = true, permission = "self",
    perform = keeping("secret", change),
  },
  ["user.remove"] = {
    summary = "removes a user, and revokes the user's keys",
    fields = { name = "text" },
    errors = { "ERR_NOT_FOUND" }, beside = true, permission = "self",
    perform = keeping("secret", remove),
  },
  ["key.add"] = {
    summary = "makes an access key; `id` is that of the hash that was kept, without `user` it is a service's",
    fields = { id = "text", name = "text", user = "text?", scope = "list", expires_at = "text" },
    errors = { "ERR_NOT_FOUND", "ERR_LIMIT" }, beside = true, permission = "self",
    perform = keeping("id", add_key),
  },
  ["key.revoke"] = {
    summary = "revokes an access key",
    fields = { id = "text" },
    errors = { "ERR_NOT_FOUND" }, beside = true, permission = "self",
    perform = keeping("id", revoke),
  },
}

return M
