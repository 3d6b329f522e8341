-- providers.lua: who speaks which API: the modules of lua/orket/providers/, each loaded when a model asks for it.

local core = require("orket.core.llm")
local errors = require("orket.errors")
local list = require("orket.list")

local M = {}

local PROVIDERS = { openai = require("orket.providers.openai") }

local shapes = {} -- provider name -> compiled shape

---@return string[] names of all providers, sorted
function M.names()
  return list.keys(PROVIDERS)
end

---True when a provider has this name.
---@param name string
---@return boolean
function M.has(name)
  return PROVIDERS[name] ~= nil
end

---The provider of a model, and the shape of its replies.
---@param model table its profile
---@return table|nil provider
---@return userdata|Error
function M.of(model)
  local name = model.shape or "openai"
  local provider = PROVIDERS[name]
  if not provider then
    return nil, errors.new("ERR_CONFIG", "no provider has the shape " .. name, "use one of " .. table.concat(M.names(), ", "))
  end
  shapes[name] = shapes[name] or assert(core.shape(provider.shape))
  return provider, shapes[name]
end

return M
