-- go_json.lua: the cases of `go test -json`: one object on each line. A test that has subtests is not counted
-- beside them; a package that failed without a test that did is an error. Pure.

local cjson = require("cjson")

local M = {}

local STATUS = { pass = "passed", fail = "failed", skip = "skipped" }
local OUTPUT_MAX = 2000 -- bytes that are kept of a test

local function note_output(self, event)
  local key = event.Package .. " " .. (event.Test or "")
  local so_far = self.outputs[key] or ""
  if #so_far < OUTPUT_MAX and type(event.Output) == "string" then
    self.outputs[key] = so_far .. event.Output
  end
end

local function add_package(self, event)
  if event.Action == "fail" and not self.failed[event.Package] then
    self.cases[#self.cases + 1] = { name = event.Package, status = "error",
      why = self.outputs[event.Package .. " "] or "the package failed" }
  end
end

local function add_test(self, event, status)
  local parent = event.Test:match("^(.*)/[^/]*$")
  if parent then
    local key = event.Package .. " " .. parent
    self.parents[key] = self.parents[key] == "failed" and "failed" or status
  end
  self.failed[event.Package] = self.failed[event.Package] or status == "failed"
  self.cases[#self.cases + 1] = {
    name = event.Package .. "." .. event.Test, key = event.Package .. " " .. event.Test, status = status,
    ms = type(event.Elapsed) == "number" and math.floor(event.Elapsed * 1000 + 0.5) or nil,
    why = status ~= "passed" and self.outputs[event.Package .. " " .. event.Test] or nil,
  }
end

local function read_event(self, event)
  if type(event) ~= "table" or type(event.Package) ~= "string" then
    return
  elseif event.Action == "output" then
    note_output(self, event)
  elseif STATUS[event.Action] and type(event.Test) == "string" then
    add_test(self, event, STATUS[event.Action])
  else
    add_package(self, event)
  end
end

---@param text string
---@return TestCase[]|nil cases
---@return string|nil message
function M.parse(text)
  local self = { cases = {}, outputs = {}, parents = {}, failed = {} }
  for line in text:gmatch("[^\n]+") do
    local event = line:find("^%s*{") and cjson.decode(line)
    read_event(self, event)
  end
  local cases = {}
  for _, case in ipairs(self.cases) do
    local below = self.parents[case.key]
    cases[#cases + 1] = (not below or case.status == "failed" and below ~= "failed") and case or nil
    case.key = nil
  end
  return cases
end

return M
