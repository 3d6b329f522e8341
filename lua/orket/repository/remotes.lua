-- remotes.lua: the repositories of others that the configuration names: by HTTP, or a directory.

local llm = require("orket.core.llm")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

---@param place string as it is written in the configuration
---@return boolean
function M.is_url(place)
  return place:find("^https?://") ~= nil
end

-- Over an open network a key and a commit are for everyone to read and to change.
local LOOPBACK = { "^http://127%.[%d.]+$", "^http://localhost$", "^http://%[::1%]$" }

local function is_safe(url)
  local origin = url:lower():match("^https?://[^/?#]+"):gsub(":%d+$", "")
  for _, pattern in ipairs(LOOPBACK) do
    if origin:find(pattern) then
      return true
    end
  end
  return url:find("^https://") ~= nil
end

-- Why an address is none that is gone to; nil when it is one.
local function objection(url)
  if url:find("[%c%s@?#]") or not url:find("^https?://[^/]") then
    return "it has a user, a question or a blank in it"
  elseif not is_safe(url) then
    return "http:// is for this machine only"
  end
end

---What a configured remote is asked as: its key is known to the core from here on.
---@param organization table
---@param name string
---@return Remote|nil
---@return Error|nil ERR_CONFIG; ERR_NOT_FOUND for a key that is not there
local function open(organization, name)
  local entry = organization.remotes[name]
  local remote = { name = name, url = entry.url, private = entry.private }
  if entry.key then
    local source = (organization.keys or {})[entry.key] or { env = entry.key }
    remote.key = "remote." .. name
    local ok, err = errors.check(llm.key(remote.key, {
      env = source.env, file = source.file, header = source.header, user = source.user,
      origin = source.origin or entry.url,
    }))
    if not ok then
      return nil, err
    end
  end
  return remote
end

---The remote of a URL: one that is configured with it, or the URL alone.
---@param organization table
---@param url string
---@return Remote|nil
---@return Error|nil ERR_CONFIG
function M.of_url(organization, url)
  local why = objection(url)
  if why then
    return nil, errors.new("ERR_CONFIG", url .. ": " .. why, "name an address as https://HOST/PATH")
  end
  for _, name in ipairs(tables.keys(organization.remotes or {})) do
    if organization.remotes[name].url == url then
      return open(organization, name)
    end
  end
  return { name = url, url = url }
end

---The remote of a name; without one the only one, or that of a URL.
---@param organization table
---@param name string|nil
---@param url string|nil which one is meant where several are configured
---@return Remote|nil
---@return Error|nil ERR_NOT_FOUND, ERR_USAGE
function M.named(organization, name, url)
  local all = organization.remotes or {}
  local names = tables.keys(all)
  for _, one in ipairs(names) do
    name = name or all[one].url == url and one or nil
  end
  name = name or #names == 1 and names[1] or nil
  if name and all[name] then
    return open(organization, name)
  elseif #names == 0 then
    return nil, errors.new("ERR_NOT_FOUND", "no remote is configured",
      'write "remotes": {"NAME": {"url": …}} into config/organization.json')
  end
  return nil, errors.new(name and "ERR_NOT_FOUND" or "ERR_USAGE",
    name and "there is no remote " .. name or "there are several remotes",
    "name one of them with --remote: " .. table.concat(names, ", "))
end

return M
