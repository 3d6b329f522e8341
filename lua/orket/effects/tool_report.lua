-- tool_report.lua: an operation that was refused, as `orket reports` has it.

local cjson = require("cjson")
local strings = require("orket.util.strings")

local M = {}

local TEXT_MOST = 300 -- bytes of a text of it
local MOST = 4096 -- bytes of all of it

---What an operation calls itself; a script may say anything there.
---@param operation table
---@return string
function M.name(operation)
  local op = operation.op
  if type(op) == "table" or type(op) == "userdata" then -- which would be named by its address
    return "?"
  end
  return strings.cut(tostring(op), TEXT_MOST)
end

---The operation as a report keeps it: without the bytes it carries, and with nothing of one that carries a
---secret.
---@param operation any as the script gave it
---@param rule string that refused it
---@return table
function M.sketch(operation, rule)
  if rule == "gate.secret" then
    return { op = M.name(operation) }
  end
  local short = {}
  for key, value in pairs(type(operation) == "table" and operation or {}) do
    short[key] = (type(value) ~= "string" or #value <= TEXT_MOST) and value or #value .. " bytes"
  end
  local size = #cjson.encode(short)
  return size <= MOST and short or { op = M.name(operation), bytes = size }
end

---@param turn Turn
---@param call GateCall
---@param operation table
---@param id string of the call
---@param refusal table
function M.add(turn, call, operation, id, refusal)
  turn:record("operation.refused", {
    call = id, tool = call:tool(), operation = M.sketch(operation, refusal.rule), decision = refusal.decision,
    rule = refusal.rule, why = refusal.why or refusal.message, fix = refusal.fix, where = refusal.where,
  })
end

return M
