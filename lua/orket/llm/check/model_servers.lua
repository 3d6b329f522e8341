-- model_servers.lua: the servers that this machine or a key of the environment offers, and the models that
-- each lists. A key's value stays in the core: here it is a name.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local client = require("orket.llm.client")
local model_keys = require("orket.llm.model_keys")
local providers = require("orket.llm.providers")
local sys = require("orket.core.sys")

local M = {}

local DEADLINES = { connect = 2, first_byte = 5, idle = 5, total = 5 }
local MODELS_MAX, NAME_MAX = 1000, 200
local UNREACHABLE = { ERR_NET = true, ERR_TIMEOUT = true }

---@class ModelServer
---@field name string as people call it
---@field base_url string
---@field shape string|nil
---@field key string|nil name of the environment variable
---@field private boolean|nil a person wrote its name down, which may lead to a private address
---@field expected boolean|nil a setting names it: its failure is worth a line
---@field models string[]
---@field context integer|nil tokens that fit
---@field problem Error|nil why it lists none
---@field unreachable boolean|nil since nobody answers there

local KEYED = {
  { name = "OpenAI", key = "OPENAI_API_KEY", base_url = "https://api.openai.com/v1",
    setting = "OPENAI_BASE_URL" },
  { name = "Anthropic", key = "ANTHROPIC_API_KEY", base_url = "https://api.anthropic.com",
    setting = "ANTHROPIC_BASE_URL", shape = "anthropic" },
  { name = "Gemini", key = "GEMINI_API_KEY", base_url = "https://generativelanguage.googleapis.com",
    shape = "gemini" },
  { name = "OpenRouter", key = "OPENROUTER_API_KEY", base_url = "https://openrouter.ai/api/v1" },
}

---The environment variables that are known to hold a key.
M.KEYS = tables.column(KEYED, "key")

local function setting(name)
  local value = sys.env(name)
  return value ~= "" and value or nil
end

-- ---- where ----

-- Plain http to a name leads to a machine nearby, at a private address; https is for the Internet.
local function is_nearby(url)
  local host = url:match("^http://([^/:]+)") or ""
  return host:find("%a") ~= nil and host ~= "localhost" and not host:find("^%[")
end

