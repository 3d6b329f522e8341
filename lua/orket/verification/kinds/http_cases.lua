-- http_cases.lua: fixtures that send requests to an HTTP service. A case is one request, and what is expected
-- of its answer.

local base64 = require("orket.core.base64")
local cjson = require("cjson")
local expectation = require("orket.verification.expectation")
local harnesses = require("orket.verification.kinds.harnesses")
local service_cases = require("orket.verification.kinds.service_cases")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")

local M = {}

local LIMITS = { output = 16 * 1024 * 1024 } -- the answers are the driver's output

local function request(case)
  local headers = tables.pick(case.headers or {}, tables.keys(case.headers or {}))
  local body = case.body
  if case.payload ~= nil then
    body = cjson.encode(case.payload)
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
  end
  return { method = case.method or "GET", path = case.path, headers = headers, body = body }
end

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

---@param tree TestTree
---@return {cases: TestCase[], why: string|nil}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree)
  return service_cases.run(tree, { harness = harnesses.http, request = request, difference = difference,
    limits = LIMITS })
end

return M
