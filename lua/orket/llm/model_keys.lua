-- model_keys.lua: where the keys of models come from. Their values stay in the core: here a key is a name.

local llm = require("orket.core.llm")
local errors = require("orket.errors")
local providers = require("orket.llm.providers")

local M = {}

local sources = {} -- key name -> where it comes from
local owners = {}  -- key name -> the endpoint that it belongs to
local defined = {} -- key name -> header -> the core's name of it

---Where keys come from, read when one is first used. A key that is not listed is the environment
---variable of its name.
---@param keys table<string, {env: string?, file: string?, origin: string?, header: string?, user: string?}>
function M.list(keys)
  for name, source in pairs(keys) do
    sources[name], defined[name], owners[name] = source, nil, nil
  end
end

-- The name under which the core has a key for this header: each API has its own, and a key may serve several.
local function define(name, base_url, provider)
  local source, names = sources[name] or { env = name }, defined[name] or {}
  local header = source.header or not source.user and provider.key_header or nil
  if names[header or ""] then
    return names[header or ""]
  end
  local origin = owners[name] or source.origin or base_url
  local known = next(names) and name .. "." .. (header or "bearer") or name
  local place = { env = source.env, file = source.file, header = header, user = source.user, origin = origin }
  local ok, err = errors.check(llm.key(known, place))
  if not ok then
    return nil, err
  end
  names[header or ""], defined[name], owners[name] = known, names, origin
  return known
end

---Names a model's key in the options of a request to it, when it has one.
---@param options LlmRequest
---@param model table its profile
---@param provider table
---@return true|nil ok
---@return Error|nil
function M.put(options, model, provider)
  local err
  if model.key then
    options.key, err = define(model.key, model.base_url, provider)
  end
  return not err or nil, err
end

---Is a model's key where it is said to be?
---@param model table its profile
---@return "none"|"set"|"missing"  none: it needs no key; missing also where its API is unknown
function M.state(model)
  local provider = providers.of(model)
  if provider and not model.key then
    return "none"
  end
  return provider and define(model.key, model.base_url, provider) and "set" or "missing"
end

return M
