-- service_cases.lua: fixtures that try a service. The service and a driver of the engine's (harnesses.lua)
-- run in one jail; the driver does what all cases ask for, one after the other, and answers what came of it,
-- which is compared here. Its answer carries a nonce of this run that the service cannot read.

local cases = require("orket.verification.kinds.cases")
local cjson = require("cjson")
local strings = require("orket.util.strings")
local sys = require("orket.core.sys")
local test_tree = require("orket.verification.test_tree")

local M = {}

local PORT, READY, TIMEOUT = 8080, 10, 10 -- seconds
local PRINTED = 2000 -- bytes of what the service printed, beside why it failed

---@class ServiceKind
---@field harness string               the driver's text
---@field request fun(case: table): table
---@field difference fun(expect: table, answer: table): string|nil
---@field limits table?                instead of the defaults

local function started(value, port)
  local argv = {}
  for i, word in ipairs(value.argv) do
    argv[i] = word:gsub("{port}", tostring(port))
  end
  return argv
end

local function input_of(value, kind, nonce)
  local requests, ready, port = {}, value.ready or {}, value.port or PORT
  for i, case in ipairs(value.cases) do
    requests[i] = kind.request(case)
  end
  return cjson.encode({ argv = started(value, port), port = port, nonce = nonce, path = ready.path or "/",
    seconds = ready.seconds or READY, timeout = value.timeout or TIMEOUT, requests = requests })
end

local function judged(case, answer, kind)
  if not answer or answer.error then
    return { name = case.name, status = "error", why = answer and answer.error or "no answer",
      hidden = case.hidden }
  end
  local why = kind.difference(case.expect or {}, answer)
  return { name = case.name, status = why and "failed" or "passed", why = why, ms = answer.ms,
    hidden = case.hidden }
end

-- After a fatal case that did not pass the rest does not count.
local function judge_all(all, answers, kind)
  local found, fatal = {}, nil
  for i, case in ipairs(all) do
    found[i] = fatal and cases.not_run(case, fatal) or judged(case, answers[i], kind)
    fatal = fatal or case.fatal and found[i].status ~= "passed" and case.name or nil
  end
  return found
end

local function printed(result)
  local text = strings.of_bytes(result.stderr:sub(-PRINTED))
  return text ~= "" and "\n" .. text or ""
end

local function judge(value, kind, nonce, result)
  local line = result.stdout:match("^" .. nonce .. "([^\n]+)\n$")
  local said = line and cjson.decode(line) or { answers = {} }
  if said.missing then
    return nil, test_tree.missing(said.missing)
  end
  local why
  if not line then
    why = "the driver gave no answer: " .. test_tree.ending(result) .. printed(result)
  elseif not said.ready then
    why = string.format("the service was not ready within %g seconds%s", (value.ready or {}).seconds or READY,
      printed(result))
  end
  return { cases = judge_all(value.cases, said.answers, kind), why = why }
end

---@param tree TestTree
---@param kind ServiceKind
---@return {cases: TestCase[], why: string|nil}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree, kind)
  local value, nonce = tree.fixture.value, sys.nonce()
  local options = { stdin = input_of(value, kind, nonce) }
  for key, limit in pairs(kind.limits or {}) do
    options[key] = value[key] or limit
  end
  local ok, err = tree:begin()
  local result
  if ok then
    result, err = tree:run({ "python3", "-I", "-c", kind.harness }, options)
  end
  if not result then
    return nil, err.code == "ERR_PROC" and test_tree.missing("python3") or err
  end
  return judge(value, kind, nonce, result)
end

return M
