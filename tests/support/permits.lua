-- permits.lua: random calls and operations against random laws, in the binary: what becomes of the files is
-- compared with an oracle that knows the law as it is written and nothing of the gate. No effect without a
-- permit, none twice, none that is not the judged one. Run with DIR, COUNT and SEED as the chunk's arguments.

local fs = require("orket.core.fs")
local gate = require("orket.core.gate")
local cjson = require("cjson")

local DIR, COUNT, SEED = ...
math.randomseed(SEED)
local root = assert(fs.root(DIR))

local FILES = { "a", "b/c", "b/d", "src/x.c", "vendor/v", ".env", "../out", "x/.git/y", "b/../a", "k.key" }
local CLEAN = { a = true, ["b/c"] = true, ["b/d"] = true, ["src/x.c"] = true, ["vendor/v"] = true }
local TOOLS, ROLES = { "w", "r", "d", "wd" }, { "one", "two" }
local KINDS = { "fs.write", "fs.read", "fs.delete", "fs.list", "card.comment" }
local STATUSES = { "in_progress", "done", "code_review", "ready" }

local function pick(list)
  return list[math.random(#list)]
end

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

-- ---- laws ----

local function tool(...)
  return { operations = array({ ... }), schema = { type = "object", properties = {
    path = { type = "string", format = "path" }, confirm = { type = "boolean" } } } }
end

local function random_law()
  local roles = {}
  for _, role in ipairs(ROLES) do
    roles[role] = { tools = array({}) }
    for _, name in ipairs(TOOLS) do
      if math.random() < 0.7 then
        table.insert(roles[role].tools, name)
      end
    end
  end
  local rules = array({})
  for i = 1, math.random(0, 3) do
    rules[i] = { id = "r" .. i, effect = math.random() < 0.5 and "deny" or "ask", why = "so",
      paths = array({ pick({ "vendor/**", "b/*", "**/x.c", "a" }) }),
      tools = math.random() < 0.3 and array({ pick(TOOLS) }) or nil }
  end
  return {
    tools = { w = tool("fs.write"), r = tool("fs.read", "fs.list"), d = tool("fs.delete"),
      wd = tool("fs.write", "fs.delete", "card.comment") },
    roles = roles, rules = rules,
  }
end

-- ---- the oracle ----

local function has(list, value)
  for _, each in ipairs(list) do
    if each == value then
      return true
    end
  end
  return false
end

local COVERS = {
  ["vendor/**"] = function(path) return path == "vendor" or path:find("^vendor/") end,
  ["b/*"] = function(path) return path:find("^b/[^/]+$") end,
  ["**/x.c"] = function(path) return path == "x.c" or path:find("/x%.c$") end,
  a = function(path) return path == "a" end,
}

local function house(law, name, path)
  local worst
  for _, rule in ipairs(law.rules) do
    if (not rule.tools or has(rule.tools, name)) and COVERS[rule.paths[1]](path) then
      worst = worst ~= "deny" and rule.effect or worst
    end
  end
  return worst
end

-- What may become of a call or an operation on a path: "deny", "ask" or "allow".
local function expected(law, request, path, kind)
  local operations = law.tools[request.tool].operations
  if not has(law.roles[request.role].tools, request.tool) or not has({ "in_progress", "code_review" },
    request.card.status)
    or not CLEAN[path] or kind and not has(operations, kind) or house(law, request.tool, path) == "deny" then
    return "deny"
  elseif house(law, request.tool, path) == "ask"
    or (kind or has(operations, "fs.delete") and "fs.delete") == "fs.delete" then
    return "ask"
  end
  return "allow"
end

-- ---- one try ----

local shadow = {}
for _, path in ipairs(FILES) do
  shadow[path] = CLEAN[path] and (root:read(path)) or nil
end

local function fail(what, ...)
  local told = table.pack(...)
  for i = 1, told.n do
    told[i] = type(told[i]) == "table" and cjson.encode(told[i]) or tostring(told[i])
  end
  error(what .. ": " .. table.concat(told, " "), 0)
end

local function perform(permit)
  local done
  permit:perform(function(...)
    done = table.pack(...)
  end)
  return done[1], done[3]
end

-- Says yes to the thing itself, to something else, or not at all: whether it counts.
local function accept(thing, other)
  local how = math.random(3)
  if how == 1 then
    return thing:accept(thing:hash())
  elseif how == 2 then
    local counts = thing:accept(other)
    if counts then
      fail("a foreign yes counts", other)
    end
  end
  return false
end

local function try_operation(g, law, request, call, said_yes, tally)
  local kind, path = pick(KINDS), math.random() < 0.6 and request.arguments.path or pick(FILES)
  if kind == "card.comment" or kind == "fs.list" then
    return
  end
  local content = kind == "fs.write" and tostring(math.random(1000)) or nil
  local permit, refusal, asked = g:operation(call, { op = kind, path = path, content = content })
  local want = expected(law, request, path, kind)
  if want == "ask" and said_yes and path == request.arguments.path
    and house(law, request.tool, path) ~= "ask" then
    want = "allow"
  end
  local got = permit and "allow" or refusal.decision
  if want ~= got then
    fail("operation", request, path, kind, want, got, refusal, law.rules)
  end
  permit = permit or asked
  if not permit then
    return
  end
  local works = got == "allow" or accept(permit, call:hash())
  local before = shadow[path]
  for _ = 1, math.random(2) do
    local result, code = perform(permit)
    local effect = works and (kind == "fs.write" or before ~= nil)
    if not works and (result or code ~= "ERR_DENIED") or effect and not result then
      fail("performed", request, kind, path, works, result or code)
    elseif effect and kind ~= "fs.read" then
      shadow[path] = kind == "fs.write" and content or nil
      tally.effects = tally.effects + 1
    end
    if (root:read(path)) ~= shadow[path] then
      fail("the file is another one", kind, path, shadow[path])
    end
    works, before = false, nil -- the second time it is used up
  end
end

local function try(g, law, tally)
  local request = { role = pick(ROLES), tool = pick(TOOLS), root = root,
    card = { id = "I", type = "issue", status = pick(STATUSES) },
    arguments = { path = pick(FILES), confirm = math.random() < 0.5 or nil } }
  if math.random() < 0.6 then
    request.card.status = "in_progress"
  end
  local call, refusal, asked = g:call(request)
  request.root = nil
  local want, got = expected(law, request, request.arguments.path), call and "allow" or refusal.decision
  if want ~= got then
    fail("call", request, want, got, refusal, law.rules)
  end
  tally[got] = tally[got] + 1
  local yes = asked and accept(asked, ("0"):rep(64))
  call = call or asked
  if asked and not yes then
    if pcall(g.operation, g, asked, { op = "fs.write", path = "a", content = "x" }) then
      fail("an operation of a call that nobody accepted")
    end
  elseif call then
    for _ = 1, math.random(2) do
      try_operation(g, law, request, call, yes, tally)
    end
  end
  if call then
    call:close()
  end
end

local function check_tree()
  for _, path in ipairs(FILES) do
    local content = CLEAN[path] and (root:read(path))
    if CLEAN[path] and content ~= shadow[path] then
      fail("the tree differs at", path)
    end
  end
  local outside = fs.root(DIR .. "/..")
  if #outside:list(".") ~= 1 then
    fail("something is outside of the tree")
  end
end

local tally = { allow = 0, ask = 0, deny = 0, effects = 0 }
local law, g
for i = 1, COUNT do
  if i % 1000 == 1 then
    law = random_law()
    g = assert(gate.build(law))
    check_tree()
  end
  try(g, law, tally)
end
check_tree()
print(string.format("%d calls: %d allowed, %d to ask, %d denied; %d effects, each with its permit", COUNT,
  tally.allow, tally.ask, tally.deny,
  tally.effects))
