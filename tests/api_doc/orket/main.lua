-- main.lua: docs/api.md, written from the registry of routes that the service itself uses.

local route_table = require("orket.service.route_table")
local tables = require("orket.util.tables")
local tags = require("orket.service.api.tags")

local HEAD = [[
# The API

Written by `make docs` from `lua/orket/service/routes/`, the registry that `orket serve` answers with; a
running server has the same as OpenAPI 3.1 under `/openapi.json`, with the schemas of what it answers.
[service.md](service.md) says how it behaves, [auth.md](auth.md) who may ask.

    curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8082/v1/board
    {"cards":[{"id":"hello-1","status":"done","revision":6,…},…]}

What is sent is JSON (`Content-Type: application/json`). A value that is not listed, or does not fit, is
refused with 422 and its place. Each failure is `application/problem+json` (RFC 9457):

    {"type":"urn:orket:ERR_NOT_FOUND","title":"Not found","status":404,"code":"ERR_NOT_FOUND",
     "detail":"there is no card 'nix'","fix":"orket board lists the cards","instance":"9c1d6be0a4f7-12"}

A name in a path has its slashes as `%2F`. A page of a list has `next` when there is one behind it: the value
for `after` or `before`. Permission: *open* needs no key, *self* is about
the one who asks, *read* looks, *run* begins and halts runs, *act* decides, in a person's name, *admin* is for
administrators ([auth.md](auth.md#roles)).

Besides those of the table each route may answer 400, 401, 403, 405, 413, 415, 422, 500 (a bug) and 503 (the
machine failed).

]]

local function kind_of(schema)
  if type(schema.type) == "table" then
    return table.concat(schema.type, " or ")
  end
  return schema.type or schema.enum and "one of several" or "any"
end

local function inputs_of(properties, required)
  local names = tables.keys(properties or {})
  for i, name in ipairs(names) do
    local kind = kind_of(properties[name])
    names[i] = ("`%s: %s%s`"):format(name, kind, tables.has(required or {}, name) and "" or "?")
  end
  return names
end

local function takes(route)
  local list = {}
  for _, text in ipairs(inputs_of(route.query)) do
    list[#list + 1] = text
  end
  local body = route.body or {}
  for _, text in ipairs(inputs_of(body.properties, body.required)) do
    list[#list + 1] = text
  end
  return #list == 0 and "-" or table.concat(list, ", ")
end

local function codes(route)
  local list = route.errors or {}
  return #list == 0 and "-" or "`" .. table.concat(list, "`, `") .. "`"
end

local function paths(route)
  local list = { ("`%s %s`"):format(route.method, route.path) }
  for _, alias in ipairs(route.aliases or {}) do
    list[#list + 1] = "`" .. alias .. "`"
  end
  return table.concat(list, ", ")
end

return function()
  io.write(HEAD)
  local tag
  for _, route in ipairs(route_table.all()) do
    if route.tag ~= tag then
      tag = route.tag
      io.write(("## %s\n| route | takes | what it does | errors | permission |\n"):format(tags.about(tag)),
        "| --- | --- | --- | --- | --- |\n")
    end
    io.write(("| %s | %s | %s | %s | %s |\n"):format(paths(route), takes(route), route.summary, codes(route),
      route.permission))
  end
  return 0
end
