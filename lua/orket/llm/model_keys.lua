-- model_keys.lua: where the keys of models come from. Their values stay in the core: here a key is a name.

local llm = require("orket.core.llm")
local errors = require("orket.errors")
local providers = require("orket.llm.providers")

local M = {}

---@class KeySource
---@field env string|nil the environment variable
---@field file string|nil
---@field origin string|nil the endpoint that it belongs to; nil: the first that it is used for
---@field header string|nil
---@field user string|nil

-- What is known of the keys of a configuration: by name, the endpoint that each belongs to, and by header the
-- core's name of it. Projects that one process serves have keys of the same name from different places.
local known_of = setmetatable({}, { __mode = "k" })
local UNLISTED = {} -- the keys of a configuration that lists none

local names = {} -- what a key is in the core -> the core's name of it
local counts = {} -- by key name, how many there are

local function known(keys)
  known_of[keys] = known_of[keys] or { owners = {}, defined = {} }
  return known_of[keys]
end

-- One place, one name, also after the configuration was read again.
local function core_name(name, place)
  local what = table.concat({ name, place.env or "", place.file or "", place.header or "", place.user or "",
    place.origin }, "\0")
  if not names[what] then
    counts[name] = (counts[name] or 0) + 1
    names[what] = counts[name] == 1 and name or name .. "." .. counts[name]
  end
  return names[what]
end

-- Each API has its own header, and a key may serve several. A key that is not listed is the environment
-- variable of its name.
local function define(model, provider)
  local name, keys = model.key, model.keys or UNLISTED
  local source, of = keys[name] or { env = name }, known(keys)
  local header = source.header or not source.user and provider.key_header or nil
  local defined = of.defined[name] or {}
  if defined[header or ""] then
    return defined[header or ""]
  end
  local origin = of.owners[name] or source.origin or model.base_url
  local place = { env = source.env, file = source.file, header = header, user = source.user, origin = origin }
  local in_core = core_name(name, place)
  local ok, err = errors.check(llm.key(in_core, place))
  if not ok then
    return nil, err
  end
  defined[header or ""], of.defined[name], of.owners[name] = in_core, defined, origin
  return in_core
end

---Names a model's key in the options of a request to it, when it has one.
---@param options LlmRequest
---@param model {key: string?, keys: table<string, KeySource>?, base_url: string} its profile
---@param provider table
---@return true|nil ok
---@return Error|nil
function M.put(options, model, provider)
  local err
  if model.key then
    options.key, err = define(model, provider)
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
  return provider and define(model, provider) and "set" or "missing"
end

return M
