-- world.lua: a project of a spec's own with a model that is a script: the binary is run over it as a
-- person would, and what it did is read from its journal.
--
--   local w <close> = world.new({ issues = {...}, mock = "function work(talk) … end" })
--   local text, code = w:run()

local cjson = require("cjson")
local uv = require("luv")
local orket = dofile("tests/support/orket.lua")
local terminal = dofile("tests/support/terminal.lua")

local M = {}

local World = {}
World.__index = World

local TEAM = {
  name = "Team",
  seats = {
    dev = { name = "Dev", roles = { "coder" } },
    lead = { name = "Lead", roles = { "lead_architect" } },
    guard = { name = "Guard", roles = { "integrity_guard" } },
  },
}

local function issue_of(issue, i)
  issue.id = issue.id or "I-" .. i
  issue.name = issue.name or "Issue " .. issue.id
  issue.seat = issue.seat or "dev"
  return issue
end

local function write_json(self, path, value)
  orket.write(self.dir .. "/" .. path, cjson.encode(value) .. "\n")
end

local function serve(self, mock, before)
  orket.write(self.dir .. "/.test/mock.lua", (before or orket.read("tests/support/play.lua")) .. mock)
  local out = self.dir .. "/.test/mock.out"
  local pid = orket.shell(string.format("RECORDS=%s/.test/ ORKET_LUA=%s %s mock-llm %s/.test/mock.lua >%s 2>&1 & echo $!",
    self.dir, M.recorder, orket.binary, self.dir, out))
  self.mock = pid:match("%d+")
  assert(M.wait(function()
    self.url = orket.read(out):match("http:%S+")
    return self.url
  end), "the mock did not start: " .. orket.read(out))
end

---options: binary and environment of the commands under test; issues, mock (text), limits, gate (rules),
---rules (more process rules), architecture, governance and source (of the epic), model (more fields), models
---(more of them), team, epics (more), files
function M.new(options)
  local self = setmetatable({
    dir = orket.directory(), binary = options.binary or M.binary, environment = options.environment or "",
  }, World)
  self:write("config/organization.json", cjson.encode({
    name = "Test", architecture = options.architecture, models = M.merged({
      m = M.merged({ base_url = "http://127.0.0.1:1/v1", model = "mock" }, options.model),
    }, options.models),
    process_rules = M.merged({ limits = M.merged({ concurrency = 2, drain = 0, disk = 0 }, options.limits),
      gate = options.gate }, options.rules),
  }))
  write_json(self, "config/teams/t.json", options.team or TEAM)
  write_json(self, "config/environments/e.json", { name = "E" })
  for i, issue in ipairs(options.issues) do
    issue_of(issue, i)
  end
  write_json(self, "config/epics/ep.json", { name = "Epic", team = "t", environment = "e",
    issues = options.issues,
    architecture_governance = options.governance, source = options.source })
  for path, text in pairs(options.files or {}) do
    self:write(path, text)
  end
  serve(self, options.mock)
  return self
end

function M.merged(base, more)
  for key, value in pairs(more or {}) do
    base[key] = value
  end
  return base
end

function M.sleep(seconds)
  uv.sleep(math.ceil(seconds * 1000))
end

function World:write(path, text)
  orket.write(self.dir .. "/" .. path, text)
end

function World:read(path)
  return orket.read(self.dir .. "/" .. path)
end

function World:exists(path)
  local file = io.open(self.dir .. "/" .. path, "rb")
  return file ~= nil and file:close()
end

---A copy of a project, whose model is the script `mock` alone.
---@param from string directory
---@param mock string
function M.copy(from, mock)
  local self = setmetatable({ dir = orket.directory(), binary = M.binary, environment = "" }, World)
  orket.shell("cp -R " .. from .. "/. " .. self.dir)
  serve(self, mock, "")
  return self
end

---A file of the epic's tree, or nil.
function World:made(path)
  path = "workspace/ep/tree/" .. path
  return self:exists(path) and self:read(path) or nil
