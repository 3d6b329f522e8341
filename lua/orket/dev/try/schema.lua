-- schema.lua: `orket try schema`: one value against one schema.

local doc = require("orket.core.doc")
local schema = require("orket.core.schema")

local M = {}

M.usage = "schema SCHEMA [VALUE]"

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return {schema: Doc?, value: Doc?, broken: string?}|nil request
---@return string? message
function M.request(args, read)
  if not args[1] then
    return nil, "a schema is missing"
  end
  local request = {}
  for i, what in ipairs({ "schema", "value" }) do
    local text, message = read(args[i])
    if not text then
      return nil, message
    end
    local tree, why = doc.parse(text)
    request[what] = tree
    request.broken = request.broken or not tree and "the " .. what .. " is not JSON: " .. why or nil
  end
  return request
end

---@param request { schema: any, value: any } plain values or docs
---@return table answer, boolean accepted
function M.answer(request)
  if request.broken then
    return { refused = request.broken }, false
  elseif request.schema == nil or request.value == nil then
    return { error = "a request has schema and value" }, false
  end
  local compiled, message, _, fix = schema.compile(request.schema)
  if not compiled then
    return { refused = fix and fix ~= "" and message .. "; " .. fix or message }, false
  end
  local ok, errors, code = compiled:check(request.value)
  if ok then
    return { valid = true, errors = require("cjson").empty_array }, true
  elseif code ~= "ERR_SCHEMA" then
    return { refused = errors[1].text, code = code }, false
  end
  return { valid = false, errors = errors }, false
end

return M
