-- gate_world.lua: a gate over the tree DIR and ways to ask it: what chunks of gate_spec.lua stand on.
-- luacheck: ignore 211

local async = require("orket.async")
local cjson = require("cjson")
local doc = require("orket.core.doc")
local fs = require("orket.core.fs")
local gate = require("orket.core.gate")
local help = dofile("tests/support/gate.lua")
local DIR = os.getenv("DIR")
local root = assert(fs.root(DIR))
local g = assert(gate.build(help.law()))

local function same(want, got, what)
  if want ~= got then
    error((what or "") .. " expected " .. tostring(want) .. ", got " .. tostring(got), 2)
  end
end
local function call(tool, arguments) -- a person says yes to whatever is asked
  local allowed, refusal, asked = g:call(help.request(tool, arguments, root))
  if asked then
    same(true, asked:accept(asked:hash()))
    return asked
  elseif not allowed then
    error(refusal.rule .. ": " .. refusal.why, 2)
  end
  return allowed
end
local function permit(tool, operation)
  local p, refusal = g:operation(call(tool, { path = operation.path }), operation)
  if not p then
    error(refusal.rule .. ": " .. refusal.why, 2)
  end
  return p
end
local function perform(p)
  local result
  p:perform(function(...)
    same(nil, result, "called back twice")
    result = table.pack(...)
  end)
  return table.unpack(result, 1, result.n)
end
local function raises(fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then
    error("did not raise", 2)
  end
  return message
end
