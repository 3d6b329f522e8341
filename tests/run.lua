-- run.lua: runs test programs one after the other and sums them up.
--   lua5.4 tests/run.lua PROGRAM-OR-SPEC …
-- A program is a cmocka test; a spec (*_spec.lua) goes to busted. Each has TEST_TIMEOUT seconds (240).
-- ORDER=SEED runs them in the random order of that number, ORDER=random in a new one; the seed is printed.
-- Prints what failed, one line for each file, and at last "N passed, N failed"; exit 1 when any failed.

local limit = tonumber(os.getenv("TEST_TIMEOUT")) or 240

-- What a terminal, a person or a proxied network has set does not reach the tests: one environment everywhere.
local UNSET = { "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NO_COLOR",
  "COLUMNS", "LINES", "CDPATH", "BASH_ENV", "ENV", "POSIXLY_CORRECT", "LUA_INIT", "LUA_INIT_5_4", "ORKET_LUA", "ORKET_FAULT", "ORKET_MODEL",
  "ORKET_MODEL_KEY", "ORKET_MODEL_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS" }
local SAME = "env -u " .. table.concat(UNSET, " -u ") .. " LC_ALL=C.UTF-8 TZ=UTC TERM=xterm SHELL=/bin/sh HOME=\"${HOME:-/nonexistent}\""

local function command(file)
  if file:match("_spec%.lua$") then
    return "busted --lua=lua5.4 -o TAP " .. file
  end
  return "./" .. file
end

---Text of both streams and the exit code; 124 = out of time.
local function run(file)
  local pipe = assert(io.popen(string.format("umask 022; %s timeout -k 5 %d %s </dev/null 2>&1", SAME, limit, command(file)), "r"))
  local text = pipe:read("a")
  local _, _, code = pipe:close()
  return text, code
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

local all_passed, all_failed = 0, 0
for _, file in ipairs(ordered(arg)) do
  local text, code = run(file)
  local passed, failed = count(text)
  if failed == 0 and (code ~= 0 or passed == 0) then
    failed = 1 -- it crashed, ran out of time, or tested nothing
  end
  if failed > 0 then
    io.write(text, "\n")
  end
  print(string.format("%-40s %5d passed %5d failed%s", file:gsub("^build/", ""), passed, failed,
    code == 124 and " (out of time)" or code ~= 0 and " (exit " .. tostring(code) .. ")" or ""))
  io.flush()
  all_passed, all_failed = all_passed + passed, all_failed + failed
end
print(string.format("%d passed, %d failed", all_passed, all_failed))
os.exit(all_failed == 0 and 0 or 1)
