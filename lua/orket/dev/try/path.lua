-- path.lua: `orket try path`: one path really opened beneath one root.

local base64 = require("orket.core.base64")
local fs = require("orket.core.fs")

local M = {}

M.usage = "path ROOT PATH"

---@param args string[]
---@return {root: string, path: string}|nil request
---@return string? message
function M.request(args)
  if #args ~= 2 then
    return nil, "a root and a path are wanted"
  end
  return { root = args[1], path = args[2] }
end

local function path_of(request)
  if type(request.path) == "string" and request.path_b64 == nil then
    return request.path
  elseif type(request.path_b64) == "string" and request.path == nil then
    return base64.decode(request.path_b64)
  end
  return nil, "a request has either path or path_b64"
end

local function refused(message, code)
  return { ok = false, code = code or "ERR_USAGE", message = message }, false
end

---@param request { root: string, path: string?, path_b64: string? }
---@return table answer, boolean accepted
function M.answer(request)
  local path, message = path_of(request)
  if not path then
    return refused(message)
  elseif type(request.root) ~= "string" then
    return refused("root is the name of a directory")
  end
  local root <close>, why, code = fs.root(request.root)
  if not root then
    return refused("root: " .. why, code)
  end
  local kind
  kind, why, code = root:kind(path)
  if not kind then
    return refused(why, code)
  end
  return { ok = true, code = "OK", kind = kind }, true
end

return M
