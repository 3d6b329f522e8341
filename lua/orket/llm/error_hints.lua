-- error_hints.lua: what to do about a failed request, where the core does not say itself. Pure.

local permanent = require("orket.llm.permanent")

local M = {}

local BY_CODE = {
  ERR_TIMEOUT = "the server is slow or loads the model: try again, or raise deadlines of the model",
  ERR_PROTOCOL = "base_url may lead elsewhere than to this API: look at it, at shape, and at the server",
  ERR_NOT_FOUND = "set the environment variable, or make the file, that keys names",
  ERR_LIMIT = "set max_tokens of the model, so that its replies are shorter; "
    .. "or raise its caps if so much is meant",
  ERR_DENIED = "a key is sent to its origin alone: look at keys and at base_url",
  ERR_USAGE = "write base_url like http://127.0.0.1:11434/v1",
  ERR_NET = "check that the server runs and that the address is right",
}

local BY_STATUS = {
  [400] = "the server refuses a field: look at params and sampling of the model",
  [401] = "the key is wrong or missing: look at key and keys",
  [402] = "the account has no credit: add some, or name another model in fallback",
  [403] = "the key may not use this model",
  [404] = "base_url or the model's name is wrong",
  [429] = "the limit of the account is reached: wait, or raise it",
}

local function of_status(status)
  if BY_STATUS[status] then
    return BY_STATUS[status]
  elseif status >= 500 then
    return "the server fails: try again later, or name another model in fallback"
  end
  return status >= 300 and status < 400 and "write in base_url where the endpoint is now" or nil
end

-- What servers answer that cannot offer tools to this model: Ollama, llama.cpp without --jinja, vLLM,
-- OpenRouter, others.
local NO_TOOLS = {
  "does not support tool", "does not support function call", "requires %-%-enable%-auto%-tool%-choice",
  "tools param requires %-%-jinja",
  "unsupported param: tools", "support tool use", "tool calling is not supported", "tools are not supported",
  "tools? is not supported", "tool use is not supported",
}

---Does a server refuse a request because tools are offered in it?
---@param status integer|nil of its answer
---@param message string
---@return boolean
function M.refuses_tools(status, message)
  local refused = status == 400 or status == 404 or status == 422 or status == 500 or status == 501
  for _, pattern in ipairs(refused and NO_TOOLS or {}) do
    if message:lower():find(pattern) then
      return true
    end
  end
  return false
end

local NO_QUOTA = "the account has no quota left, which waiting does not bring back: add credit, "
  .. "or name another model in fallback"

local CUT = "the reply was cut at %d tokens: "
  .. "set `max_tokens` of the model %s higher (config/organization.json)"

---What a person reads of a reply that came to its limit.
---@param model string its name in the configuration
---@param usage {completion: integer?}
---@return string
function M.cut(model, usage)
  return CUT:format(usage.completion or 0, model)
end

---What to do about a failure; nil when nobody knows.
---@param code string
---@param status integer|nil
---@param kinds string|nil of the error, as the server names them
---@return string|nil
function M.of(code, status, kinds)
  if permanent.has_no_quota(kinds) then
    return NO_QUOTA
  end
  return of_status(status or 0) or BY_CODE[code]
    or code == "ERR_HTTP" and "look at what the server says" or nil
end

local PLACE = "base_url of the model %s is %s (config/organization.json, or ORKET_MODEL_URL), its model %s, "
  .. "its key %s"

---Where the address of a model is written, what its server calls it, and the variable that holds its key.
---@param model table its profile
---@return string
function M.place(model)
  local origin = model.base_url:gsub("^(%a+://)[^/?#]*@", "%1"):match("^%a+://[^/?#]*") or "no URL"
  return PLACE:format(model.name or model.model, origin, model.model or "not named", model.key or "not named")
end

return M