end

function World:command(arguments)
  return string.format("cd %s && ORKET_MODEL_URL=%s %s timeout 100 %s %s", self.dir, self.url,
    self.environment,
    self.binary, arguments)
end

---Runs `orket ARGUMENTS` in the project: text of both streams, exit code.
function World:orket(arguments)
  return orket.shell(self:command(arguments) .. " 2>&1")
end

---The same by a person at a terminal: see terminal.play.
function World:typed(arguments, steps, window)
  return terminal.play(string.format("cd %s && exec env ORKET_MODEL_URL=%s %s %s %s", self.dir, self.url,
    self.environment, self.binary,
    arguments), steps, window)
end

function World:run(arguments)
  return self:orket("run --plain " .. (arguments or "ep"))
end

---Runs `orket COMMAND` with the faulty binary until it dies at this point (core/base/fault.h).
---@param command string
---@param point string "permit_before:1"
---@return boolean whether it came to that point
function World:command_killed(command, point)
  local binary, environment = self.binary, self.environment
  self.binary, self.environment = M.faulty, environment .. " ORKET_FAULT=" .. point .. ":kill"
  local _, code = self:orket(command)
  self.binary, self.environment = binary, environment
  return code == 137
end

---The same with `orket run`.
---@param point string
---@param arguments string|nil
---@return boolean
function World:killed(point, arguments)
  return self:command_killed("run --plain " .. (arguments or "ep"), point)
end

---The same at each of these points in turn, which the run has to come to.
---@param points string[]
---@param arguments string|nil
function World:killed_at(points, arguments)
  for _, point in ipairs(points) do
    assert(self:killed(point, arguments), "the run did not come to " .. point)
  end
end

---Starts `orket run` in the background: a handle with wait() -> text, code and kill(signal).
function World:start(arguments)
  local out = self.dir .. "/.test/run.out"
  os.remove(out .. ".code")
  os.remove(out .. ".pid")
  local pid = orket.shell(string.format("cd %s; { ORKET_MODEL_URL=%s %s %s run --plain %s >%s 2>&1 & echo $! >%s.pid; wait $!; echo $? >%s.code; } "
    .. ">/dev/null 2>&1 & until [ -s %s.pid ]; do sleep 0.01; done; cat %s.pid", self.dir, self.url,
      self.environment, self.binary,
    arguments or "ep", out, out, out, out, out)):match("%d+")
  local run = {}
  function run.kill(signal)
    os.execute("kill -" .. signal .. " " .. pid .. " 2>/dev/null")
  end
  function run.ended()
    local file = io.open(out .. ".code")
    return file ~= nil and file:close()
  end
  function run.wait(seconds)
    for _ = 1, (seconds or 30) * 100 do
      local file = io.open(out .. ".code")
      local code = file and tonumber(file:read("a"))
      if file then
        file:close()
      end
      if code then
        return orket.read(out), code
      end
      M.sleep(0.01)
    end
    run.kill("KILL")
    error("the run does not end:\n" .. orket.read(out))
  end
  return run
end

---Waits until done() is true: looks soon at first, then every 20 ms; on a busy machine for longer.
function M.wait(done, seconds)
  for i = 1, (seconds or 30) * 50 + 4 do
    if done() then
      return true
    end
    M.sleep(math.min(0.001 * 2 ^ i, 0.02))
  end
  return false
end