-- OLLAMA_HOST is what its server takes: [scheme://]host[:port], where the host may be missing or stand for
-- all.
local function ollama_url()
  local scheme, place = (setting("OLLAMA_HOST") or ""):match("^(%a+)://(.*)$")
  place = (place or setting("OLLAMA_HOST") or ""):match("^[^/]*")
  local host, port = place:match("^(.-):?(%d*)$")
  if place:find("^%[[^%]]*%]$") or not place:find(":%d+$") then
    host, port = place, ""
  end
  host = (host == "" or host == "0.0.0.0" or host == "[::]") and "127.0.0.1" or host
  return ("%s://%s:%s/v1"):format(scheme or "http", host, port ~= "" and port or "11434")
end

local function named(server)
  server.private, server.expected = is_nearby(server.base_url) or nil, true
  return server
end

local function of_environment()
  local found = {}
  local url = setting("ORKET_MODEL_URL")
  if url then
    local key = setting("ORKET_MODEL_KEY") and "ORKET_MODEL_KEY"
    found[1] = named({ name = "ORKET_MODEL_URL", base_url = url, key = key })
  end
  for _, one in ipairs(KEYED) do
    local address = one.setting and setting(one.setting) or one.base_url
    if model_keys.state({ key = one.key, base_url = address, shape = one.shape }) == "set" then
      found[#found + 1] = named({ name = one.name, key = one.key, shape = one.shape, base_url = address })
    end
  end
  return found
end

local function of_this_machine()
  local ollama = { name = "Ollama", base_url = ollama_url() }
  return {
    setting("OLLAMA_HOST") and named(ollama) or ollama,
    { name = "llama.cpp", base_url = "http://127.0.0.1:8080/v1" },
    { name = "LM Studio", base_url = "http://127.0.0.1:1234/v1" },
  }
end

-- The servers to ask, each address once.
local function places()
  local all, seen = {}, {}
  for _, part in ipairs({ of_environment(), of_this_machine() }) do
    for _, server in ipairs(part) do
      local address = server.base_url:gsub("/+$", "") .. " " .. (server.shape or "")
      all[#all + 1] = not seen[address] and server or nil
      seen[address] = true
    end
  end
  return all
end

-- ---- what it lists ----

local function name_of(row)
  local methods = type(row) == "table" and row.supportedGenerationMethods
  local is_other = type(methods) == "table"
    and not table.concat(methods, " "):find("generateContent", 1, true)
  local name = type(row) == "table" and not is_other and (row.id or row.model or row.name)
  name = type(name) == "string" and name:gsub("^models/", "") or ""
  return #name > 0 and #name <= NAME_MAX and utf8.len(name) and name or nil
end

-- Lists of OpenAI's form, Anthropic's, Gemini's and Ollama's own.
local function read_list(reply)
  local body = cjson.decode(reply.body)
  local rows = type(body) == "table" and (body.data or body.models)
  if type(rows) ~= "table" then
    return nil, errors.new("ERR_PROTOCOL", "its answer is no list of models",
      "the address may lead elsewhere than to this API")
  end
  local models = setmetatable({}, cjson.array_mt)
  for i = 1, math.min(#rows, MODELS_MAX) do
    models[#models + 1] = name_of(rows[i])
  end
  table.sort(models)
  return { models = models, is_llama = type(rows[1]) == "table" and rows[1].owned_by == "llamacpp" }
end

-- How many tokens llama.cpp's server was started for.
local function read_context(reply)
  local body = cjson.decode(reply.body)
  local settings = type(body) == "table" and body.default_generation_settings
  local context = type(settings) == "table" and math.tointeger(settings.n_ctx)
  return { context = context and context >= 256 and context <= 100000000 and context or nil }
end

local LIST = { anthropic = "/models?limit=1000", gemini = "/models?pageSize=1000" }

local function get(server, base_url, path, read)
  return client.fetch({
    model = { name = server.name, base_url = base_url, shape = server.shape, key = server.key,
      private = server.private, deadlines = DEADLINES },
    path = path, read = read,
  })
end

local function answer_of(server)
  local provider, unknown = providers.of(server)
  if not provider then
    return nil, unknown
  end
  local answer, err = get(server, providers.base(provider, server), LIST[server.shape] or "/models",
    read_list)
  if err and err.status == 404 and not server.shape then -- an Ollama without OpenAI's list
    return get(server, (server.base_url:gsub("/v1/*$", "")), "/api/tags", read_list)
  end
  return answer, err
end

---Asks a server for its models. Called in a task.
---@param server ModelServer
---@return ModelServer
function M.ask(server)
  local answer, err = answer_of(server)
  if err and UNREACHABLE[err.code] then
    err.fix = "start the server, or correct its address"
    server.unreachable = true
  end
  server.models, server.problem = answer and answer.models or setmetatable({}, cjson.array_mt), err
  if answer and answer.is_llama then
    local properties = get(server, (server.base_url:gsub("/v1/*$", "")), "/props", read_context)
    server.context = properties and properties.context
  end
  return server
end

---All servers that answer, or that a setting names; all are asked at once. Called in a task.
---@param only ModelServer|nil this one alone
---@return ModelServer[]
function M.find(only)
  local tasks, found = {}, {}
  for i, server in ipairs(only and { named(only) } or places()) do
    tasks[i] = async.spawn(M.ask, server)
  end
  for _, task in ipairs(tasks) do
    local server = async.join(task)
    found[#found + 1] = server and (server.expected or server.models[1]) and server or nil
  end
  return found
end

return M
