-- cargo_text.lua: the cases of `cargo test`. Each program's closing line has to agree with the lines of its
-- tests. Pure.

local M = {}

local STATUS = { ok = "passed", FAILED = "failed", ignored = "skipped" }

local function add(self, name, word)
  local status = STATUS[word]
  self.cases[#self.cases + 1] = { name = name, status = status, why = status ~= "passed" and word or nil }
  self.now[status] = self.now[status] + 1
end

local function fresh()
  return { passed = 0, failed = 0, skipped = 0 }
end

local function close(self, passed, failed, ignored)
  local now = self.now
  self.now = fresh()
  if now.passed ~= tonumber(passed) or now.failed ~= tonumber(failed) or now.skipped ~= tonumber(ignored) then
    self.wrong = string.format("a program states %s passed, %s failed, %s ignored, and its tests are %d, %d, "
      .. "%d", passed, failed, ignored, now.passed, now.failed, now.skipped)
  end
end

local function read_line(self, line)
  local name, word = line:match("^test (.+) %.%.%. (%a+)")
  local passed, failed, ignored = line:match("^test result: %S+ (%d+) passed; (%d+) failed; (%d+) ignored;")
  if passed then
    close(self, passed, failed, ignored)
  elseif name and STATUS[word] then
    add(self, name, word)
  end
end

---@param text string
---@return TestCase[]|nil cases
---@return string|nil message
function M.parse(text)
  local self = { cases = {}, now = fresh() }
  for line in text:gmatch("[^\r\n]+") do
    read_line(self, line)
  end
  if self.now.passed + self.now.failed + self.now.skipped > 0 then
    self.wrong = self.wrong or "a program of tests did not come to its end"
  end
  return not self.wrong and self.cases or nil, self.wrong
end

return M
