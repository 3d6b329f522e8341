-- client.lua: asks models. From turn/step.lua (live_reply) and Engine:complete a request goes through these
-- layers, made once a run:
--   chain.lua          its model, then those that answer in its place
--   to_provider        below: whose API the model speaks
--   request/retry.lua  several attempts, each of which passes the layers below
--   request_form.lua   messages, tools and schema as the model reads them; the calls of its reply
--   governance/budget/meter.lua   what it may cost is reserved in the budgets, what it did cost is booked
--   cassette.lua       the answer is written down, or a written one is played
--   limiter.lua        a place in the model's line; refused while its breaker is open
--   transport.lua      llm.post, the C transport

local chain = require("orket.llm.chain")
local llm = require("orket.core.llm")
local limiter = require("orket.llm.request.limiter")
local providers = require("orket.llm.providers")
local request_form = require("orket.llm.request.request_form")
local retry = require("orket.llm.request.retry")
local transport = require("orket.llm.request.transport")

local M = {}

---For those who will ask soon: what it takes loads beside, while they prepare.
M.warm = llm.warm

---@class ModelRequest
---@field model table its profile
---@field messages string[] JSON texts
---@field tools string? a JSON text
---@field json string? a JSON schema: the reply is to be JSON of it, where the provider offers that
---@field stream boolean?
---@field tool_choice any
---@field media (fun(blob: string): string)? the bytes of files that messages name
---@field turn Turn? whose budgets it is billed to, and by which a cassette knows it
---@field on_delta fun(text: string, beside: integer?, calls: integer?, tool: string?)?
---@field on_attempt fun(attempt: table, request: ModelRequest)? gets each failed attempt: {attempt, model,
---  code, message, status, retry_after, ms, usage, wait, took}; usage: what a reply that broke off cost;
---  wait: nil after the last one
---@field attempts integer?
---@field backoff number? seconds
---@field provider table? set by to_provider, as is shape
---@field shape userdata? of replies
---@field form RequestForm? set by request_form.lua
---@field body string[]? pieces of what is sent
---@field path string? of an answer that is no reply of a conversation, behind base_url
---@field read (fun(answer: {body: string}): table|nil, Error|nil)? of the same: makes it of the answer's body

---A layer with all that are below it. Called in a task. Its error has `is_attempt` when a request was made,
---`unsent` when the breaker refused it, and neither when the task was canceled, a budget is reached or the
---configuration is wrong.
---@alias Ask fun(request: ModelRequest): table|nil, Error|nil

---@param inner Ask
---@return Ask
local function to_provider(inner)
  return function(request)
    local provider, shape = providers.of(request.model)
    if not provider then
      return nil, shape
    end
    request.provider, request.shape = provider, not request.read and shape or nil
    request.stream = request.stream ~= false and request.model.stream ~= false
    return inner(request)
  end
end

---@class Client
---@field complete Ask the reply to a conversation: {content?, reasoning?, calls, usage, finish?, model?,
---  message, status, ms}; of another model than the first one with `by` and `instead`
---@field fetch Ask an answer that is no reply of a conversation, as `read` makes it; one attempt

---@param budget {over: fun(self: table, inner: Ask): Ask}|nil  the meter of a run
---@param cassette {over: fun(self: table, inner: Ask): Ask}|nil  fetched answers are not in it
---@return Client
function M.new(budget, cassette)
  local send = limiter.over(transport.send)
  local played = cassette and cassette:over(send) or send
  local paid = budget and budget:over(played) or played
  return {
    complete = chain.over(to_provider(retry.over(request_form.over(paid)))),
    fetch = to_provider(budget and budget:over(send) or send),
  }
end

local plain = M.new()

---A reply outside of a run: without budgets.
M.complete = plain.complete

---An answer outside of a run.
M.fetch = plain.fetch

return M
