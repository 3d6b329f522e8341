-- box.lua: `orket try box`: one script in a box, under its limits. `then` is a second script that
-- runs afterwards in the same box restored from its image; the answer is then its.

local box = require("orket.core.box")
local options = require("orket.options")
local size = require("orket.util.size")

local M = {}

M.usage = "box FILE [--mem 16M] [--steps N] [--ms 100]"

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return {name: string?, code: string, mem: any, steps: any, ms: any}|nil request
---@return string? message
function M.request(args, read)
  local request, message = options.parse(args, { mem = "value", steps = "value", ms = "value" }, { "name?" })
  if not request then
    return nil, message
  end
  for _, name in ipairs({ "steps", "ms" }) do
    request[name] = request[name] and (math.tointeger(tonumber(request[name])) or request[name])
  end
  request.code, message = read(request.name)
  return request.code and request, message
end

-- Checks a positive whole number; nil stays nil.
local function count_of(request, name)
  local value = request[name]
  if value == nil then
    return nil
  end
  local count = math.tointeger(value)
  if not count or count < 1 then
    error({ message = name .. " must be a whole number above 0" })
  end
  return count
end

local function run(request)
  if type(request.code) ~= "string" or (request["then"] ~= nil and type(request["then"]) ~= "string") then
    error({ message = "code (and then) must be text" })
  end
  local mem = request.mem ~= nil and size.bytes(request.mem) or nil
  if request.mem ~= nil and (not mem or mem < 1) then
    error({ message = "mem must be a size such as 16M" })
  end
  local limits = { steps = count_of(request, "steps"), ms = count_of(request, "ms") }
  local made, message = box.cell({ mem = mem })
  local cell <close> = made or error({ message = message })
  local answer = cell:run(request.name or "script", request.code, limits)
  if request["then"] then
    answer = cell:run(request.name or "script", request["then"], limits)
  end
  return answer
end

---@param request { code: string, mem: integer|string?, steps: integer?, ms: integer?, then: string? }
---@return table answer, boolean accepted
function M.answer(request)
  local ok, answer = pcall(run, request)
  if not ok then
    local message = type(answer) == "table" and answer.message or tostring(answer)
    return { outcome = "error", message = message }, false
  end
  return answer, answer.outcome == "ok"
end

return M
