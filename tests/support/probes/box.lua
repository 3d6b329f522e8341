-- box.lua: what box_spec.lua runs inside the binary, on its side of the box.

local box, cjson = require("orket.core.box"), require("cjson")

local M = {}

function M.prepares()
  local s = assert(box.prepare("x",
    "return { n = 1, f = function(a, b) return a and { a = a, b = cjson.null } end }"))
  print(cjson.encode(s:describe()))
  print(cjson.encode(s:call("f", { { 1, 2 }, cjson.null })))
  print(s:describe().g, s:call("f") == cjson.null)
end

function M.tells_parameters()
  local s = assert(box.prepare("x",
    "return { two = function(a, b) end, none = function() end, any = function(a, ...) end, "
    .. "host = math.max, table = setmetatable({}, { __call = function() end }), other = lent }",
    { prelude = "function lent(a) end" }))
  local encode = require("cjson").encode
  print(encode(s:parameters("two")), encode(s:parameters("none")), (s:parameters("any")),
    (s:parameters("host")),
    (s:parameters("table")), (s:parameters("gone")), (s:parameters("other")))
end

function M.masks_arguments()
  local doc = require("orket.core.doc")
  local s = assert(box.prepare("x",
    "local function f(a, b) return cjson.encode(a) .. (b and ' ' .. cjson.encode(b) or '') end "
    .. "return { f = f, g = f }"))
  local a, b = doc.new({ a = 1, b = { c = { 2 }, x = {} }, e = require("cjson").null }), { d = 3 }
  s:mask("f", { doc.new({ a = true, b = { c = true }, none = true }), false })
  print(s:call("f", { a, b }))
  print(s:trace("f", { a }).value)
  s:mask("f", { doc.new({}) })
  print(s:call("f", { a, b }))
  print(s:call("g", { a, b }))
  print((pcall(s.mask, s, "f", { s })))
end

function M.refuses_unmasked()
  local doc = require("orket.core.doc")
  local a, mask = doc.new({ a = 1, b = { x = 2 }, c = 3 }),
    doc.new({ a = true, b = { z = true, y = true }, none = true })
  for _, body in ipairs({ "return table.concat({ a.a, tostring(a.none), #a + 2, tostring(a.b.y) }, ' ')",
    "return a.c", "return a.b.x", "return a[1]" }) do
    local s = assert(box.prepare("x", "return { f = function(a) " .. body .. " end }"))
    s:mask("f", { mask })
    print(s:call("f", { a }) or select(2, s:call("f", { a })))
  end
end

function M.answers_failures()
  local function code(_, _, c) return c end
  print(code(box.prepare("x", "return =")))
  print(code(box.prepare("x", "return 1")))
  local s = box.prepare("x", "return { e = function() error('e') end, l = function() while true do end end }")
  print(code(s:call("e")))
  print(code(s:call("l", {}, { ms = 5 })))
  print(code(s:call("nothing")))
  print((pcall(s.call, s, "e", {}, { mss = 1 })))
  print((pcall(s.call, s, "e", { function() end })))
  print((pcall(box.prepare, "x")))
end

function M.runs_sessions()
  local s = box.prepare("x", "return { run = function(n) local r = perform({ n = n }) perform({ n = n }) return n .. ':' .. r end }")
  local one, two = s:open("run", { 1 }), s:open("run", { 2 })
  local out = {}
  local function resume(session, value)
    local what, v = session:resume(value)
    out[#out + 1] = what .. tostring(what == "yield" and v.n or v)
  end
  resume(one) resume(two) resume(one, "a") resume(one) two:resume("b") resume(two)
  out[#out + 1] = tostring((pcall(one.resume, one)))
  local many = {}
  for i = 1, 33 do
    local session, _, code = s:open("run", { i })
    many[i] = session
    if not session then out[#out + 1] = code end
  end
  for _, session in ipairs(many) do session:resume() session:close() session:close() end
  many[1] = assert(s:open("run", { 1 }))
  s = nil -- luacheck: ignore 311
  collectgarbage() collectgarbage()
  assert(many[1]:resume() == "yield")
  out[#out + 1] = "ok"
  io.write(table.concat(out, " "))
end

return M
