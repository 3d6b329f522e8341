-- usage.lua: what a request to a model cost: tokens as its server reported them, or estimated where it did
-- not, and money as whole numbers. Pure.
--
-- A server's own count is what it bills, so it is taken as it is. What cannot be true is not told: less than
-- none, more than a thousand million (core/model/reply/reply.h), none at all for a request that was answered.

local media = require("orket.llm.media")

local M = {}

local BYTES = 4 -- of a token, where nobody tells
local MILLION = 1000000

---Sums of a turn that has cost nothing.
---@return {tokens_in: integer, tokens_out: integer, calls: integer, money: integer, took: integer}
function M.nothing()
  return { tokens_in = 0, tokens_out = 0, calls = 0, money = 0, took = 0 }
end

---Adds a request, or several in one, to such sums.
---@param sums {tokens_in: integer, tokens_out: integer, calls: integer, money: integer, took: integer}
---@param body {usage: table?, money: integer?, took: integer?, calls: integer?} of step.reply, step.failed or
---  memory.ranked
function M.add(sums, body)
  local usage = body.usage
  if usage then
    sums.tokens_in = sums.tokens_in + (usage.prompt or 0)
    sums.tokens_out = sums.tokens_out + (usage.completion or 0)
  end
  sums.calls = sums.calls + (body.calls or 1)
  sums.money = sums.money + (body.money or 0)
  sums.took = sums.took + (body.took or 0)
end

---@param bytes integer
---@return integer tokens
function M.estimate(bytes)
  return (bytes + BYTES - 1) // BYTES
end

---The bytes of a request that a model reads: its messages as one array, and its tools; its body where it has
---none.
---@param request ModelRequest
---@return integer
function M.asked(request)
  local texts = request.messages or request.body or {}
  local bytes = 1 + #texts + (request.tools and request.tools ~= "[]" and #request.tools or 0)
  for _, text in ipairs(texts) do
    bytes = bytes + media.weight(text)
  end
  return bytes
end

---The bytes of all that a reply says.
---@param reply LlmReply
---@return integer
function M.reply_bytes(reply)
  local bytes = #(reply.content or "") + #(reply.reasoning or "") + (reply.dropped or 0)
  for _, call in ipairs(reply.calls) do
    bytes = bytes + #call.name + #call.arguments
  end
  return bytes
end

---True when a reply that says something needs no estimate.
---@param told {prompt: integer?, completion: integer?}
---@return boolean
function M.is_whole(told)
  return (told.prompt or 0) > 0 and (told.completion or 0) > 0
end

---What was told, completed by estimates, which are marked.
---@param told {prompt: integer?, completion: integer?, cached: integer?}
---@param request ModelRequest
---@param said integer bytes of the reply
---@return {prompt: integer, completion: integer, cached: integer?, estimated: true?}
function M.whole(told, request, said)
  local prompt, completion = told.prompt or 0, told.completion or 0
  if prompt > 0 and (completion > 0 or told.completion and said == 0) then
    return told
  end
  return {
    prompt = prompt > 0 and prompt or M.estimate(M.asked(request)),
    completion = completion > 0 and completion or M.estimate(said), cached = told.cached, estimated = true,
  }
end

---What it costs, in millionths of the currency, rounded up; nil when the model has no price.
---@param price {input: integer, output: integer, cached: integer?}|nil  millionths for a million tokens
---@param usage {prompt: integer?, completion: integer?, cached: integer?}
---@return integer|nil
function M.money(price, usage)
  if not price then
    return nil
  end
  local prompt = usage.prompt or 0
  local cached = math.min(usage.cached or 0, prompt)
  local exact = (prompt - cached) * price.input + cached * (price.cached or price.input)
    + (usage.completion or 0) * price.output
  return (exact + MILLION - 1) // MILLION
end

return M
