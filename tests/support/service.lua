-- service.lua: `orket serve` in a spec's project (tests/support/world.lua), and its clients.
--
--   local s <close> = service.start(w)
--   local reply = s:get("/v1/board")         -> {status, headers, text, body}

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

M.KEY = "a-key-of-the-specs-own"

local Service = {}
Service.__index = Service

local function sleep(seconds)
  require("luv").sleep(math.ceil(seconds * 1000))
end

---Waits until done() is true, 30 seconds at most by default.
function M.wait(done, seconds)
  for _ = 1, (seconds or 30) * 50 do
    local value = done()
    if value then
      return value
    end
    sleep(0.02)
  end
end

---Starts a server. options: {environment, arguments, binary, err}; err: where its log goes; environment: nil: with M.KEY as the key.
function M.start(w, options)
  options = options or {}
  local self = setmetatable({ w = w, out = w.dir .. "/.test/serve.out", err = options.err or w.dir .. "/.test/serve.err",
    key = M.KEY, n = 0 }, Service)
  os.execute("mkdir -p " .. w.dir .. "/.test")
  self.pid = orket.shell(string.format("cd %s; %s ORKET_MODEL_URL=%s %s serve --port 0 %s >%s 2>%s & echo $!",
    w.dir, options.environment or "ORKET_API_KEY=" .. M.KEY, w.url or "http://127.0.0.1:1/v1",
    options.binary or w.binary or orket.binary, options.arguments or "", self.out, self.err)):match("%d+")
  self.url = assert(M.wait(function()
    return orket.read(self.out):match("http:%S+") or self:ended() and error(orket.read(self.err))
  end), "the server did not start")
  self.port = tonumber(self.url:match(":(%d+)$"))
  return self
end

---A service that has run the epic `ep` of a world to this end: "done" when nil.
function M.ran(w, status)
  local self = M.start(w)
  local reply = self:post("/v1/cards/ep/execute")
  assert(reply.status == 202, reply.text)
  assert(M.wait(function() return self:get("/v1/runs/ep.1").body.status == (status or "done") end, 60))
  return self
end

-- Ended, though perhaps not buried yet.
local function is_over(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local state = file and file:read("a")
  if file then
    file:close()
  end
  if state and state:find(") Z ", 1, true) then -- its other threads may still hold its files
    return orket.shell("ls /proc/" .. pid .. "/task 2>/dev/null | wc -l"):match("%d+") + 0 < 2
  end
  return not state
end

function Service:ended()
  return is_over(self.pid)
end

---Ends it with SIGTERM, and waits: seconds that it took.
function Service:stop()
  local began = require("luv").hrtime()
  os.execute("kill -TERM " .. self.pid .. " 2>/dev/null")
  assert(M.wait(function() return self:ended() end), "the server did not end")
  return (require("luv").hrtime() - began) / 1e9
end

function Service:__close()
  os.execute("kill -KILL " .. self.pid .. " 2>/dev/null")
end

local function rows_of(self, kind)
  local rows = {}
  for line in orket.read(self.err):gmatch("([^\n]+)\n") do
    local row = cjson.decode(line)
    rows[#rows + 1] = (not kind or row.kind == kind) and row or nil
  end
  return rows
end

---What it logged, one table per line; of one kind when it is named.
---@param n integer|nil rows that are waited for: one is written behind its answer
function Service:log(kind, n)
  local rows
  assert(M.wait(function()
    rows = rows_of(self, kind)
    return #rows >= (n or 0)
  end), kind)
  return rows
end

local function parse(text)
  local head, body = text:match("^(.-)\r\n\r\n(.*)$")
  local reply = { status = tonumber(head:match("^HTTP/1.1 (%d+)")), headers = {}, text = body }
  for name, value in head:gmatch("\r\n([^:\r\n]+): ([^\r\n]*)") do
    reply.headers[name:lower()] = value
  end
  local ok, value = pcall(cjson.decode, body)
  reply.body = ok and value or nil
  return reply
end

---One request. headers: {"Name: value"}; with `bare` no key is sent.
function Service:request(method, path, headers, body, bare)
  local options = { "-si", "--max-time 20", "--path-as-is", method == "HEAD" and "-I" or "-X " .. method }
  if not bare then
    options[#options + 1] = "-H 'Authorization: Bearer " .. self.key .. "'"
  end
  for _, header in ipairs(headers or {}) do
    options[#options + 1] = "-H '" .. header .. "'"
  end
  if body then
    self.n = self.n + 1
    local file = self.w.dir .. "/.test/body." .. self.n
    orket.write(file, type(body) == "string" and body or cjson.encode(body))
    options[#options + 1] = "--data-binary @" .. file .. " -H 'Expect:'"
  end
  local text = orket.shell("curl " .. table.concat(options, " ") .. " '" .. self.url .. path .. "'")
  return parse(text)
end

function Service:get(path, headers)
  return self:request("GET", path, headers)
end

-- The schema of a success of an operation, whole: with the components that it refers to.
local function schema_of(document, path, method)
  local operation = document.paths[path][method]
  for status, response in pairs(operation.responses) do
    local content = status:find("^2") and response.content["application/json"]
    if content then
      local whole = { ["$defs"] = document.components.schemas, allOf = { content.schema } }
      return (cjson.encode(whole):gsub("#\\/components\\/schemas\\/", "#/$defs/"))
    end
  end
end

---The body of a GET that has to succeed, held against the schema that openapi.json promises.
---@param template string the path as the document has it
---@param path string|nil as it is sent, when it is another one
function Service:checked(template, path)
  self.document = self.document or self:get("/openapi.json").body
  local reply = self:get(path or template)
  assert(reply.status == 200, reply.text)
  local fits = orket.try("schema", { ('{"schema":%s,"value":%s}'):format(
    schema_of(self.document, template, "get"), reply.text) })[1]
  assert(fits.valid, template .. ": " .. cjson.encode(fits))
  return reply.body
end

---Posts a value as JSON.
function Service:post(path, body, headers)
  headers = table.move(headers or {}, 1, #(headers or {}), 2, { "Content-Type: application/json" })
  return self:request("POST", path, headers, body or "{}")
end

---Follows events in the background: {text(): what came, events(): {{id, event, data}}, stop()}.
function Service:follow(path, headers)
  self.n = self.n + 1
  local file = self.w.dir .. "/.test/stream." .. self.n
  local more = {}
  for i, header in ipairs(headers or {}) do
    more[i] = "-H '" .. header .. "'"
  end
  local pid = orket.shell(("curl -sN --max-time 60 -H 'Accept: text/event-stream' -H 'Authorization: Bearer %s' %s '%s%s' >%s 2>&1 & echo $!")
    :format(self.key, table.concat(more, " "), self.url, path, file)):match("%d+")
  local stream = {}
  function stream.text()
    return orket.read(file)
  end
  function stream.events()
    local list = {}
    for block in stream.text():gmatch("(.-)\n\n") do
      local event = { id = tonumber(block:match("id: (%d+)")), event = block:match("event: ([^\n]*)") }
      local data = block:match("data: ([^\n]*)")
      event.data = data and cjson.decode(data)
      list[#list + 1] = event.event and event or nil
    end
    return list
  end
  function stream.ended()
    return is_over(pid)
  end
  function stream.stop()
    os.execute("kill " .. pid .. " 2>/dev/null")
  end
  M.wait(function() return stream.text():find("retry:", 1, true) end)
  return stream
end

return M
