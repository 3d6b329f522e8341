-- providers.lua: who speaks which API: the modules of lua/orket/llm/providers/.

local cjson = require("cjson")
local llm = require("orket.core.llm")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local provider_turns = require("orket.llm.providers.provider_turns")

local M = {}

local PROVIDERS = {
  openai = require("orket.llm.providers.openai"),
  anthropic = require("orket.llm.providers.anthropic"),
  gemini = require("orket.llm.providers.gemini"),
}

local shapes = {} -- provider name -> compiled shape

---@return string[] names of all providers, sorted
function M.names()
  return tables.keys(PROVIDERS)
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
    return nil, errors.new("ERR_CONFIG", "no provider has the shape " .. name,
      "use one of " .. table.concat(M.names(), ", "))
  end
  shapes[name] = shapes[name] or assert(llm.shape(provider.shape))
  return provider, shapes[name]
end

---A model's address with the API's version: it is given as the APIs' own clients want it, who add the
---version, or with it.
---@param provider table
---@param model table its profile
---@return string
function M.base(provider, model)
  local url = model.base_url:gsub("/+$", "")
  local has_version = url:find("^%a+://[^/]+.*/v%d%w*%f[/\0]")
  return provider.version and not has_version and url .. provider.version or url
end

---Where a request goes.
---@param provider table
---@param model table its profile
---@param request {stream: boolean}
---@return string
function M.address(provider, model, request)
  local path = provider.path
  return M.base(provider, model) .. (type(path) == "function" and path(model, request) or path)
end

---The headers of its requests, but for the key's.
---@param provider table
---@param model table its profile
---@return table<string, string>|nil
function M.headers(provider, model)
  if not provider.headers then
    return model.headers
  end
  local all, own = {}, {}
  for name, value in pairs(model.headers or {}) do
    all[name], own[name:lower()] = value, true
  end
  for name, value in pairs(provider.headers) do
    all[name] = not own[name] and value or all[name]
  end
  return all
end

---Is the endpoint told to keep to a schema? `json` of the profile says when: always, alone (where no tools
---are offered) or never.
---@param provider table
---@param model table its profile
---@param has_tools boolean
---@return boolean
function M.formats(provider, model, has_tools)
  local when = model.json or provider.beside_tools(model) and "always" or "alone"
  return when == "always" or when == "alone" and not has_tools
end

local APART = ("apart"):byte()
local MALFORMED = "Your last call could not be read and was not made. "
  .. "Write it again, with arguments that are valid JSON."

-- What was thought stands apart, in the message too. Whose calls are text is read elsewhere.
local function set_apart(provider, reply, model)
  local content = reply.content
  if not provider.thought or reply.reasoning or not content or (model.calls or "native") ~= "native" then
    return
  end
  local reasoning, said = provider.thought(content)
  if reasoning then
    local message = cjson.decode(reply.message)
    reply.reasoning, reply.content = reasoning ~= "" and reasoning or nil, said
    message.content = (said ~= "" or not reply.calls[1]) and said or cjson.null
    reply.message = cjson.encode(message)
  end
end

---A reply in the words that all providers share.
---@param provider table
---@param reply table
---@param model table the profile of who said it
---@return table|nil reply
---@return string|nil failure  it ended as no reply does
function M.read_reply(provider, reply, model)
  local finish = reply.finish
  if (provider.failed or {})[finish] then
    return nil, "the endpoint broke the reply off: " .. finish
  end
  if provider.finish and finish then
    reply.finish = provider.finish[finish] or finish
    reply.problem = reply.finish == "malformed" and MALFORMED or nil
    reply.finish = reply.finish == "stop" and reply.calls[1] and "tool_calls" or reply.finish
  end
  set_apart(provider, reply, model)
  if reply.message:byte(3) == APART then -- what is signed begins with it
    reply.message = provider_turns.signed(reply.message, model)
  elseif model.thoughts == "returned" and reply.reasoning then
    reply.message = provider_turns.thinking(reply.message, reply.reasoning, model)
  end
  return reply
end

return M
