-- user_routes.lua: signing in and out, users, access keys, and what the journal says of them. Passwords and
-- keys do not pass through here: the core takes them out of requests, and puts them into answers.

local api_schemas = require("orket.service.api.api_schemas")
local async = require("orket.async")
local auth = require("orket.core.auth")
local cjson = require("cjson")
local errors = require("orket.errors")
local key_expiry = require("orket.people.key_expiry")
local roles = require("orket.people.roles")
local roster = require("orket.people.roster")
local signed_in = require("orket.people.signed_in")
local tables = require("orket.util.tables")

local M = { tag = "users" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, FLAG, PASSWORD = { type = "string" }, { type = "boolean" },
  { type = "string", format = "password", description = "8 to 1024 bytes; it is in no log and no event" }

-- ---- signing in ----

local function granted(principal)
  local names = {}
  for _, name in ipairs(tables.keys(principal.permissions)) do
    names[#names + 1] = principal.permissions[name] and name or nil
  end
  return setmetatable(names, cjson.array_mt)
end

local function me(_, request)
  local who = request.principal
  return { name = who.name, kind = who.kind, role = who.role, permissions = granted(who),
    expires_at = who.ends and os.date("!%Y-%m-%dT%H:%M:%SZ", who.ends // 1) or nil }
end

-- A token is signed by the core, which puts it in the place of its mark.
local function token_of(service, request, session)
  request.secret = service.people.keyring:sign(cjson.encode(signed_in.claims(session)))
  return { token = request.secret:mark(), expires_in = signed_in.token_ends(session) - os.time() }
end

local function login(service, request)
  local password = request.passwords.password
  local home = service.people:home_of(request.body.name)
  local session, err = home.sign_in:enter(request.body.name, password, request.address)
  return session and token_of(service, request, session), err
end

local function session_of(request)
  local session = request.principal.session
  return session, not session and errors.new("ERR_TRANSITION",
    "this is a key, and no session: it cannot be exchanged or signed out", nil, 409) or nil
end

local function logout(service, request)
  local session, err = session_of(request)
  if not session then
    return nil, err
  end
  service.people:sign_out(session)
  return { message = "signed out" }
end

local function rotate(service, request)
  local session, err = session_of(request)
  if not session then
    return nil, err
  elseif not service.people:home_of(session.user).sessions:rotate(session, request.claims.n) then
    service.people:sign_out(session)
    return nil, errors.new("ERR_DENIED", "this token was exchanged before: the session is over",
      "sign in again; if that was not you, set another password", 401)
  end
  return token_of(service, request, session)
end

-- ---- users ----

-- As the journal has it: who hears an event asks at once, and the directory reads events a moment later.
local function current(service)
  return roster.read(service.store)
end

local function users(service)
  local rows = roster.sorted_users(current(service))
  for i, user in ipairs(rows) do
    rows[i] = roster.shown_user(user)
  end
  return { items = setmetatable(rows, cjson.array_mt), roles = roles.all(service.people:organization()) }
end

-- The id of a password that a request brought; it is kept before the event names it.
local function kept(service, password)
  if not password then
    return nil
  end
  return errors.check(async.await(auth.keep_password, service.dir .. "/.orket", password))
end

local function act_keeping(service, password, act, who)
  local err
  act.secret, err = kept(service, password)
  if err then
    return nil, err
  end
  return service:act(act, who)
end

local function add_user(service, request)
  local body = request.body
  return act_keeping(service, request.passwords.password, { act = "user.add", name = body.name,
    role = body.role, home = body.home }, request.who)
end

local function change_user(service, request)
  local body = request.body
  return act_keeping(service, request.passwords.new_password, { act = "user.change",
    name = request.params.name, role = body.role, disabled = body.disabled }, request.who)
end

local function remove_user(service, request)
  return service:act({ act = "user.remove", name = request.params.name }, request.who)
end

-- One's own: a stranger at an open page does not know the old one.
local function change_password(service, request)
  local who = request.principal
  if who.kind ~= "user" then
    return nil, errors.new("ERR_TRANSITION", "this is a key, and has no password", nil, 409)
  end
  local home = (service.people.roster.users[who.name] or {}).home
  if home then
    return nil, errors.new("ERR_TRANSITION", "your password is that of the project " .. home,
      "set another one there: POST /w/" .. home .. "/v1/me/password", 409)
  end
  local user, err = service.people.sign_in:confirm(who.name, request.passwords.password, request.address)
  if not user then
    return nil, err
  end
  return act_keeping(service, request.passwords.new_password, { act = "user.change", name = user.name },
    user.name)
end

-- ---- keys ----

local function is_admin(principal)
  return principal.permissions.admin == true
end

local function keys(service, request)
  local items = setmetatable({}, cjson.array_mt)
  for _, key in ipairs(roster.sorted_keys(current(service))) do
    if is_admin(request.principal) or key.user and key.user == request.principal.name then
      items[#items + 1] = roster.shown_key(key)
    end
  end
  return { items = items }
end

-- A key makes no further keys: what it may not do, they could.
local function check_owner(request)
  local who, body = request.principal, request.body
  if who.kind ~= "user" and who.kind ~= "admin" then
    return errors.new("ERR_DENIED", "a key makes no further keys", "sign in: POST /v1/login", 403)
  elseif not is_admin(who) and (body.service or body.user and body.user ~= who.name) then
    return errors.new("ERR_DENIED", "only an administrator makes keys for others and for services", nil, 403)
  elseif who.kind == "admin" and not body.user and not body.service then
    return errors.new("ERR_USAGE", "whose key is it?", '{"user": NAME}, or {"service": true}', 422)
  end
end

local function owner_of(request)
  if request.body.service then
    return nil
  end
  return request.body.user or request.principal.name
end

local function add_key(service, request)
  local err = check_owner(request)
  if err then
    return nil, err
  end
  local id, key, code, fix = auth.make_key(service.dir .. "/.orket")
  if not id then
    return nil, errors.new(code, key, fix)
  end
  local body, answer = request.body
  answer, err = service:act({ act = "key.add", id = id, name = body.name, user = owner_of(request),
    scope = setmetatable(body.allow or { "read" }, cjson.array_mt),
    expires_at = key_expiry.in_days(body.days or key_expiry.DAYS) }, request.who)
  if not answer then
    return nil, err
  end
  request.secret = key
  answer.key = key:mark()
  return answer
end

local function revoke_key(service, request)
  local key = service.people.roster.keys[request.params.id]
  local who = request.principal
  if not key or not is_admin(who) and key.user ~= who.name then
    return nil, errors.new("ERR_NOT_FOUND", "there is no key '" .. request.params.id .. "' of yours",
      "GET /v1/keys lists them", 404)
  end
  return service:act({ act = "key.revoke", id = key.id }, request.who)
end

-- ---- the journal ----

local AUDITED = { "user.", "key.", "approval.given", "approval.answered" }

local AUDIT = 200 -- of a page

local function newest(service, query)
  local most = query.limit or AUDIT
  local rows = service.store:read("audit", { before = query.before, limit = most })
  return { items = setmetatable(rows, cjson.array_mt), next = #rows == most and rows[most].seq or nil }
end

local function audit(service, request)
  if request.query.newest then
    return newest(service, request.query)
  end
  local items, last = service.events:page({ kinds = AUDITED }, request.query.after or 0,
    request.query.limit or AUDIT)
  return { items = setmetatable(items, cjson.array_mt), next = last }
end

-- ---- shapes ----

local function body_of(required, more)
  local body = object(required, more)
  body.additionalProperties = false
  body.required = next(required) and body.required or nil
  return body
end

local TOKEN = object({ token = TEXT, expires_in = { type = "integer", description = "seconds" } })
local USER = object({ name = TEXT, role = TEXT, disabled = FLAG, has_password = FLAG, created_at = TEXT,
  created_by = TEXT }, { signed_in_at = TEXT })
local KEY = object({ id = TEXT, name = TEXT, scope = list(TEXT), created_at = TEXT, created_by = TEXT,
  expires_at = TEXT }, { user = TEXT, revoked_at = TEXT })
local NAMED = object({ name = TEXT, message = TEXT })

M.routes = {
  {
    name = "login", method = "POST", path = "/v1/login", permission = "open", handle = login, answer = TOKEN,
    summary = "signs a user in: a token for Authorization: Bearer, good for 15 minutes",
    body = body_of({ name = TEXT, password = PASSWORD }), errors = { "ERR_DENIED" },
  },
  {
    name = "rotate_token", method = "POST", path = "/v1/token", permission = "self", handle = rotate,
    summary = "exchanges a token for the next one of its session, which lasts 12 hours", answer = TOKEN,
    errors = { "ERR_DENIED", "ERR_TRANSITION" },
  },
  {
    name = "logout", method = "POST", path = "/v1/logout", permission = "self", handle = logout,
    summary = "ends the session: its tokens are good for nothing, its streams end",
    answer = object({ message = TEXT }), errors = { "ERR_TRANSITION" },
  },
  {
    name = "me", method = "GET", path = "/v1/me", permission = "self", handle = me,
    summary = "who asks, and what that one may", answer = object({ name = TEXT, permissions = list(TEXT),
      kind = { enum = { "admin", "user", "key", "service" } } }, { role = TEXT, expires_at = TEXT }),
  },
  {
    name = "change_password", method = "POST", path = "/v1/me/password", permission = "self",
    summary = "sets another password of one's own; all sessions of the user end", handle = change_password,
    body = body_of({ password = PASSWORD, new_password = PASSWORD }), answer = NAMED,
    errors = { "ERR_DENIED", "ERR_TRANSITION", "ERR_USAGE" },
  },
  {
    name = "users", method = "GET", path = "/v1/users", permission = "admin", handle = users,
    summary = "who may sign in, and what the roles may",
    answer = object({ items = list(USER), roles = { type = "object" } }),
  },
  {
    name = "add_user", method = "POST", path = "/v1/users", permission = "admin", handle = add_user,
    summary = "makes a user", body = body_of({ name = TEXT, role = TEXT }, { password = PASSWORD,
      home = { type = "string", description = "a project of this server where the user signs in" } }),
    answer = NAMED, errors = { "ERR_EXISTS", "ERR_LIMIT", "ERR_NOT_FOUND", "ERR_USAGE" },
  },
  {
    name = "change_user", method = "POST", path = "/v1/users/{name}", permission = "admin",
    summary = "gives a user another role or password, or disables and enables the user; one at a time",
    body = body_of({}, { role = TEXT, disabled = FLAG, new_password = PASSWORD }), handle = change_user,
    answer = NAMED, errors = { "ERR_NOT_FOUND", "ERR_USAGE" },
  },
  {
    name = "remove_user", method = "POST", path = "/v1/users/{name}/remove", permission = "admin",
    summary = "removes a user, and revokes the user's keys", handle = remove_user, answer = NAMED,
    errors = { "ERR_NOT_FOUND" },
  },
  {
    name = "keys", method = "GET", path = "/v1/keys", permission = "self", handle = keys,
    summary = "one's own access keys; of an administrator, all", answer = object({ items = list(KEY) }),
  },
  {
    name = "add_key", method = "POST", path = "/v1/keys", permission = "self", handle = add_key,
    summary = "makes an access key, which is in this answer and nowhere else",
    body = body_of({ name = TEXT }, { user = TEXT, days = { type = "integer", minimum = 1,
      maximum = key_expiry.DAYS_MOST }, allow = { type = "array", items = { enum = roles.PERMISSIONS },
      minItems = 1, uniqueItems = true, description = "what it may do, of what its user may: read" },
      service = { type = "boolean", description = "a service's: no person, read and run alone" } }),
    answer = object({ id = TEXT, key = TEXT, message = TEXT }),
    errors = { "ERR_DENIED", "ERR_NOT_FOUND", "ERR_LIMIT", "ERR_USAGE" },
  },
  {
    name = "revoke_key", method = "POST", path = "/v1/keys/{id}/revoke", permission = "self",
    summary = "revokes an access key of one's own; an administrator any", handle = revoke_key,
    answer = object({ id = TEXT, message = TEXT }), errors = { "ERR_NOT_FOUND" },
  },
  {
    pooled = true,
    name = "audit", method = "GET", path = "/v1/audit", permission = "admin", handle = audit,
    summary = "events about users, keys and answers to what agents ask",
    query = { after = { type = "integer", minimum = 0 },
      limit = { type = "integer", minimum = 1, maximum = 1000 },
      newest = { type = "boolean", description = "the newest first; `before` goes on, not `after`" },
      before = { type = "integer", minimum = 1 } },
    answer = api_schemas.page(ref("Event"), "integer"),
  },
}

return M
