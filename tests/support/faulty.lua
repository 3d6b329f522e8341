-- faulty.lua: the example run by the program with points of fault: killed or failed at one of them, run
-- again without, and held against the run that nothing happened to.
--
--   local bed <close> = faulty.new()
--   local try = bed:try("commit_before:3:kill")    -- {code, text, again, problems}

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

local Bed = {}
Bed.__index = Bed

local EXAMPLE = "examples/textkit"
local AGAIN = 4 -- runs after the faulty one; a card may have used up a retry, and then waits for a person

-- Trusted code that serves the mock and notes each request: the hash of its bytes.
local RECORDER = [[
local async, cli, hash, http = require("orket.async"), require("orket.cli"), require("orket.core.hash"), require("orket.core.http")
local listen, file = http.listen, assert(io.open(%q, "wb"))
http.listen = function(options, handler)
  return listen(options, function(request, response)
    if request.method == "POST" then
      file:write(hash.of(request.body), "\n")
      file:flush()
    end
    return handler(request, response)
  end)
end
return function(argv)
  return async.main(cli.run, argv)
end
]]

-- The team of the example, patient with a broken machine: what failed for no fault of its own it does again.
local PATIENT = [[
local DELAY = %d
local play = (function()
%s
end)()
local MACHINE = { ERR_IO = true, ERR_MEMORY = true, ERR_SCRIPT_MEMORY = true, ERR_STORE_FULL = true, ERR_DESCRIPTORS = true }

local function is_broken(result)
  local text = tostring(result.content)
  return text:find('"ok":false', 1, true) and MACHINE[text:match('"code":"([%%u_]+)"')]
end

-- A reply's results, which follow it.
local function results_of(messages, i)
  local results = {}
  while messages[i].role == "assistant" and messages[i + #results + 1] and messages[i + #results + 1].role == "tool" do
    results[#results + 1] = messages[i + #results + 1]
  end
  return results
end

-- Takes the results of a repetition in place of those that failed; answers the calls to be done again.
local function settle(messages)
  local kept, again, i = {}, {}, 1
  while messages[i] do
    local results, still = results_of(messages, i), {}
    if #again > 0 then -- a repetition: not seen by the play
      for k, result in ipairs(results) do
        again[k].result.content = result.content
        still[#still + 1] = is_broken(result) and again[k] or nil
      end
    else
      table.move(messages, i, i + #results, #kept + 1, kept)
      for k, result in ipairs(results) do
        still[#still + 1] = is_broken(result) and { call = messages[i].tool_calls[k]["function"], result = result } or nil
      end
    end
    again, i = still, i + #results + 1
  end
  return kept, again
end

return function(request)
  local again
  request.messages, again = settle(request.messages)
  local reply = #again > 0 and { calls = {} } or play(request)
  for k, one in ipairs(again) do
    reply.calls[k] = { name = one.call.name, arguments = one.call.arguments }
  end
  reply.delay_ms = DELAY
  return reply
end
]]

local function absolute(path)
  return path:match("^/") and path or (orket.shell("pwd"):gsub("%s+$", "")) .. "/" .. path
end

M.faulty = absolute(os.getenv("FAULTY") or "build/gcc-fault/orket")
M.release = absolute(orket.binary)

-- ---- the mock ----

local function serve(self)
  local team = PATIENT:format(self.delay, orket.read(EXAMPLE .. "/mock.lua"))
  orket.write(self.dir .. "/mock.lua", self.team and self.team(team) or team)
  orket.write(self.dir .. "/mock/orket/main.lua", RECORDER:format(self.dir .. "/requests"))
  local pid = orket.shell(string.format("ORKET_LUA=%s/mock %s mock-llm --port 0 %s/mock.lua >%s/mock.out 2>&1 & echo $!",
    self.dir, M.release, self.dir, self.dir))
  self.mock = pid:match("%d+")
  for _ = 1, 1000 do
    self.url = orket.read(self.dir .. "/mock.out"):match("http:%S+")
    if self.url then
      return
    end
    os.execute("sleep 0.02")
  end
  error("the mock did not start: " .. orket.read(self.dir .. "/mock.out"))
end

-- Requests since the last question: how often each of them.
local function asked(self)
  local file = assert(io.open(self.dir .. "/requests", "rb"))
  file:seek("set", self.read or 0)
  local times = {}
  for line in file:lines() do
    times[line] = (times[line] or 0) + 1
  end
  self.read = file:seek("cur")
  file:close()
  return times
end

-- ---- runs ----

---A new copy of the example; answers its directory.
function Bed:project()
  self.count = self.count + 1
  local dir = self.dir .. "/p" .. self.count
  assert(os.execute("cp -R " .. EXAMPLE .. " " .. dir))
  if self.prepare then
    self.prepare(dir)
  end
  return dir
end

local PATIENCE = "timeout --foreground -k 5 60" -- what takes longer hangs: exit code 124
-- Wakes a program that has stopped itself.
local WOKEN = [[sh -c '"$@" & pid=$!; for i in $(seq 3000); do
case $(cut -d" " -f3 /proc/$pid/stat 2>/dev/null) in T) kill -CONT $pid; break;; ""|Z) break;; esac; sleep 0.01; done; wait $pid' sh]]

---Runs the example in a directory: exit code, standard output, standard error.
---@param dir string
---@param options {fault: string?, kill: number?, arguments: string?, binary: string?, limit: string?}?
---  kill: after so many
---seconds; limit: of the shell, as "ulimit -n 20"
function Bed:run(dir, options)
  options = options or {}
  local within = options.kill and string.format("timeout --foreground -s KILL %.4f", options.kill) or PATIENCE
  within = (options.fault or ""):find(":stop$") and WOKEN or within
  local _, code = orket.shell(string.format("cd %s && exec 2>err; %s; ORKET_MODEL_URL=%s %s ORKET_FAULT='%s' %s %s %s >out; exit $?",
    dir, options.limit or ":", self.url, self.environment or "", options.fault or "", within, options.binary
      or M.faulty,
    options.arguments or "run --json textkit"))
  code = options.kill and code == 124 and 137 or code -- it ended in the very moment of the kill
  return code, orket.read(dir .. "/out"), orket.read(dir .. "/err")
end

-- Each line is whole JSON; one that is not is noted.
local function lines_of(text, problems)
  local values = {}
  for line in text:gmatch("([^\n]*)\n") do
    local ok, value = pcall(cjson.decode, line)
    values[#values + 1] = ok and value or nil
    if problems and not ok then
      problems[#problems + 1] = "a line is no JSON: '" .. line:sub(1, 300) .. "'"
    end
  end
  return values
end

---@return table[] every event of the journal
function Bed:events(dir)
  return lines_of((orket.shell(M.release .. " log --json -n 1000000 -C " .. dir .. " 2>/dev/null")))
end

-- ---- what a run came to ----

-- Kinds that belong to an attempt, not to what the run came to.
local OF_ATTEMPTS = {
  ["run.started"] = true, ["run.resumed"] = true, ["run.ended"] = true, ["scripts.loaded"] = true,
  ["step.failed"] = true, ["turn.abandoned"] = true, ["call.allowed"] = true,
  ["operation.settled"] = true,
}

-- What a reply that the host broke off has cost shows in these fields.
local COSTS = { ["turn.ended"] = { "calls", "tokens_in", "tokens_out" }, ["step.reply"] = { "attempt" } }

-- These differ from run to run: a verdict's report has times, and what it ran has one.
local function without_times(kind, body)
  if kind == "verify.done" then
    body.report = nil
    body.ran = body.ran and { argv = body.ran.argv, wall = body.ran.wall }
  end
  return body
end

-- An id that a mock gives counts messages, which is the same in every run.
local function canonical(event, costless)
  local body = without_times(event.kind, event.body)
  for _, field in ipairs(costless and COSTS[event.kind] or {}) do
    body[field] = nil
  end
  return table.concat({ event.kind, event.card or "", event.role or "", event.actor, cjson.encode(body) },
    " ")
end

---What a run came to, as texts to be compared: of each card its events in order, the board, the files.
---@param dir string
---@param costless boolean?  without what replies that were broken off have cost
function Bed:facts(dir, costless)
  local events, cards = self:events(dir), {}
  for _, event in ipairs(events) do
    if event.card and not OF_ATTEMPTS[event.kind] then
      local state = event.kind == "tree.merged" and event.body -- which merge came first is no matter
      if state then
        state.hash, state.was = nil, nil
      end
      cards[event.card] = (cards[event.card] or "") .. canonical(event, costless) .. "\n"
    end
  end
  return {
    cards = cards,
    board = orket.shell(string.format("sqlite3 %s/.orket/orket.db 'SELECT id, status, retry_count FROM card ORDER BY id' 2>&1", dir)),
    files = orket.shell(string.format("cd %s/workspace && find . -type f | LC_ALL=C sort | xargs sha256sum",
      dir)),
  }
end

local function first_difference(a, b)
  local left, right = a:gmatch("[^\n]*"), b:gmatch("[^\n]*")
  for line in left do
    local other = right()
    if line ~= other then
      return line:sub(1, 300) .. "\n  instead of\n  " .. tostring(other):sub(1, 300)
    end
  end
  return "it has more"
end

local function compare(problems, what, is, expected)
  if is ~= expected then
    problems[#problems + 1] = what .. ": " .. first_difference(is, expected)
  end
end

---What differs from the run that nothing happened to.
function Bed:compare(dir, problems, costless)
  local facts, whole = self:facts(dir, costless), costless and self.costless or self.whole
  compare(problems, "board", facts.board, whole.board)
  compare(problems, "files", facts.files, whole.files)
  for card, text in pairs(whole.cards) do
    compare(problems, "events of " .. card, facts.cards[card] or "", text)
  end
end

-- Everything that a --json line told before has to be in the journal.
local function check_told(self, dir, told, problems)
  local there = {}
  for _, event in ipairs(self:events(dir)) do
    there[event.seq] = event
  end
  for _, event in ipairs(told) do
    local found = event.seq and there[event.seq]
    if event.seq and not (found and found.kind == event.kind and found.n == event.n
      and cjson.encode(found.body) == cjson.encode(event.body)) then
      problems[#problems + 1] = "told and not in the journal: " .. cjson.encode(event):sub(1, 300)
    end
  end
end

-- The same bytes as in the unkilled run, and none once more that the journal could answer.
local function check_requests(self, times, kills, problems)
  local more = 0
  for request, n in pairs(times) do
    if not self.requests[request] then
      problems[#problems + 1] = "a request that the unkilled run never sent"
    end
    more = more + math.max(0, n - (self.requests[request] or 0))
  end
  if more > 3 * kills then -- three cards at once, of each the request that is under way
    problems[#problems + 1] = more .. " requests were sent again after " .. kills .. " kills"
  end
end

-- The team's plays are written for one course of things: after a tool that failed and worked, or a turn that
-- was lost half-way, a player may find its files not as expected, and asks a person. That is the engine's
-- doing well.
function Bed:has_excused(dir)
  return orket.shell(string.format("sqlite3 %s/.orket/orket.db \"SELECT count(*) FROM card WHERE status = "
    .. "'waiting_for_developer' AND wait_reason = 'input'\"", dir)) ~= "0\n"
end

local MACHINE = { ERR_IO = true, ERR_MEMORY = true, ERR_STORE = true, ERR_STORE_FULL = true,
  ERR_STORE_READONLY = true,
  ERR_STORE_BUSY = true, ERR_STORE_CORRUPT = true, ERR_JAIL = true, ERR_NET = true, ERR_LIBRARY = true,
    ERR_DESCRIPTORS = true }

-- How the run with the fault ended: never with a crash, and what is told says that the machine failed, and
-- the cure.
local function check_end(code, err, problems)
  local crashed = code == 134 or code == 139 or code == 135 or code == 136
  if crashed or code == 124 then
    problems[#problems + 1] = (crashed and "crashed with " .. code or "hangs") .. ": " .. err
  end
  if err:find("Sanitizer", 1, true) then
    problems[#problems + 1] = err
  end
  local told = false
  for name in err:gmatch("ERR_[%u_]+") do
    told = told or MACHINE[name]
  end
  if code == 1 and not (told and err:find("fix: ", 1, true)) then
    problems[#problems + 1] = "an error without its code or a cure: " .. err
  end
end

---Runs the example with a fault, then without until it is done; what is wrong with what came out.
---@param fault string of ORKET_FAULT
---@param options {kill: number?, retries: boolean?}?  kill: after so many seconds; retries: a failure may
---  cost a
---card a retry, so that the events are not those of the unkilled run
function Bed:try(fault, options)
  options = options or {}
  local dir, problems = self:project(), {}
  asked(self) -- what was before is no matter
  local code, out, err = self:run(dir, { fault = fault, kill = options.kill })
  local told, runs, again = lines_of(out, problems), 0, code
  check_end(code, err, problems)
  local said = err
  while again ~= 0 and runs < AGAIN do
    if again == 3 then -- what waits for a person is tried again
      orket.shell(string.format("cd %s && for c in TK-1 TK-2 TK-3 TK-4 TK-5 TK-6 TK-7; do %s retry $c; done 2>&1", dir, M.release))
    end
    runs = runs + 1
    local text
    again, text, err = self:run(dir)
    for _, event in ipairs(lines_of(text, problems)) do
      told[#told + 1] = event
    end
  end
  local gave_up = options.retries and again == 3 and self:has_excused(dir)
  if again ~= 0 and not gave_up then
    problems[#problems + 1] = "does not complete: " .. again .. " " .. err
  end
  check_told(self, dir, told, problems)
  local times = asked(self)
  if not options.retries then
    self:compare(dir, problems)
    check_requests(self, times, 1, problems)
  elseif not gave_up then
    compare(problems, "files", self:facts(dir).files, self.whole.files)
  end
  for _, command in ipairs({ "check " .. dir, "replay --strict -C " .. dir .. " textkit.1" }) do
    local report, sound = orket.shell(M.release .. " " .. command .. " 2>&1")
    if sound ~= 0 then
      problems[#problems + 1] = "orket " .. command .. ": " .. report
    end
  end
  if #problems == 0 and not os.getenv("KEEP") then
    orket.remove(dir)
  end
  return { code = code, text = out, err = said, runs = runs, again = again, gave_up = gave_up,
    problems = problems, dir = dir }
end

-- Kinds of an agent's own failures: the host's are none of them. What a reply that it broke off has cost is
-- noted.
local BLAMED = { ["turn.failed"] = true, ["step.failed"] = true }

local function notes_cost(event)
  return event.kind == "step.failed" and MACHINE[event.body.code] and event.body.usage ~= nil
end

---Runs the example with a fault of the host and, when it is lifted, until it is done: without a retry,
---without an answer of a person, with the events of the undisturbed run and no others. What is wrong with
---what came out.
---@param case {fault: string?, limit: string?, prepare: fun(dir)?, lift: fun(dir)?, clean: fun(dir)?}
---  fault: of ORKET_FAULT
function Bed:sweep(case)
  local dir, problems = self:project(), {}
  asked(self)
  if case.prepare then
    case.prepare(dir)
  end
  local code, out, err = self:run(dir, { fault = case.fault, limit = case.limit })
  local told, again, runs, last = lines_of(out, problems), code, 0, err
  check_end(code, err, problems)
  if code == 137 and not (case.fault or ""):find(":kill$") then
    problems[#problems + 1] = "hangs: " .. err:sub(1, 1000)
  end
  if case.lift then
    case.lift(dir)
  end
  while again ~= 0 and runs < AGAIN do
    local text
    again, text, last = self:run(dir)
    runs = runs + 1
    table.move(lines_of(text, problems), 1, #text, #told + 1, told)
  end
  if again ~= 0 then
    problems[#problems + 1] = (again == 3 and "waits for a person: " or "does not complete: " .. again .. " ")
      .. last
  end
  check_told(self, dir, told, problems)
  local costless = false
  for _, event in ipairs(self:events(dir)) do
    costless = costless or notes_cost(event)
    if BLAMED[event.kind] and not notes_cost(event) then
      problems[#problems + 1] = "recorded against an agent: " .. event.kind .. " "
        .. cjson.encode(event.body):sub(1, 300)
    end
  end
  self:compare(dir, problems, costless)
  check_requests(self, asked(self), 1, problems)
  for _, command in ipairs({ "check " .. dir, "replay --strict -C " .. dir .. " textkit.1" }) do
    local report, sound = orket.shell(M.release .. " " .. command .. " 2>&1")
    if sound ~= 0 then
      problems[#problems + 1] = "orket " .. command .. ": " .. report
    end
  end
  if case.clean then
    case.clean(dir)
  end
  if #problems == 0 and not os.getenv("KEEP") then
    orket.remove(dir)
  end
  return { code = code, text = out, err = err, runs = runs, again = again, problems = problems, dir = dir }
end

---Runs the example with a fault; once it is under way, a person comments. Exit codes of both.
function Bed:commented(dir, fault)
  local out = orket.shell(string.format([[cd %s; exec 2>err; ORKET_MODEL_URL=%s ORKET_FAULT='%s' %s run --json textkit >out & pid=$!
until [ -s out ] || ! kill -0 $pid; do sleep 0.01; done
%s comment TK-7 'mind the gap'; said=$?; wait $pid; echo $? $said]], dir, self.url, fault, M.faulty, M.release))
  local run, comment = out:match("(%d+) (%d+)%s*$")
  return tonumber(run), tonumber(comment)
end

-- What a recorder wrote: how often each point was hit, and the stacks that allocate or call the system.
local function recorded(path)
  local points, sites = {}, {}
  for kind, name, count, what, frames in orket.read(path):gmatch("(%a+) (%S+) (%d+) ?(%S*)([^\n]*)\n") do
    if kind == "point" then
      points[name] = tonumber(count)
    else
      sites[#sites + 1] = { stack = name, count = tonumber(count), what = what, frames = frames }
    end
  end
  return points, sites
end

---How often the example hits each point; and the stacks that allocate or call the system.
---@param dir string? a project that is there already
---@param commented boolean? a person comments meanwhile
---@return table<string, integer> points
---@return {stack: string, count: integer, what: string, frames: string}[] sites  frames: for `addr2line -fe`
function Bed:record(dir, commented)
  local path = self.dir .. "/record"
  if commented then
    self:commented(dir or self:project(), "record:" .. path)
  else
    self:run(dir or self:project(), { fault = "record:" .. path })
  end
  asked(self)
  return recorded(path)
end

---The stacks of another command that allocate or call the system.
---@param dir string
---@param arguments string
---@return table[] sites as of record
function Bed:sites(dir, arguments)
  self:run(dir, { fault = "record:" .. self.dir .. "/record", arguments = arguments })
  return select(2, recorded(self.dir .. "/record"))
end

---@return {name: string, acts: string, place: string, meaning: string}[]
function M.points()
  return lines_of((orket.shell(M.faulty .. " faults --json")))
end

---A bed with the example's mock, and the facts of a run that nothing happens to.
---@param delay integer? milliseconds that the mock thinks
---@param options {team: (fun(text: string): string)?, prepare: fun(dir: string)?, environment: string?}?
---  team: makes another team of the example's; prepare: changes each new project; environment: of each command
function M.new(delay, options)
  local self = setmetatable({ dir = orket.directory(), count = 0, delay = delay or 0 }, Bed)
  for key, value in pairs(options or {}) do
    self[key] = value
  end
  serve(self)
  local dir = self:project()
  local code, _, err = self:run(dir)
  assert(code == 0, err)
  self.whole, self.costless, self.requests = self:facts(dir), self:facts(dir, true), asked(self)
  return self
end

function Bed:close()
  os.execute("kill " .. self.mock .. " 2>/dev/null")
  if not os.getenv("KEEP") then
    orket.remove(self.dir)
  end
end

Bed.__close = Bed.close
M.orket = orket

return M
