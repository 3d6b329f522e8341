-- mock_server.lua: an endpoint around a script that plays the model, with OpenAI's API, Anthropic's and
-- Gemini's. The script sees one request, in OpenAI's form, and nothing else; the counters of /stats are for
-- tests to look at and never reach it.

local async = require("orket.async")
local box = require("orket.core.box")
local cjson = require("cjson")
local http = require("orket.core.http")
local replies = require("orket.dev.mock.reply")
local shapes = require("orket.dev.mock.shape")

local mock_anthropic = require("orket.dev.mock.mock_anthropic")
local mock_gemini = require("orket.dev.mock.mock_gemini")
local embeds = require("orket.dev.mock.embed")

local M = {}

local JSON = { ["Content-Type"] = "application/json" }
local EVENTS = { ["Content-Type"] = "text/event-stream", ["Cache-Control"] = "no-cache" }
local SCRIPT_MEMORY = 64 << 20
local SCRIPT_LIMITS = { steps = 50000000, ms = 1000 }

local Mock = {}
Mock.__index = Mock

local function send(response, status, value, headers)
  local all = { ["Content-Type"] = "application/json" }
  for name, text in pairs(headers or {}) do
    all[name] = text
  end
  response:send(status, all, cjson.encode(value))
end

local function refuse(response, status, message, kind, headers, speech)
  send(response, status, (speech or replies).fault(status, message, kind), headers)
end

local FAULTS = { [429] = "rate_limit_error", [401] = "authentication_error", [400] = "invalid_request_error" }

-- status, retry_after: an error on demand.
local function send_fault(self, response, answer, speech)
  self.stats.faults = self.stats.faults + 1
  local headers = answer.retry_after and { ["Retry-After"] = ("%.0f"):format(answer.retry_after) } or nil
  refuse(response, answer.status, answer.content or "asked for by the script",
    FAULTS[answer.status] or "server_error", headers, speech)
end

-- A reply that breaks off counts as far as it came; usage is nil when nothing did.
local function count(self, usage, streamed)
  local stats = self.stats
  stats.replies = stats.replies + 1
  stats.streams = stats.streams + (streamed and 1 or 0)
  stats.prompt_tokens = stats.prompt_tokens + (usage and usage.prompt_tokens or 0)
  stats.completion_tokens = stats.completion_tokens + (usage and usage.completion_tokens or 0)
end

