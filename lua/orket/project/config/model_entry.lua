-- model_entry.lua: points models of an organization's file at a server; what holds for any model stays. Pure.

local cjson = require("cjson")
local model_defaults = require("orket.project.config.model_defaults")
local doc = require("orket.core.doc")
local tables = require("orket.util.tables")
local rewrite = require("orket.project.config.rewrite")

local M = {}

local OF_SERVER = { "base_url", "model", "shape", "key", "private", "context", "inputs" }

-- How a team asks: it holds for another model as well. Prices, dialects and headers do not.
local OF_TEAM = {
  "temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "stop", "seed",
  "max_tokens", "summarise", "compact_at", "stream", "deadlines", "fallback", "limits", "breaker", "caps",
}

local function entry(model, old)
  local parts = {}
  for _, source in ipairs({ { OF_SERVER, model }, { OF_TEAM, old } }) do
    for _, key in ipairs(source[1]) do
      local value = source[2][key]
      parts[#parts + 1] = value ~= nil and cjson.encode(key) .. ": " .. cjson.encode(value) or nil
    end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- Does it stand there already, whatever its other settings are?
local function is_same(model, old)
  return tables.same(tables.pick(model, OF_SERVER), tables.pick(old, OF_SERVER))
end

-- All that a team works with; where there is none, the one that every role asks.
local function all(organization)
  local names = tables.keys(organization.models)
  local embedder = model_defaults.embedder(organization)
  if #names > 1 or names[1] ~= embedder then
    tables.drop(names, embedder)
  end
  return #names > 0 and names or { "default" }
end

-- A member of one of the file's maps, which may be missing.
local function set(text, map, name, value)
  if not doc.parse(text):at("/" .. map) then
    return rewrite.set(text, "", map, "{" .. cjson.encode(name) .. ": " .. value .. "}")
  end
  return rewrite.set(text, "/" .. map, name, value)
end

---@class ModelPlace
---@field base_url string
---@field model string
---@field shape string?
---@field key string?
---@field private boolean?
---@field context integer?

---The file with these models at another place.
---@param text string the file of the organization
---@param organization table as it was read of it
---@param names string[]|nil which ones; nil: all that a team works with
---@param model ModelPlace
---@return string
function M.put(text, organization, names, model)
  for _, name in ipairs(names or all(organization)) do
    local old = organization.models[name] or {}
    if not is_same(model, old) then
      text = set(text, "models", name, entry(model, old))
    end
  end
  if model.key and not organization.keys[model.key] then
    text = set(text, "keys", model.key, '{"env": ' .. cjson.encode(model.key) .. "}")
  end
  return text
end

return M
