-- looks_search.lua: a search inside the program for a policy that decides otherwise when it is shown only what its text looks at.

local box, cjson, doc, looks = require("orket.core.box"), require("cjson"), require("orket.core.doc"), require("orket.governance.policy.looks")
math.randomseed(tonumber(os.getenv("SEED")))
local random = math.random

local function pick(list)
  return list[random(#list)]
end

local function gap()
  return pick({ " ", " ", "\n", "\t", "\r\n", "\f", " --x\n", "--[[ call.tool view ]]", "--[=[ ]] view ]=]", " --[ view.card\n" })
end

local FIELDS, INNER = { "tool", "role", "card", "paths", "arguments", "labels", "none" }, { "type", "id", "status", "x", "none" }
local LITERALS = { '"view"', "'call.tool'", [["\"view"]], [['\\']], "[[view]]", "[=[ call ]] ]=]", '"a\\z\n  b"', '"\\\nview"', "'\\x41'", "'--'",
  "'[['", "0x1p4", "1e2", ".5", "3.", "0xA.8", "1//1", "2~1", "1<<2", "0x.1p1", "1 ..''" }
local NAMES = { "call", "view" }

local function member(name)
  local one = name .. gap() .. "." .. gap() .. pick(FIELDS)
  return random(2) == 1 and one or "may(function() return " .. one .. gap() .. "." .. gap() .. pick(INNER) .. " end)"
end

local expression

local MAKERS = {
  function() return "show(" .. expression() .. "," .. gap() .. expression() .. ")" end,
  function() return "show({" .. (random(8) == 1 and pick(NAMES) or "p") .. "=" .. expression() .. gap() .. "," .. expression() .. "})" end,
  function() return random(12) == 1 and pick(NAMES) or member("call") end,
  function() return random(12) == 1 and pick(NAMES) .. "[" .. expression() .. " ]" or member("view") end,
  function() return "(function(" .. pick({ "a", "b", "c", "d", "e", "a, view" }) .. ") return " .. expression() .. " end)(" .. expression() .. ")" end,
  function() return "kind(" .. expression() .. ")" end,
  function() return pick({ "T.view", "T.call", "T:kind()", "T . view" }) end,
  function() return "show(" .. expression() .. ")" .. gap() .. ".." .. gap() .. "show(" .. expression() .. ")" end,
  function() return pick(NAMES) .. "." .. pick(FIELDS) .. " == " .. expression() end,
  function() return pick(LITERALS) end,
}
local depth = 0

function expression()
  depth = depth + 1
  local text = (depth > 5 or random(2) == 1) and member(pick(NAMES)) or pick(MAKERS)()
  depth = depth - 1
  return text
end

local function statement()
  local name, one = pick(NAMES), random(30)
  return one == 1 and name .. "." .. pick(FIELDS) .. " = " .. expression()
    or one == 2 and "do local " .. name .. " = {} say(" .. name .. "." .. pick(FIELDS) .. ") end"
    or one == 3 and "for key in pairs(" .. name .. ") do say(key) end"
    or one < 8 and "if " .. expression() .. " then say(1) else say(" .. expression() .. ") end"
    or "say(" .. expression() .. ")"
end

local HEAD = [[
local T, out = { kind = function() return "T" end }, {}
T.view, T.call = "tv", "tc"
local function show(...)
  local all = table.pack(...)
  for i = 1, all.n do
    local ok, text = pcall(cjson.encode, all[i])
    all[i] = ok and text or type(all[i])
  end
  return table.concat(all, " ")
end
local function may(read)
  local ok, value = pcall(read)
  return ok and value or "error"
end
local function say(...) out[#out + 1] = show(...) end
]]
local KINDS = { "local function kind(a) return type(a) end ", "local function kind(view) return type(view) end ", "local function kind(x) local call = x return type(call) end " }
local HEADERS = { "local function decide(call, view)", "local decide = function(call --[[ , view ]] , view)", "T.a = {} function T.a.decide(call, view)" }

local function policy()
  local body, header = {}, pick(HEADERS)
  for i = 1, random(4) do
    body[i] = statement()
  end
  return HEAD .. pick({ KINDS[1], KINDS[1], KINDS[1], pick(KINDS) }) .. header .. "\n" .. table.concat(body, "\n")
    .. "\nreturn table.concat(out, '|') end\nreturn { decide = " .. (header:find("T.a", 1, true) and "T.a.decide" or "decide") .. " }"
end

local CALL = doc.new({ tool = "w", role = "r", card = { id = "I", type = "issue", status = "s", x = cjson.null }, paths = { "a", "b" },
  arguments = { type = "q", id = { 1 } }, labels = setmetatable({}, cjson.array_mt) })
local VIEW = doc.new({ card = { id = "J", type = "epic", status = "t", x = { y = 1 } }, role = "c", tool = 5, labels = { "u" }, arguments = "text" })

local function answer(script)
  local value, message = script:call("decide", { CALL, VIEW })
  return tostring(value) .. " " .. tostring(message)
end

local ran, masked = 0, 0
for _ = 1, tonumber(os.getenv("COUNT")) do
  local text = policy()
  local some, all = box.prepare("p.lua", text), box.prepare("p.lua", text)
  if some then
    local masks = looks.masks(text, assert(some:parameters("decide")))
    some:mask("decide", masks)
    ran, masked = ran + 1, masked + (masks[1] and 1 or 0) + (masks[2] and 1 or 0)
    if answer(some) ~= answer(all) then
      print("differs: " .. answer(some) .. "\n" .. answer(all) .. "\n" .. text)
      return 1
    end
  end
end
print(ran > 300 and masked > 300 and "the same" or ran .. " ran, " .. masked .. " masked")
