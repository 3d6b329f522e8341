-- fsm.lua: `orket try fsm`: one status change put to the card state machine.

local cjson = require("cjson")
local fsm = require("orket.core.fsm")
local options = require("orket.options")

local M = {}

M.usage = "fsm TYPE FROM TO --role ROLE [--reason REASON]"

local NEEDED = { "type", "from", "to", "role" }
local KNOWN = { type = true, from = true, to = true, role = true, reason = true, id = true }

---@param args string[]
---@return table|nil request, string|nil message
function M.request(args)
  local request, message = options.parse(args, { role = "value", reason = "value" }, { "type", "from", "to" })
  if request and not request.role then
    return nil, "--role is needed"
  end
  return request, message
end

local function malformed(why)
  local fix = "fields: type, from, to, role, reason (texts)"
  return { ok = false, rule = "fsm.name", why = why, fix = fix }, false
end

---@param request table
---@return table answer, boolean accepted
function M.answer(request)
  for key in pairs(request) do
    if not KNOWN[key] then
      return malformed("unknown field " .. tostring(key))
    end
  end
  for _, field in ipairs(NEEDED) do
    if type(request[field]) ~= "string" then
      return malformed(field .. " must be a text")
    end
  end
  local reason = request.reason
  if reason ~= nil and type(reason) ~= "string" and reason ~= cjson.null then
    return malformed("reason must be a text")
  end
  local verdict = fsm.check({
    type = request.type, from = request.from, to = request.to, role = request.role, reason = reason,
  })
  return verdict, verdict.ok
end

return M
