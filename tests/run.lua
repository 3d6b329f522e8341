-- run.lua: runs test files beside each other and sums them up.
--   lua5.4 tests/run.lua PROGRAM-OR-SPEC …
-- A program is a cmocka test; a spec (*_spec.lua) goes to busted. Each has TEST_TIMEOUT seconds (600).
-- JOBS=N files run at a time, by default one for each core, fewer where memory is short: no file may count
-- what the whole machine does, or use a fixed port. ORDER=SEED starts them in the random order of that
-- number, ORDER=random in a new one; the seed is printed. Prints what failed, one line for each file as it
-- ends, the slowest ten, what was skipped and why, and at last "N passed, N failed"; exit 1 when any failed.
-- ^C ends what is under way.

local uv = require("luv")

local MEMORY = 1 << 30 -- bytes that are kept for one file
local limit = tonumber(os.getenv("TEST_TIMEOUT")) or 600

-- What a terminal, a person or a proxied network has set does not reach the tests: one environment
-- everywhere.
local UNSET = { "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY", "NO_COLOR", "COLUMNS", "LINES", "CDPATH", "BASH_ENV", "ENV", "POSIXLY_CORRECT", "LUA_INIT",
  "LUA_INIT_5_4", "ORKET_LUA", "ORKET_FAULT", "ORKET_MODEL", "ORKET_MODEL_KEY", "ORKET_MODEL_URL",
  "MAKEFLAGS",
  "MAKELEVEL", "MFLAGS" }
local SAME = "env -u " .. table.concat(UNSET, " -u ")
  .. " LC_ALL=C.UTF-8 TZ=UTC TERM=xterm SHELL=/bin/sh HOME=\"${HOME:-/nonexistent}\""

local function command(file)
  local program = file:match("_spec%.lua$") and "busted --lua=lua5.4 -o TAP " .. file or "./" .. file
  return string.format("umask 022; exec %s timeout -k 5 %d %s </dev/null", SAME, limit, program)
end

-- cmocka says "[  PASSED  ] 3 test(s)."; busted's TAP has one "ok" or "not ok" line for each test.
local function count(text)
  local passed, failed = 0, 0
  for n in text:gmatch("%[  PASSED  %] (%d+) test") do
    passed = passed + tonumber(n)
  end
  for n in text:gmatch("%[  FAILED  %] (%d+) test") do
    failed = failed + tonumber(n)
  end
  for line in text:gmatch("[^\n]+") do
    if line:match("^ok %d+") and not line:match("# SKIP") then
      passed = passed + 1
    elseif line:match("^not ok %d+") then
      failed = failed + 1
    end
  end
  return passed, failed
end

local running = {} -- process id -> true: each leads a group of its own

local function end_group(pid, signal)
  uv.kill(-pid, signal) -- refused when nothing of it is left
end

local function end_all()
  for pid in pairs(running) do
    end_group(pid, "sigkill")
  end
  os.exit(130)
end

---A file without a name for what a program prints.
local function scratch()
  local fd, path = assert(uv.fs_mkstemp((os.getenv("TMPDIR") or "/tmp") .. "/orket-test-XXXXXX"))
  uv.fs_unlink(path)
  return fd
end

local function contents(fd)
  local text = uv.fs_read(fd, uv.fs_fstat(fd).size, 0)
  uv.fs_close(fd)
  return text
end

---Runs one file, and ends what it left running.
---@param file string
---@param done fun(text: string, code: integer, seconds: number)  text of both streams; code 124: out of time
local function run(file, done)
  local out, began, handle, pid = scratch(), uv.hrtime(), nil, nil
  local options = { args = { "-c", command(file) }, stdio = { nil, out, out }, detached = true }
  handle, pid = uv.spawn("/bin/sh", options, function(code, signal)
    handle:close()
    running[pid] = nil
    end_group(pid, "sigkill")
    done(contents(out), signal ~= 0 and 128 + signal or code, (uv.hrtime() - began) / 1e9)
  end)
  running[assert(handle and pid, pid)] = true
end

local sum = { passed = 0, failed = 0, files = {}, skipped = {} }

-- Tests that need what is not here: lines "NAME: why".
local function skipped(name, text)
  local lines = {}
  for what in text:gmatch("%f[^\n\0]ok %d+ %- # SKIP ([^\n]*)") do
    lines[#lines + 1] = name .. ": " .. what
  end
  return lines
end

local function ending(code)
  if code == 124 then
    return " (out of time)"
  end
  return code == 0 and "" or " (exit " .. code .. ")"
end

---Prints what one file did, whole, and adds it to the sum.
local function report(file, text, code, seconds)
  local name = file:gsub("^build/", "")
  local left_out = skipped(name, text)
  local passed, failed = count(text)
  if failed == 0 and (code ~= 0 or passed + #left_out == 0) then
    failed = 1 -- it crashed, ran out of time, or has no test
  end
  local line = "%-40s %5d passed %5d failed %6.1f s%s\n"
  io.write(failed > 0 and text .. "\n" or "", line:format(name, passed, failed, seconds, ending(code)))
  io.flush()
  sum.passed, sum.failed = sum.passed + passed, sum.failed + failed
  table.insert(sum.files, { name = name, seconds = seconds })
  table.move(left_out, 1, #left_out, #sum.skipped + 1, sum.skipped)
end

---Runs these files, so many at a time, and returns when all of them have ended.
local function run_all(files, jobs)
  local started = 0
  local function next_one()
    started = started + 1
    local file = files[started]
    if file then
      run(file, function(...)
        report(file, ...)
        next_one()
      end)
    end
  end
  for _ = 1, math.min(jobs, #files) do
    next_one()
  end
  uv.run()
end

local function print_slowest()
  table.sort(sum.files, function(a, b) return a.seconds > b.seconds end)
  print("\nthe slowest:")
  for i = 1, math.min(10, #sum.files) do
    print(string.format("%8.1f s  %s", sum.files[i].seconds, sum.files[i].name))
  end
end

local function print_skipped()
  if #sum.skipped > 0 then
    print("\nskipped, since they need what is not here:\n  " .. table.concat(sum.skipped, "\n  "))
  end
end

---The files in the order that the environment asks for.
local function ordered(files)
  local seed = os.getenv("ORDER")
  if not seed or seed == "" then
    return files
  end
  seed = tonumber(seed) or os.time()
  print("in the order of ORDER=" .. seed)
  math.randomseed(seed)
  for i = #files, 2, -1 do
    local other = math.random(i)
    files[i], files[other] = files[other], files[i]
  end
  return files
end

-- What the machine has, or the group of processes (a container's) may take.
local function memory()
  local allowed = uv.get_constrained_memory()
  return allowed > 0 and math.min(allowed, uv.get_total_memory()) or uv.get_total_memory()
end

local function jobs()
  local fitting = math.max(1, memory() // MEMORY)
  return tonumber(os.getenv("JOBS")) or math.min(uv.available_parallelism(), fitting)
end

for _, name in ipairs({ "sigint", "sigterm", "sighup" }) do
  local signal = uv.new_signal()
  signal:start(name, end_all)
  signal:unref()
end
run_all(ordered(arg), jobs())
print_slowest()
print_skipped()
print(string.format("%d passed, %d failed", sum.passed, sum.failed))
os.exit(sum.failed == 0 and 0 or 1)
