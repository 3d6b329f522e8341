-- accounts.lua: users, keys and tokens of a spec's service (tests/support/service.lua).

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

M.PASSWORD = "correct horse battery"

---Runs `orket user|key ARGUMENTS` in the world; input goes to standard input.
function M.run(w, arguments, input)
  return orket.shell(("printf '%%s\\n' '%s' | %s %s -C %s 2>&1"):format(input or "", orket.binary, arguments, w.dir))
end

---Makes a user with M.PASSWORD, or another one.
function M.add(w, name, role, password)
  local text, code = M.run(w, ("user add --stdin --role %s %s"):format(role, name), password or M.PASSWORD)
  assert(code == 0, text)
end

---Makes a key: its text, and its id.
function M.key(w, arguments)
  local text, code = M.run(w, "key add " .. arguments)
  assert(code == 0, text)
  local key = text:match("^(orket_%x+_%x+)\n")
  return key, key:match("^orket_(%x+)_")
end

---Asks with a credential in the place of the server's key; nil: without one.
function M.ask(s, credential, method, path, body)
  local headers = { body and "Content-Type: application/json" or "Accept: application/json" }
  if credential then
    headers[2] = "Authorization: Bearer " .. credential
  end
  return s:request(method, path, headers, body, true)
end

---Signs in: the reply.
function M.login(s, name, password)
  return M.ask(s, nil, "POST", "/v1/login", { name = name, password = password or M.PASSWORD })
end

---Signs in: the token.
function M.token(s, name, password)
  local reply = M.login(s, name, password)
  assert(reply.status == 200, reply.text)
  return reply.body.token
end

---The claims of a token.
function M.claims(token)
  local text = token:match("%.(.-)%."):gsub("%-", "+"):gsub("_", "/")
  return cjson.decode((orket.shell("printf '%s" .. ("="):rep(-#text % 4) .. "' '" .. text .. "' | base64 -d")))
end

return M
