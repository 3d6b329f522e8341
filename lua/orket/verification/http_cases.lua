-- http_cases.lua: fixtures that talk to a service. The service and a driver of the engine's run in one jail;
-- the driver sends the requests of all cases, one after the other, and answers what came back. It is compared
-- here. The driver's answer carries a nonce of this run that the service cannot read.

local cases = require("orket.verification.cases")
local base64 = require("orket.core.base64")
local cjson = require("cjson")
local expectation = require("orket.verification.expectation")
local harnesses = require("orket.verification.harnesses")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")
local test_tree = require("orket.verification.test_tree")

local M = {}

local PORT, READY, TIMEOUT = 8080, 10, 10 -- seconds
local PRINTED = 2000 -- bytes of what the service printed, beside why it failed

-- ---- the requests ----

local function request_of(case)
  local headers = tables.pick(case.headers or {}, tables.keys(case.headers or {}))
  local body = case.body
  if case.payload ~= nil then
    body = cjson.encode(case.payload)
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
  end
  return { method = case.method or "GET", path = case.path, headers = headers, body = body }
end

local function started(value, port)
  local argv = {}
  for i, word in ipairs(value.argv) do
    argv[i] = word:gsub("{port}", tostring(port))
  end
  return argv
end

local function input_of(tree, nonce)
  local value, requests = tree.fixture.value, {}
  local ready = value.ready or {}
  for i, case in ipairs(value.cases) do
    requests[i] = request_of(case)
  end
  return cjson.encode({ argv = started(value, value.port or PORT), port = value.port or PORT, nonce = nonce,
    path = ready.path or "/", seconds = ready.seconds or READY, timeout = value.timeout or TIMEOUT,
    requests = requests })
end

-- ---- the answers ----

local function headers_of(wanted, got)
  for _, name in ipairs(tables.keys(wanted)) do
    local difference = expectation.value(wanted[name], got[name:lower()])
    if difference then
      return "header " .. name .. ": " .. difference
    end
  end
end

local CHECKS = {
  { "headers", function(wanted, answer) return headers_of(wanted, answer.headers) end },
  { "body", function(wanted, _, body) return expectation.text("body", wanted, body) end },
  { "matches", function(wanted, _, body) return expectation.match("body", wanted, body) end },
  { "json", function(wanted, _, body) return expectation.json("body", wanted, body) end },
}

local function difference(expect, answer)
  local body = base64.decode(answer.body) or ""
  local why
  if answer.status ~= (expect.status or 200) then
    why = string.format("expected status %d, got %d: %s", expect.status or 200, answer.status,
      strings.shortened(strings.of_bytes(body), 400))
  end
  for _, check in ipairs(CHECKS) do
    local wanted = expect[check[1]]
    if not why and wanted then
      why = check[2](wanted, answer, body)
    end
  end
  return why
end

local function judged(case, answer)
  if not answer or answer.error then
    return { name = case.name, status = "error", why = answer and answer.error or "no answer",
      hidden = case.hidden }
  end
  local why = difference(case.expect or {}, answer)
  return { name = case.name, status = why and "failed" or "passed", why = why, ms = answer.ms,
    hidden = case.hidden }
end

-- After a fatal case that did not pass the rest does not count.
local function judge_all(all, answers)
  local found, fatal = {}, nil
  for i, case in ipairs(all) do
    found[i] = fatal and cases.not_run(case, fatal) or judged(case, answers[i])
    fatal = fatal or case.fatal and found[i].status ~= "passed" and case.name or nil
  end
  return found
end

local function printed(result)
  local text = strings.of_bytes(result.stderr:sub(-PRINTED))
  return text ~= "" and "\n" .. text or ""
end

local function judge(tree, nonce, result)
  local value = tree.fixture.value
  local line = result.stdout:match("^" .. nonce .. "([^\n]+)\n$")
  local said = line and cjson.decode(line) or { answers = {} }
  local why
  if not line then
    why = "the driver gave no answer: " .. test_tree.ending(result) .. printed(result)
  elseif not said.ready then
    why = string.format("the service was not ready within %g seconds%s", (value.ready or {}).seconds or READY,
      printed(result))
  end
  return { cases = judge_all(value.cases, said.answers), why = why }
end

---@param tree TestTree
---@return {cases: TestCase[], why: string|nil}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree)
  local nonce = test_tree.nonce()
  local ok, err = tree:begin()
  local result
  if ok then
    result, err = tree:run({ "python3", "-I", "-c", harnesses.http }, { stdin = input_of(tree, nonce) })
  end
  if not result then
    return nil, err.code == "ERR_PROC" and test_tree.missing("python3") or err
  end
  return judge(tree, nonce, result)
end

return M
