-- memory/embedder.lua: the model whose vectors tell how near texts are in meaning
-- (`process_rules.memory.embedder`). It is asked once for each text, in batches; what it answered is kept
-- beside the database. Whatever it does wrong is an error.

local cjson = require("cjson")
local limiter = require("orket.llm.request.limiter")
local errors = require("orket.errors")
local hold = require("orket.workspace.hold")
local client = require("orket.llm.client")
local parts = require("orket.llm.providers.parts")
local strings = require("orket.util.strings")
local sys = require("orket.core.sys")
local usages = require("orket.llm.usage")
local vectors = require("orket.core.vectors")

local M = {}

local BATCH, BATCH_BYTES = 64, 96 * 1024 -- texts of one request
local TEXT_MOST = 6000                   -- bytes of a text that are looked at: no embedder reads much more
local PATIENCE = 20                      -- seconds after which no further request is made
local DEADLINES = { connect = 5, first_byte = 10, idle = 10, total = 10 }
local BREAKER = { failures = 3, seconds = 30 }
local BODY_MOST = 12 << 20

---@class Embedder
---@field name string of its model in the configuration
---@field model table its profile
---@field key string whose vectors they are: another address or model has others
local Embedder = {}
Embedder.__index = Embedder

-- ---- what a request looks like ----

local FORM = {}

FORM.openai = {
  path = function()
    return "/embeddings"
  end,
  body = function(model, texts)
    return parts.merge({ model = model.model, input = texts }, model.params, { model = true, input = true })
  end,
}

FORM.gemini = {
  path = function(model)
    return "/models/" .. model.model:gsub("^models/", "") .. ":batchEmbedContents"
  end,
  body = function(model, texts)
    local requests = {}
    for i, text in ipairs(texts) do
      requests[i] = parts.merge({
        model = "models/" .. model.model:gsub("^models/", ""), content = { parts = { { text = text } } },
      }, model.params, { model = true, content = true })
    end
    return { requests = requests }
  end,
}

---True when models of this shape have vectors.
---@param shape string|nil
---@return boolean
function M.speaks(shape)
  return FORM[shape or "openai"] ~= nil
end

-- ---- one request ----

