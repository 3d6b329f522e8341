-- hostile.lua: a small project whose model, scripts or files are the enemy, and what came of running it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

local EPIC = { name = "Hello", team = "standard", environment = "standard",
  issues = { { id = "H-1", name = "Do it", seat = "coder", priority = "high", description = "work" } } }

-- The coder plays what play() returns, one reply after the other, and reports; the guard says yes.
local MOCK = [[
local function play() %s end
local function last() return { content = "done", calls = { { name = "update_issue_status", arguments = { status = "ready_for_testing" } } } } end
return function(request)
  local replies, guard = 0, false
  for _, message in ipairs(request.messages) do
    replies = replies + (message.role == "assistant" and 1 or 0)
    guard = guard or message.role == "system" and tostring(message.content):find("integrity guard", 1, true) ~= nil
  end
  if guard then
    return { calls = { { name = "update_issue_status", arguments = { status = "done" } } } }
  end
  return play()[replies + 1] or last()
end
]]

---A project in a directory of its own.
---@param files table<string, string|table>|nil more files, tables as JSON
---@return string dir
function M.project(files)
  local dir = orket.directory()
  orket.run("init " .. dir .. "/p")
  orket.write(dir .. "/p/config/epics/hello.json", cjson.encode(EPIC))
  for path, content in pairs(files or {}) do
    orket.write(dir .. "/p/" .. path, type(content) == "table" and cjson.encode(content) or content)
  end
  return dir
end

local served = {} -- dir -> {play, url, pid}

local function stop(dir)
  if served[dir] then
    os.execute("kill " .. served[dir].pid)
    served[dir] = nil
  end
end

---A model for the directory; the one that runs when it plays the same.
---@param dir string
---@param play string see M.run
---@param pace string "--fast", or ""
---@return string url
function M.serve(dir, play, pace)
  if served[dir] and served[dir].play == play then
    return served[dir].url
  end
  stop(dir)
  orket.write(dir .. "/mock.lua", MOCK:format(play))
  os.execute(string.format("rm -f %s/url; %s mock-llm %s %s/mock.lua > %s/url 2> %s/mock.err & echo $! > %s/pid",
    dir, orket.binary, pace, dir, dir, dir, dir))
  local url = orket.shell(string.format(
    "for i in $(seq 400); do grep -so 'http:[^ ]*' %s/url && break; sleep 0.05; done", dir)):match("http:%S+")
  assert(url, "the mock model did not start: " .. orket.read(dir .. "/mock.err"))
  served[dir] = { play = play, url = url, pid = orket.read(dir .. "/pid"):match("%d+") }
  return url
end

---Runs the epic against a model that plays `play` (the body of a Lua function that returns replies).
---@param dir string
---@param play string|nil
---@param options {arguments: string?, env: string?, slow: boolean?}|nil
---@return string text
---@return integer exit code
function M.run(dir, play, options)
  options = options or {}
  local url = M.serve(dir, play or "return {}", options.slow and "" or "--fast")
  return orket.shell(string.format("ORKET_MODEL_URL=%s %s timeout 60 %s run -C %s/p --plain %s hello 2>&1",
    url, options.env or "", orket.binary, dir, options.arguments or ""))
end

---Ends the model and removes the directory.
function M.remove(dir)
  stop(dir)
  orket.remove(dir)
end

---What an `orket` command says about the project.
function M.ask(dir, command, arguments)
  return orket.run(command .. " -C " .. dir .. "/p " .. (arguments or ""))
end

---The events of a kind.
function M.events(dir, kind)
  local found = {}
  for line in M.ask(dir, "log", "--json -n 100000"):gmatch("[^\n]+") do
    local event = cjson.decode(line)
    found[#found + 1] = event.kind == kind and event or nil
  end
  return found
end

---Statuses by card.
function M.statuses(dir)
  local of = {}
  for _, card in ipairs(cjson.decode((M.ask(dir, "board", "--json")))) do
    of[card.id] = card.status
  end
  return of
end

---True when a text holds no byte that could steer a terminal.
function M.is_clean(text)
  return not text:find("[%z\1-\8\11-\31\127]") and not text:find("\194[\128-\159]")
    and not text:find("\226\128[\170-\174]")
end

return M
