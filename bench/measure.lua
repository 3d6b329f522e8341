-- measure.lua: what the scripts of bench/evidence/ share: a fake model that runs beside, a command's cost
-- seen from outside, the weight of a process, medians, and a report of figures against their limits.
--
-- ORKET is the binary, BENCH the folder of bench programs.

local cjson = require("cjson")

local M = {}

M.orket = os.getenv("ORKET") or "build/orket"
M.programs = os.getenv("BENCH") or "build/gcc/bench"

---A size from the environment.
function M.number(name, otherwise)
  local number = math.tointeger(tonumber(os.getenv(name) or otherwise))
  return assert(number and number > 0 and number, name .. "= is a whole number")
end

---@return string text
---@return boolean ok
function M.shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("a")
  return text, pipe:close() == true
end

function M.sleep(seconds)
  os.execute("sleep " .. seconds)
end

---Seconds by the clock.
function M.now()
  return tonumber((M.shell("date +%s.%N")))
end

function M.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

function M.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

-- ---- directories and processes that go away with their variable ----

local Directory = {}
Directory.__index = Directory

---A directory on the same disk as the build. A run gets one of its own in it: nothing is removed before the
---end, since a file system that has just lost many files is slow at making new ones.
function M.directory()
  local path = M.shell("mkdir -p build && mktemp -d build/bench.XXXXXX"):match("%S+")
  return setmetatable({ path = path, count = 0 }, Directory)
end

function Directory:new()
  self.count = self.count + 1
  local path = self.path .. "/" .. self.count
  assert(os.execute("mkdir " .. path))
  return path
end

function Directory:__close()
  assert(self.path:match("^build/bench%.%w+$"))
  os.execute("rm -rf " .. self.path)
end

local Process = {}
Process.__index = Process

---Starts a command; its output goes into a file of that name.
function M.start(command, output)
  local pid = M.shell(("%s > %s 2>&1 & echo $!"):format(command, output)):match("%d+")
  return setmetatable({ pid = pid, output = output }, Process)
end

function Process:__close()
  os.execute("kill -KILL " .. self.pid .. " 2>/dev/null")
end

---KB that would come back if the process ended: the proportional set.
function Process:kilobytes()
  return tonumber(M.read("/proc/" .. self.pid .. "/smaps_rollup"):match("Pss:%s+(%d+)"))
end

---KB in memory.
function Process:resident()
  return tonumber(M.read("/proc/" .. self.pid .. "/status"):match("VmRSS:%s+(%d+)"))
end

local Model = {}
Model.__index = Model

---The port that a server of ours says it listens on.
---@param process table
function M.port(process)
  for _ = 1, 200 do
    local text = M.read(process.output)
    local port = text:match("^(%d+)\n") or text:match("http://[%d%.]+:(%d+)")
    if port then
      return port
    end
    M.sleep(0.01)
  end
  error("the server did not start: " .. M.read(process.output))
end

---A fake model on a port of its own.
---@param directory table
---@param latency integer? milliseconds
function M.model(directory, latency)
  local output = directory:new() .. "/port"
  local process = M.start(("%s/model --latency %d"):format(M.programs, latency or 0), output)
  local port = M.port(process)
  return setmetatable({ process = process, root = "http://127.0.0.1:" .. port, url = "http://127.0.0.1:"
    .. port .. "/v1" }, Model)
end

function Model:stats()
  return cjson.decode((M.shell("curl -sS --max-time 20 " .. self.root .. "/stats")))
end

function Model:reset()
  M.shell("curl -sS --max-time 20 -X POST " .. self.root .. "/reset")
end

---Waits until so many requests are in flight; false when that does not come about.
function Model:holds(count, seconds)
  for _ = 1, seconds * 20 do
    if self:stats().in_flight >= count then
      return true
    end
    M.sleep(0.05)
  end
  return false
end

function Model:__close()
  getmetatable(self.process).__close(self.process)
end

-- ---- costs ----

local function line(text, word)
  local json = text:match("%f[%w]" .. word .. " (%b{})")
  return json and cjson.decode(json)
end

---Runs a command so many times: what was spent on it, and its own BENCH line.
---@return table spent {runs, wall_ms, cpu_ms, peak_kb, began_ms}
---@return table? bench
function M.spend(times, command)
  local text, ok = M.shell(("%s/spend %d %s"):format(M.programs, times, command))
  assert(ok, "failed: " .. command .. "\n" .. text)
  return line(text, "SPENT"), line(text, "BENCH")
end

---What `orket bench turns` costs a step with start-up taken out: the difference of two sizes.
function M.turns(directory, url, count, at_once)
  local few = math.max(at_once, count // 4)
  local function run(issues)
    local spent, bench = M.spend(1,
      ("%s bench turns --issues %d --concurrency %d --llm %s --workspace %s"):format(
      M.orket, issues, at_once, url, directory:new()))
    assert(bench and bench.status == "done", "the cards are not done")
    return spent, bench.steps
  end
  local small, steps_small = run(few)
  local large, steps_large = run(few + count)
  local steps = steps_large - steps_small
  return {
    steps = steps, cpu_ms = (large.cpu_ms - small.cpu_ms) / steps,
    rate = steps / (large.wall_ms - small.wall_ms) * 1000,
  }
end

---The bare limit: bench/limit.c.
function M.limit(directory, url, steps, at_once)
  local text, ok = M.shell(("N=%d C=%d LLM=%s DIR=%s %s/limit"):format(steps, at_once, url, directory:new(),
    M.programs))
  local bench = line(text, "BENCH")
  assert(ok and bench, "the bare limit failed: " .. text)
  return { steps = bench.steps, cpu_ms = bench.cpu_ms_per_step, rate = bench.steps_per_s }
end

---So many streamed replies of a server, seen from outside: bench/load.c.
function M.load(port, requests, at_once)
  local text, ok = M.shell(("%s/load --port %s --requests %d --at-once %d"):format(M.programs, port, requests,
    at_once))
  local bench = line(text, "BENCH")
  assert(ok and bench and bench.failed == 0 and bench.requests == requests, "the load failed: " .. text)
  return bench
end

---Clients that follow a service, and comments that reach them: bench/sockets.c.
---@param options string
---@return table bench
function M.sockets(options)
  local text, ok = M.shell(M.programs .. "/sockets " .. options)
  local bench = line(text, "BENCH")
  assert(ok and bench and bench.missing == 0, "deliveries are missing: " .. text)
  return bench
end

function M.median(values)
  table.sort(values)
  return values[#values // 2 + 1]
end

-- ---- the report ----

---One figure; with the most or the least that it may be, and whether it is.
function M.figure(name, value, unit, bound)
  local verdict = ""
  if bound then
    local met = value <= (bound.most or math.huge) and value >= (bound.least or -math.huge)
    verdict = (" (%s %g: %s)"):format(bound.most and "at most" or "at least", bound.most or bound.least,
      met and "met" or "missed")
  end
  print(("%-52s %10.3f %s%s"):format(name, value, unit, verdict))
end

---All figures as one line for programs.
function M.bench(figures)
  print("BENCH " .. cjson.encode(figures))
end

return M
