-- team.lua: a project of N cards whose team is a script, for long runs: a worker, whose replies are the
-- measurement's, and a reviewer who agrees with everything.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")

local M = {}

-- Before the script, which defines work(said): the reply of a worker who has said so much already.
local MOCK = [[
function call(name, arguments)
  return { name = name, arguments = arguments }
end
function finish()
  return { calls = { call("update_issue_status", { status = "ready_for_testing", why = "built" }) } }
end
function reply(request)
  local said, review = 0, false
  for _, message in ipairs(request.messages) do
    said = said + (message.role == "assistant" and 1 or 0)
    review = review or message.role == "system" and message.content:find("integrity guard", 1, true) ~= nil
  end
  return review and { calls = { call("update_issue_status", { status = "done", why = "meets the card" }) } } or work(said)
end
]]

---A file, with its directories.
---@param path string
---@param text string
function M.write(path, text)
  assert(os.execute("mkdir -p " .. path:match("^(.*)/")))
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

---The model of the team; it ends with its variable.
---@param directory table of measure
---@param work string text that defines work(said)
---@param options string|nil of the model (default "--fast")
---@return table process
---@return string url
function M.serve(directory, work, options)
  M.write(directory.path .. "/mock.lua", MOCK .. work)
  local mock = measure.start(measure.orket .. " mock-llm " .. (options or "--fast") .. " " .. directory.path .. "/mock.lua",
    directory.path .. "/mock.out")
  return mock, "http://127.0.0.1:" .. measure.port(mock)
end

---@param url string
---@param concurrency integer
---@param gate table[]|nil rules of the house
---@return string text
function M.organization(url, concurrency, gate)
  return cjson.encode({ name = "Evidence", models = { m = { base_url = url .. "/v1", model = "mock" } },
    process_rules = { limits = { concurrency = concurrency }, gate = gate } })
end

local function seat(name, role)
  return { name = name, roles = { role } }
end

---A project of one epic, `ep`.
---@param directory table of measure
---@param url string
---@param options {count: integer, concurrency: integer, behind: integer?}  behind: each card needs the one so
---  many before it
---@return string dir
function M.project(directory, url, options)
  local dir, issues = directory:new(), {}
  for i = 1, options.count do
    local needs = options.behind and i > options.behind and { "I-" .. i - options.behind } or nil
    issues[i] = { id = "I-" .. i, name = "Issue number " .. i, seat = "dev", depends_on = needs }
  end
  M.write(dir .. "/config/organization.json", M.organization(url, options.concurrency))
  M.write(dir .. "/config/teams/t.json", cjson.encode({ name = "T", seats = {
    dev = seat("Dev", "coder"), guard = seat("Guard", "integrity_guard"),
      lead = seat("Lead", "lead_architect") } }))
  M.write(dir .. "/config/environments/e.json", cjson.encode({ name = "E" }))
  M.write(dir .. "/config/epics/ep.json",
    cjson.encode({ name = "Epic", team = "t", environment = "e", issues = issues }))
  return dir
end

return M
