-- tap.lua: the cases of a TAP stream (versions 12 to 14), with subtests indented by four blanks. A test that
-- has subtests is not counted beside them. Lines that are not TAP are skipped. The plan has to be kept. Pure.

local M = {}

local DEPTH_MAX = 100

local function directive(rest)
  local kind, why = rest:match("%s#%s*(%a+)%S*%s*(.*)$")
  kind = kind and kind:lower()
  return kind and (kind == "skip" or kind == "todo") and kind, why
end

local function case_of(result, rest)
  local kind, why = directive(rest)
  local name = rest:gsub("%s#%s.*$", ""):gsub("^%s*%-?%s*", ""):gsub("\\#", "#")
  if kind then
    return { name = name, status = "skipped", why = kind .. " " .. why }
  end
  return { name = name, status = result == "ok" and "passed" or "failed",
    why = result ~= "ok" and "not ok" or nil }
end

local function level_of(self, depth)
  self.levels[depth] = self.levels[depth] or { points = 0, children = 0, failures = 0, names = {} }
  return self.levels[depth]
end

-- The subtests of a point are over when it comes; a failure that none of them has is its own.
local function add_point(self, depth, result, rest)
  local level, below = level_of(self, depth), self.levels[depth + 1]
  self.levels[depth + 1] = nil
  local case = case_of(result, rest)
  level.points = level.points + 1
  if below and below.plan and below.plan ~= below.points then
    case.status, case.why, below = "failed", "its plan was not kept", nil
  end
  if not below or below.points == 0 or case.status == "failed" and below.failures == 0 then
    self.cases[#self.cases + 1] = case
  end
  level.failures = level.failures + (case.status == "failed" and 1 or 0)
end

-- Diagnostics between --- and ... may hold anything.
local function is_diagnostic(self, blanks, rest)
  local here = self.diagnostics
  if here then
    self.diagnostics = (rest ~= "..." or #blanks ~= here) and here or nil
  elseif rest == "---" and #blanks % 4 == 2 then
    self.diagnostics = #blanks
  end
  return here ~= nil or self.diagnostics ~= nil
end

local function read_line(self, line)
  local blanks, rest = line:match("^( *)(.*)$")
  local depth = #blanks // 4
  if is_diagnostic(self, blanks, rest) or #blanks % 4 ~= 0 or depth > DEPTH_MAX then
    return
  end
  local result, about = rest:match("^(n?o?t? ?ok)%f[%W]%s*%d*(.*)$")
  local last = rest:match("^1%.%.(%d+)%s*$") or rest:match("^1%.%.(%d+)%s*#")
  if result == "ok" or result == "not ok" then
    add_point(self, depth, result, about)
  elseif last then
    level_of(self, depth).plan = tonumber(last)
  elseif rest:find("^Bail out!") then
    self.bailed = rest
  end
end

---@param text string
---@return TestCase[]|nil cases
---@return string|nil message
function M.parse(text)
  local self = { levels = {}, cases = {} }
  for line in text:gmatch("[^\r\n]+") do
    read_line(self, line)
  end
  local top = level_of(self, 0)
  if self.bailed then
    return nil, self.bailed
  elseif not top.plan then
    return nil, "it has no plan"
  elseif top.plan ~= top.points then
    return nil, string.format("its plan has %s tests, and %d came", top.plan, top.points)
  end
  return self.cases
end

return M
