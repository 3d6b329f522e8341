-- estimate.lua: what a request may cost at most, before it is sent. Pure, but it learns from what came back.
--
--   prompt      a token for each byte of the body: none is smaller. More where this model's server counted
--     more.
--   completion  max_tokens, where the model has it, else twice the longest reply so far, 4096 at least
--
-- Of a model that has not answered yet nothing is known: it holds the whole cap, so that its first request
-- goes alone. What is known of a model's name is kept when its configuration is read anew.

local media = require("orket.llm.media")
local strings = require("orket.util.strings")
local usages = require("orket.llm.usage")

local M = {}

local WHOLE = 1 << 60 -- more than any cap
local COMPLETION = 4096
local TOTAL = 1800 -- seconds: the transport's own deadline

local Estimate = {}
Estimate.__index = Estimate

---@return table estimate
function M.new()
  return setmetatable({ known = {} }, Estimate)
end

local function most_said(model, known)
  local params = model.params or {}
  local told = model.max_tokens or params.max_tokens or params.max_completion_tokens
  told = math.type(told) == "integer" and told > 0 and told or nil
  return math.max(told or math.max(COMPLETION, 2 * known.said), known.said)
end

---How long a request is: what its media take on the wire beyond their price is not counted.
---@param request ModelRequest with its body
---@return integer
function M.bytes(request)
  return strings.bytes(request.body) - media.surplus(request.messages or {}, request.model)
end

---@param model table
---@param bytes integer of the request
---@return table<string, integer> wanted by kind
function Estimate:of(model, bytes)
  local known = self.known[model.name]
  local wanted = { calls = 1, seconds = math.ceil(((model.deadlines or {}).total or TOTAL) * 1000) }
  if not known then
    wanted.tokens, wanted.money = WHOLE, WHOLE
    return wanted
  end
  local prompt, completion = math.ceil(bytes * known.ratio), most_said(model, known)
  wanted.tokens = prompt + completion
  wanted.money = usages.money(model.price, { prompt = prompt, completion = completion }) or 0
  return wanted
end

---What it came to.
---@param model table
---@param bytes integer of the request
---@param usage {prompt: integer?, completion: integer?}
function Estimate:learn(model, bytes, usage)
  local known = self.known[model.name] or { ratio = 1, said = 0 }
  known.ratio = math.max(known.ratio, (usage.prompt or 0) / bytes)
  known.said = math.max(known.said, usage.completion or 0)
  self.known[model.name] = known
end

return M
