-- egress.lua: where a command of the organization may reach, and what it reached. The core lets nothing else
-- through (core/io/net/egress.h). A person says yes the first time in an epic; each request is an event of
-- the turn, refused ones too.

local cjson = require("cjson")
local labels = require("orket.governance.labels")

local M = {}

local TOLD_MAX = 20

local FIX = {
  ["egress.host"] = "use only the hosts and ports that process_rules.commands names for it",
  ["egress.form"] = "use a client that speaks HTTP/1.1 to a proxy: GET, HEAD, POST, and CONNECT for TLS",
  ["egress.address"] = "a person can say `private` of the host, if it is one of your own network",
  ["egress.sni"] = "speak TLS with the host that CONNECT names, and name it in the greeting",
  ["egress.limit.bytes"] = "download less, or ask a person for more `bytes`",
  ["egress.limit.seconds"] = "download less, or ask a person for more `seconds`",
  ["egress.limit.requests"] = "make fewer requests in one command",
}

-- ---- a person's yes ----

---What the gate says to a command that reaches out, when a person has said yes to it in this epic before:
---nothing more.
---@param turn Turn
---@param permit GatePermit
---@param refusal GateVerdict|nil of the gate
---@return GateVerdict|nil refusal that is left
function M.granted(turn, permit, refusal)
  if not refusal or refusal.rule ~= "gate.egress"
    or not turn.engine:is_granted(turn, permit:command().grant) then
    return refusal
  end
  permit:accept(permit:hash())
  return nil
end

---An operation as a person is asked about it: with the command that it is one of, where that reaches, and the
---hash of both, which the yes is to.
---@param permit GatePermit
---@param operation table
---@return table
function M.shown(permit, operation)
  local command = permit:command()
  if not command or not command.grant then
    return operation
  end
  local shown = { command = command.argv, egress = command.egress, grant = command.grant }
  for key, value in pairs(operation) do
    shown[key] = value
  end
  return shown
end

-- ---- what it reached ----

---The events of a command's requests. What it has read there is from outside, and so is what is installed.
---@param turn Turn
---@param requests ProcRequested[]|nil
---@param call string id
---@param installed string[]|nil keys of what it made or was shown
function M.record(turn, requests, call, installed)
  for _, request in ipairs(requests or {}) do
    request.call, request.decision = call, request.rule and "deny" or "allow"
    request.fix = FIX[request.rule]
    turn:record("egress.request", request)
  end
  if installed or requests and #requests > 0 then
    turn:label({ labels.DEFAULT }, call)
  end
end

---What the model reads of requests that came to nothing; nil when all came to something.
---@param requests ProcRequested[]|nil
---@param limit string|nil
---@return table|nil
function M.report(requests, limit)
  local failed = setmetatable({}, cjson.array_mt)
  for _, request in ipairs(requests or {}) do
    if request.why and #failed < TOLD_MAX then
      failed[#failed + 1] = { host = request.host, port = request.port, rule = request.rule,
        why = request.why, fix = FIX[request.rule] }
    end
  end
  return (limit or #failed > 0) and { limit = limit, failed = failed } or nil
end

return M