function World:events(kind)
  local events = {}
  for line in orket.shell(M.binary .. " log --json -n 1000000 -C " .. self.dir):gmatch("[^\n]+") do
    local event = cjson.decode(line)
    if not kind or event.kind == kind then
      events[#events + 1] = event
    end
  end
  return events
end

function World:card(id)
  local ok, card = pcall(cjson.decode,
    (orket.shell(M.binary .. " show --json -C " .. self.dir .. " " .. id .. " 2>/dev/null")))
  return ok and card or {} -- not there yet
end

---Moves of a card: {"ready>in_progress", …}
function World:moves(id)
  local moves = {}
  for _, event in ipairs(self:events("card.moved")) do
    if event.card == id then
      moves[#moves + 1] = event.body.from .. ">" .. event.body.to
    end
  end
  return moves
end

---The bytes of the n-th request that the model got; nil when there was none.
function World:request(n)
  local path = ".test/request." .. n
  return self:exists(path) and self:read(path) or nil
end

---What is asked for the nth time, or for a card, is not answered before it is released: a run that is surely
---under way until then, however late a spec is.
---@param what integer|string
function World:hold(what)
  self:write(".test/hold." .. what, "")
end

function World:release(what)
  os.remove(self.dir .. "/.test/hold." .. what)
end

---Starts a run and answers it when it waits for its nth request, which is released when the run is waited
---for, unless that was killed.
---@param n integer
---@param arguments string|nil
function World:held(n, arguments)
  self:hold(n)
  local run = self:start(arguments)
  assert(M.wait(function() return self:request(n) end), "no request " .. n)
  local kill, wait, killed = run.kill, run.wait, false
  function run.kill(signal)
    killed = true
    kill(signal)
  end
  function run.wait(seconds)
    if not killed then
      self:release(n)
    end
    return wait(seconds)
  end
  return run
end

function World:requests()
  local n = 0
  while self:exists(".test/request." .. n + 1) do
    n = n + 1
  end
  return n
end

function World:sql(query)
  return (orket.shell(string.format("sqlite3 %s/.orket/orket.db \"%s\"", self.dir, query)):gsub("%s+$", ""))
end

local JOINED = [[
WITH RECURSIVE part(id, bytes, more) AS (
  SELECT 0, bytes, more FROM blob WHERE CAST(bytes AS TEXT) LIKE '%s'
  UNION ALL SELECT piece.id, piece.bytes, iif(piece.more, piece.id + 1, NULL) FROM part JOIN piece ON piece.id = part.more)
SELECT group_concat(CAST(bytes AS TEXT), '') FROM part]]

---The whole text of the blob that begins like this: its row need not have more of it than 40 bytes.
---@param beginning string a pattern of LIKE, within those
function World:blob(beginning)
  return self:sql(JOINED:format(beginning .. "%"))
end

---The questions of yes or no that wait for a person.
function World:pending()
  local text, code = self:orket("approvals --json")
  return code == 0 and cjson.decode(text) or {} -- a run that has just begun has no board yet
end

---The whole journal hashed again, the board rebuilt.
function World:check()
  return orket.shell(M.binary .. " check " .. self.dir .. " 2>&1")
end

---A run is derived again, in both ways, to what was recorded.
function World:derives(run)
  for _, mode in ipairs({ "", "--strict " }) do
    local text, code = self:orket("replay " .. mode .. (run or "ep.1"))
    assert(code == 0 and text:find(", as recorded", 1, true), text)
  end
end

---That, and the board follows from the journal.
function World:replays(run)
  self:derives(run)
  local text, code = self:check()
  assert(code == 0, text)
end

function World:close()
  if self.mock then
    os.execute("kill " .. self.mock .. " 2>/dev/null")
  end
  if not os.getenv("KEEP") then
    orket.remove(self.dir)
  end
end

World.__close = World.close

local function absolute(path)
  return path:match("^/") and path or (orket.shell("pwd"):gsub("%s+$", "") .. "/" .. path)
end

M.orket = orket
-- A mock that writes a file and hands over.
M.WORKS = [[function work(talk) return steps(talk,
  function() return say(write("a.txt", "one\n")) end, function() return say(finish()) end) end]]
M.recorder = absolute("tests/support/recorder")
M.binary = absolute(orket.binary)
M.impatient = "ORKET_LUA=" .. absolute("tests/support/impatient") -- an environment: attempts follow at once
M.faulty = absolute(os.getenv("FAULTY") or "build/gcc-fault/orket") -- what make FAULT=1 builds
orket.binary = M.binary

return M