local function send_whole(self, response, reply, speech)
  local text = speech.whole(reply)
  if not reply.cut_after then
    response:send(200, JSON, text)
    return
  end
  self.stats.faults = self.stats.faults + 1
  response:start(200, JSON)
  response:write(text:sub(1, math.min(reply.cut_after, #text - 1)))
  response:abort()
end

local function send_events(self, response, reply, events, pace)
  response:start(200, EVENTS)
  if pace == 0 and not reply.cut_after then
    response:write(table.concat(events))
    response:finish()
    return
  end
  for i, event in ipairs(events) do
    if reply.cut_after and i > reply.cut_after then
      self.stats.faults = self.stats.faults + 1
      response:abort()
      return
    end
    if not async.await(response.write, response, event) then
      return -- the client left
    elseif pace > 0 then
      async.sleep(pace / 1000)
    end
  end
  response:finish()
end

local function usage_of(request, reply, speech)
  local broken = reply.cut_after or reply.malformed == true
  if not broken then
    return reply.usage
  elseif request.stream == true then
    return speech.broken(request, reply, reply.cut_after or math.huge)
  end
end

local function complete(self, request, response, speech)
  local answer, message = self.script:call("reply", { request }, SCRIPT_LIMITS)
  local fault = shapes.fault(self.shape, answer, message)
  if fault then
    refuse(response, 500, fault, "script_error", nil, speech)
    return
  end
  if answer.delay_ms and not self.fast then
    async.sleep(answer.delay_ms / 1000)
  end
  if not response:is_open() then
    return
  elseif answer.status and answer.status ~= 200 then
    send_fault(self, response, answer, speech)
    return
  end
  local reply = replies.complete(request, answer)
  count(self, usage_of(request, reply, speech), request.stream == true)
  if request.stream == true then
    local pace = self.fast and 0 or answer.pace_ms or self.pace
    send_events(self, response, reply, speech.events(reply, request), pace)
  else
    send_whole(self, response, reply, speech)
  end
end

local function answer(self, request, response, speech)
  local task = async.spawn(function()
    self.stats.open = self.stats.open + 1
    local ok, err = xpcall(complete, debug.traceback, self, request, response, speech)
    self.stats.open = self.stats.open - 1
    if not ok and response:is_open() then
      io.stderr:write("orket: ", tostring(err), "\n")
      response:abort()
    end
  end)
  response:on_gone(function()
    async.cancel(task)
  end)
end

-- What speaks an API, as a handler. A body of the wrong types is the client's fault as any other.
local function speaking(speech)
  return function(self, request, response)
    local body = cjson.decode(request.body)
    local fine, asked, fault = type(body) == "table", nil, "the body is no JSON object"
    if fine then
      fine, asked, fault = pcall(speech.read, body, request.path)
    end
    if not fine or not asked then
      refuse(response, 400, fault or "the body has values of the wrong types", "invalid_request_error", nil,
        speech)
      return
    end
    answer(self, asked, response, speech)
  end
end

-- ---- vectors ----

-- What the script's embed(texts) says instead: a status, a delay, or a body of its own.
local function send_vectors(self, response, texts, whole)
  local said = self.embeds and self.script:call("embed", { texts }, SCRIPT_LIMITS)
  said = type(said) == "table" and said or {}
  local fault = shapes.fault(self.shape, said)
  if fault then
    return refuse(response, 500, fault, "script_error")
  end
  if said.delay_ms and not self.fast then
    async.sleep(said.delay_ms / 1000)
  end
  if not response:is_open() then
    return
  elseif said.status and said.status ~= 200 then
    return send_fault(self, response, said)
  end
  response:send(200, JSON, type(said.body) == "string" and said.body or cjson.encode(whole))
end

local function embed(self, request, response)
  local body = cjson.decode(request.body)
  local fine, made = pcall(embeds.answer, embeds.speech(request.path), body, self.meanings)
  if not fine then
    return refuse(response, 400, "the body is no request for vectors", "invalid_request_error")
  end
  self.stats.vectors = self.stats.vectors + #made.texts
  self.stats.prompt_tokens = self.stats.prompt_tokens + made.tokens
  local task = async.spawn(send_vectors, self, response, made.texts, made.body)
  response:on_gone(function()
    async.cancel(task)
  end)
end

local function models(_, _, response)
  send(response, 200, {
    object = "list", data = { { id = "mock", object = "model", created = 0, owned_by = "orket" } },
  })
end

local function stats(self, _, response)
  send(response, 200, self.stats)
end

local ROUTES = {
  ["/chat/completions"] = { POST = speaking(replies) },
  ["/messages"] = { POST = speaking(mock_anthropic) },
  ["/embeddings"] = { POST = embed },
  ["/models"] = { GET = models },
  ["/stats"] = { GET = stats },
}

local GENERATE, EMBED = { POST = speaking(mock_gemini) }, { POST = embed }
local VERBS = { generateContent = GENERATE, streamGenerateContent = GENERATE, batchEmbedContents = EMBED }

local function methods_of(path)
  local version, verb = path:match("^/(v1%a*)/models/[^:]+:(%a+)$")
  if (version == "v1" or version == "v1beta") and VERBS[verb] then
    return VERBS[verb]
  end
  return ROUTES[path:gsub("^/v1", "", 1)]
end

local function route(self, request, response)
  self.stats.requests = self.stats.requests + 1
  local methods = methods_of(request.path)
  if not methods then
    refuse(response, 404, "no such path: " .. request.path, "invalid_request_error")
  elseif not methods[request.method] then
    refuse(response, 405, request.method .. " is not for " .. request.path, "invalid_request_error",
      { Allow = (next(methods)) })
  else
    methods[request.method](self, request, response)
  end
end

-- A script returns its function, or a table with it, or just defines it.
local function prepare(name, source)
  return box.prepare(name, "local made = (function() " .. source .. "\nend)() "
    .. "if made == nil then made = reply end "
    .. "if type(made) == 'function' then made = { reply = made, embed = embed, synonyms = synonyms } end "
    .. "return made", { mem = SCRIPT_MEMORY })
end

---Starts a mock. options: {host?, port?, fast?, pace? (ms between events)}.
---@param name string of the script, for messages
---@param source string its text
---@param options table
---@return table|nil mock {url, close()}
---@return string? message
function M.start(name, source, options)
  local script, message = prepare(name, source)
  if not script then
    return nil, message
  end
  local about = script:describe()
  if type(about) ~= "table" or type(about.reply) ~= "table" or about.reply.type ~= "function" then
    return nil, name .. ": a mock script defines reply(request)"
  end
  local self = setmetatable({ script = script, fast = options.fast, pace = options.pace or 0,
    shape = shapes.compiled() }, Mock)
  self.meanings = embeds.meanings(type(about.synonyms) == "table" and about.synonyms or nil)
  self.embeds = type(about.embed) == "table" and about.embed.type == "function"
  self.stats = {
    vectors = 0, requests = 0, replies = 0, streams = 0, faults = 0, open = 0, prompt_tokens = 0,
    completion_tokens = 0,
  }
  local host = options.host or "127.0.0.1"
  self.server, message = http.listen({ host = host, port = options.port or 0, body = 64 << 20,
    connections = 20000 },
    function(request, response)
      route(self, request, response)
    end)
  if not self.server then
    return nil, message
  end
  self.url = ("http://%s:%d/v1"):format(host:find(":", 1, true) and "[" .. host .. "]" or host,
    self.server:port())
  return self
end

---Stops listening and drops every connection.
function Mock:close()
  self.server:close()
end

return M