local function read(texts)
  return function(reply)
    local bytes, dims, tokens = vectors.read(reply.body, #texts)
    if not bytes then
      return nil, { code = tokens, class = "model", message = dims, status = reply.status, ms = reply.ms }
    end
    reply.vectors, reply.dims, reply.body = bytes, dims, nil
    reply.usage = { prompt = tokens or usages.estimate(strings.bytes(texts)), completion = 0,
      estimated = not tokens or nil }
    return reply
  end
end

-- What a question has cost so far.
local function spend(spent, model, outcome)
  local usage = outcome.usage or {}
  spent.calls = spent.calls + 1
  spent.usage.prompt = spent.usage.prompt + (usage.prompt or 0)
  spent.usage.estimated = spent.usage.estimated or usage.estimated
  spent.money = (spent.money or 0) + (usages.money(model.price, usage) or 0)
  spent.took = outcome.took and (spent.took or 0) + outcome.took or spent.took
end

local function ask(self, texts, question)
  local model, form = self.model, FORM[self.model.shape or "openai"]
  if sys.monotonic() > question.until_then then
    return nil, errors.new("ERR_TIMEOUT",
      "the embedder " .. self.name .. " took longer than " .. PATIENCE .. " s")
  end
  local reply, err = question.fetch({
    model = model, path = form.path(model), body = { cjson.encode(form.body(model, texts)) },
    turn = question.turn, read = read(texts),
  })
  if reply or not err.unsent and not err.budget and err.code ~= "ERR_CANCELED" then
    spend(question.spent, model, reply or err)
  end
  return reply, err
end

-- ---- what is not known yet ----

-- As many of the numbered texts as fit into a request, after those that are in it.
local function fill(texts, numbers, from, batch)
  local bytes, taken = strings.bytes(batch), {}
  while numbers[from] and #batch < BATCH and (bytes + #texts[numbers[from]] <= BATCH_BYTES or #batch == 0) do
    local number = numbers[from]
    batch[#batch + 1], taken[#taken + 1] = texts[number], texts[number]
    bytes, from = bytes + #texts[number], from + 1
  end
  return taken, from
end

local function of_other_length(self, reply, question)
  if question.dims and reply.dims ~= question.dims then
    return { code = "ERR_PROTOCOL", class = "model",
      message = "the embedder " .. self.name .. " answered vectors of " .. question.dims
        .. " numbers, then of " .. reply.dims }
  end
  question.dims = reply.dims
end

-- Asks for a batch and keeps what came; the question's own text is the first of the first one.
local function learn(self, cache, batch, taken, question)
  local reply, err = ask(self, batch, question)
  err = err or of_other_length(self, reply, question)
  if err then
    return nil, err
  end
  local size = #reply.vectors // #batch
  if #taken < #batch then
    question.vector = reply.vectors:sub(1, size)
  end
  if #taken == 0 then
    return true
  end
  return errors.check(cache:put(self.key, taken, reply.vectors:sub(-size * #taken)))
end

-- The numbers of texts that nobody asked for yet. While somebody does, the others wait: most of theirs are
-- the same.
local function unknown(self, cache, texts, dims)
  local numbers, err = errors.check(cache:missing(self.key, texts, dims))
  if not numbers or #numbers == 0 then
    return numbers and { numbers = numbers }, err
  end
  local held, canceled = hold.take(self.holds, "texts")
  if not held then
    return nil, canceled
  end
  numbers, err = errors.check(cache:missing(self.key, texts, dims))
  return { numbers = numbers, held = held }, err
end

local function learn_all(self, cache, texts, question)
  local found, err = unknown(self, cache, texts, question.dims)
  local _ <close> = found and found.held
  local numbers = found and found.numbers
  local from = 1
  while not err and (numbers[from] or not question.vector) do
    local batch = question.vector and {} or { question.text }
    local taken, next_one = fill(texts, numbers, from, batch)
    from = next_one
    err = select(2, learn(self, cache, batch, taken, question))
  end
  return not err or nil, err
end

-- ---- a question ----

local function cut(text)
  return strings.cut(text, TEXT_MOST)
end

local function cut_all(texts)
  local all = {}
  for i, text in ipairs(texts) do
    all[i] = cut(text)
  end
  return all
end

local function near(self, texts, question)
  local cache, err = self:cache()
  local ok = cache ~= nil
  for _ = 1, 2 do -- again, because those that were known may be of another length
    if ok then
      ok, err = learn_all(self, cache, texts, question)
    end
  end
  if not ok then
    return nil, err
  end
  return errors.check(cache:near(self.key, texts, question.vector))
end

---How near each text is to a question, in parts of 10,000. Called in a task.
---@param text string the question
---@param texts string[]
---@param turn Turn|nil  whose budgets it is billed to
---@return {near: (integer|false)[]?, dims: integer?,
---  spent: {calls: integer, usage: table, money: integer?, took: integer?}} answer  without near: an error
---@return Error|nil
function Embedder:near(text, texts, turn)
  local question = {
    text = cut(text), turn = turn, fetch = (turn and turn.engine.client or client).fetch,
    until_then = sys.monotonic() + PATIENCE,
    spent = { calls = 0, usage = { prompt = 0, completion = 0 } },
  }
  local found, err = near(self, cut_all(texts), question)
  return { near = found, dims = question.dims, spent = question.spent }, err
end

---What is kept of it, opened when it is first needed.
---@return Vectors|nil
---@return Error|nil
function Embedder:cache()
  if not self.vectors then
    local err
    self.vectors, err = errors.check(vectors.open(self.path))
    return self.vectors, err
  end
  return self.vectors
end

local function profile_of(name, model, keys)
  local copy = {}
  for key, value in pairs(model) do
    copy[key] = value
  end
  copy.name, copy.keys = name, keys
  copy.deadlines, copy.caps = model.deadlines or DEADLINES, { body = BODY_MOST }
  copy.limiter = limiter.new(name, model.limits, model.breaker or BREAKER, sys.monotonic)
  return copy
end

---A text is not to be known any more.
---@param project table
---@param text string
function M.forget(project, text)
  local self = M.of(project)
  local cache = self and self:cache()
  if cache then
    cache:drop(self.key, { cut(text) })
  end
end

---Vectors of other embedders go.
---@param project table
function M.sweep(project)
  local self = M.of(project)
  local cache = self and self:cache()
  if cache then
    cache:keep(self.key)
  end
end

---The embedder that the organization names; nil when it names none.
---@param project table
---@return Embedder|nil
function M.of(project)
  local organization = project.config.organization
  local name = ((organization.process_rules or {}).memory or {}).embedder
  local model = name and organization.models[name]
  if not model or not M.speaks(model.shape) then
    return nil
  elseif not project.embedder or project.embedder.from ~= model then
    project.embedder = setmetatable({
      name = name, model = profile_of(name, model, organization.keys), from = model,
      key = model.base_url .. " " .. model.model,
      path = project.dir .. "/.orket/vectors.db", holds = hold.new(),
    }, Embedder)
  end
  return project.embedder
end

return M
