-- user.lua: a person with a repository and a shell: makes the repository, asks Orket, answers what it asks,
-- and runs the repository's own tests where Orket is not.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")

local M = {}

M.sources = "bench/evidence/repositories/"

local SYSTEM = "PATH=/usr/local/bin:/usr/bin:/bin PIP_DISABLE_PIP_VERSION_CHECK=1 GOFLAGS=-modcacherw "
local GIT = "git -c user.name=Person -c user.email=person@example.org -c init.defaultBranch=main "
local APPROVALS = 5

local User = {}
User.__index = User

---A person at work in a directory of their own.
---@param place string an absolute path that is there
---@param binary string absolute
---@param case table of cases.lua
---@param registry {host: string}
function M.new(place, binary, case, registry)
  return setmetatable({ place = place, repo = place .. "/repo", binary = binary, case = case,
    names = ("ORKET_NAMES=%s=127.0.0.1"):format(registry.host), asked = 0 }, User)
end

-- ---- a shell ----

function User:shell(directory, command)
  return measure.shell(("cd %s && { %s ; } 2>&1"):format(directory, command))
end

function User:must(directory, command)
  local text, ok = self:shell(directory, command)
  return (assert(ok and text, command .. "\n" .. text))
end

function User:git(words, directory)
  return (self:must(directory or self.repo, GIT .. words):gsub("\n$", ""))
end

---Runs `orket ARGUMENTS` in the repository.
---@return string text
---@return integer code
function User:orket(arguments)
  local text = self:shell(self.repo, ("env %s ORKET_MODEL_URL=%s %s %s; echo \"=$?\""):format(self.names,
    self.url or "", self.binary, arguments))
  return text:gsub("=%d+\n$", ""), tonumber(text:match("=(%d+)\n$"))
end

---The same, where nothing else than success will do.
function User:does(arguments)
  local text, code = self:orket(arguments)
  return (assert(code == 0 and text, ("orket %s: %s\n%s"):format(arguments, code, text)))
end

function User:events(kind)
  local events = {}
  for line in self:does("log --json -n 100000"):gmatch("[^\n]+") do
    local event = cjson.decode(line)
    events[#events + 1] = event.kind == kind and event or nil
  end
  return events
end

-- ---- the repository, and its own tests ----

---A copy of the sources with one commit.
function User:makes_repository()
  self:must(".", ("cp -R %s%s %s"):format(M.sources, self.case.name, self.repo))
  self:git("init -q . && git add -A && " .. GIT .. "commit -qm first")
end

local function count(text, pattern)
  return select(2, ("\n" .. text):gsub(pattern, ""))
end

---What the repository's own runner says of a fresh clone.
---@return {passed: integer, failed: integer, ok: boolean, text: string}
function User:tests_of(repository, branch, name)
  local clone = self.place .. "/" .. name
  self:git(("clone -q --branch %s %s %s"):format(branch, repository, clone), self.place)
  if self.case.prepare then
    self:must(clone, "env " .. SYSTEM .. self:of(clone) .. self.case.prepare:gsub("^", "sh -c '") .. "'")
  end
  local text, ok = self:shell(clone, "env " .. SYSTEM .. self:of(clone) .. self.case.test)
  return { passed = count(text, self.case.passed), failed = count(text, self.case.failed), ok = ok, text = text }
end

-- A home for what package managers keep, so that nothing comes from the person's own.
function User:of(clone)
  return ("HOME=%s.home GOPATH=%s.home/go "):format(clone, clone)
end

-- ---- the project ----

function User:writes(path, value)
  local text = type(value) == "string" and value or cjson.encode(value)
  self:must(self.repo, "mkdir -p $(dirname " .. path .. ")")
  measure.write(self.repo .. "/" .. path, text)
end

local function configured(text, case, bare)
  local organization = cjson.decode(text)
  organization.process_rules.commands = case.commands
  organization.remotes = { forge = { url = bare } }
  return organization
end

---`orket init`, an epic of one card, its fixture, the commands and the remote.
function User:makes_project(bare)
  self:does("init .")
  self:writes("config/organization.json", configured(measure.read(self.repo .. "/config/organization.json"), self.case, bare))
  local issue = { id = "fix-1", seat = "coder", verification = { fixture_path = "fix.json" } }
  for key, value in pairs(self.case.issue) do
    issue[key] = value
  end
  self:writes("config/epics/fix.json", { name = "Fix", team = "standard", environment = "standard", issues = { issue } })
  self:writes("verification/fix.json", self.case.fixture)
  for _, path in ipairs(self.case.tests) do
    self:writes("verification/fix/tree/" .. path, measure.read(self.repo .. "/" .. path))
  end
  self:does("validate")
end

-- Strings and tables of them as Lua.
local function literal(value)
  if type(value) ~= "table" then
    return ("%q"):format(value)
  end
  local parts = {}
  for key, one in pairs(value) do
    parts[#parts + 1] = ("[%s] = %s"):format(literal(key), literal(one))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

---The model of the case, as a process to be closed.
function User:starts_model()
  measure.write(self.place .. "/model.lua", "local PLAY = " .. literal(self.case.play) .. "\n"
    .. measure.read(M.sources .. "model.lua"))
  local model = measure.start(("exec %s mock-llm %s/model.lua"):format(self.binary, self.place), self.place .. "/model.out")
  self.url = "http://127.0.0.1:" .. measure.port(model) .. "/v1"
  return model
end

---Runs the epic to its end, with a yes to each question of yes or no.
---@return string text
---@return integer code
function User:runs_epic()
  local text, code = self:orket("run --plain fix")
  while code == 3 and self.asked < APPROVALS do
    local waiting = cjson.decode(self:does("approvals --json"))
    if not waiting[1] then
      return text, code
    end
    self.asked = self.asked + 1
    self:does("approve " .. waiting[1].id)
    text, code = self:orket("run --plain fix")
  end
  return text, code
end

return M
