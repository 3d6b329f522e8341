-- effects.lua: the example on the bed of faulty.lua, with an effect beyond the tree in each turn that works:
-- a server that counts is told who it is (beyond.lua). Killed, gone on with, and asked again what nobody
-- knows: each effect came about once, and the board is that of the run that nothing happened to.
--
--   local bed <close> = effects.new()
--   local try = bed:try("commit_before:3:kill")    -- {code, answers, problems}

local beyond = dofile("tests/support/beyond.lua")
local cjson = require("cjson")
local faulty = dofile("tests/support/faulty.lua")
local orket = faulty.orket

local M = {}

local Effects = {}
Effects.__index = Effects

local AGAIN = 8 -- runs after the killed one, each of which may be told something
local WORKERS = { "requirements_analyst", "lead_architect", "coder", "operations_lead" }

-- A turn that works begins with the effect; the play does not see that.
local TEAM = [[
local play = (function()
%s
end)()

local function told(message)
  return message.role == "assistant" and (message.tool_calls or {})[1] and message.tool_calls[1]["function"].name == "post"
end

return function(request)
  local kept, user, posted, guard, i = {}, nil, false, false, 1
  while request.messages[i] do
    local message = request.messages[i]
    if told(message) then
      posted, i = true, i + 1
    else
      kept[#kept + 1] = message
      user = user or message.role == "user" and message.content
      guard = guard or message.role == "system" and message.content:find("integrity guard", 1, true)
    end
    i = i + 1
  end
  if not (posted or guard) then
    local text = user:match("^# Card (%%S+):") -- and which of its turns
    text = text .. (user:find("Its last run FAILED", 1, true) and " failed" or "")
    text = text .. (user:find("Sent back by the review", 1, true) and " returned" or "")
    return { calls = { { name = "post", arguments = { port = %d, text = text } } }, delay_ms = 0 }
  end
  request.messages = kept
  return play(request)
end
]]

local TOOL = [[
local function run(args)
  local answer = perform({ op = "test.post", port = args.port, text = args.text })
  return { error = answer.error, heard = not answer.error }
end
return {
  description = "Tell it.", operations = { "test.post" }, run = run,
  schema = {
    type = "object", required = { "text", "port" }, properties = { text = { type = "string" }, port = { type = "integer" } },
  },
}
]]

-- Everybody tells, whatever the others were answered.
local function without_labels(dir)
  local path = dir .. "/config/organization.json"
  local organization = cjson.decode(orket.read(path))
  organization.process_rules = organization.process_rules or {}
  organization.process_rules.labels = "off"
  orket.write(path, cjson.encode(organization))
end

local function prepare(dir)
  without_labels(dir)
  orket.write(dir .. "/tools/post.lua", TOOL)
  for _, role in ipairs(WORKERS) do
    local text, found = orket.read("roles/" .. role .. ".lua"):gsub('"request_excuse"',
      '"request_excuse", "post"')
    assert(found == 1, role)
    orket.write(dir .. "/roles/" .. role .. ".lua", text)
  end
end

-- What came to the server; what its connections still hold is heard before this question.
local function heard(self)
  orket.shell(string.format("curl -s -d asked http://127.0.0.1:%d/", self.server.port))
  local times = self.server:heard()
  times.asked = nil
  return times
end

local function forget(self)
  os.remove(self.server.heard_file)
end

-- A person looks whether it happened, and says so. How many questions there were.
local function answer(self, dir)
  local answers = 0
  for card in orket.shell("sqlite3 " .. dir
    .. "/.orket/orket.db \"SELECT id FROM card WHERE status = 'blocked'\" 2>/dev/null"):gmatch("%S+") do
    local _, text = self.bed:run(dir, { arguments = "show --json " .. card })
    local open = (cjson.decode(text) or {}).uncertain
    if open then
      local said = heard(self)[open.operation.text] and "happened" or "again"
      self.bed:run(dir, { arguments = "answer " .. card .. " " .. said })
      answers = answers + 1
    end
  end
  return answers
end

-- A card's failures are counted anew after an answer.
local function without_retries(board, answers)
  return answers == 0 and board or board:gsub("|%d+\n", "\n")
end

local function compare(self, dir, answers, problems)
  local facts, whole, times = self.bed:facts(dir), self.bed.whole, heard(self)
  local board, expected = without_retries(facts.board, answers), without_retries(whole.board, answers)
  if board ~= expected then
    problems[#problems + 1] = "board:\n" .. board .. "instead of\n" .. expected
  end
  if facts.files ~= whole.files then
    problems[#problems + 1] = "files:\n" .. facts.files .. "instead of\n" .. whole.files
  end
  for text, n in pairs(self.whole) do
    if times[text] ~= n then
      problems[#problems + 1] = text .. " was told " .. (times[text] or 0) .. " times"
    end
  end
  for text in pairs(times) do
    problems[#problems + 1] = not self.whole[text] and text .. " was told, and never is" or nil
  end
end

---Kills the run, then goes on with it and answers what is uncertain until it is done.
---@param fault string of ORKET_FAULT
---@param kill number? seconds
---@return {code: integer, answers: integer, problems: string[]}
function Effects:try(fault, kill)
  forget(self)
  local dir, problems, answers, runs = self.bed:project(), {}, 0, 0
  local code = self.bed:run(dir, { fault = fault, kill = kill })
  local again = code
  while again ~= 0 and runs < AGAIN do
    answers, runs = answers + answer(self, dir), runs + 1
    local _, err
    again, _, err = self.bed:run(dir)
    problems[1] = again ~= 0 and runs == AGAIN and "does not complete: " .. again .. " " .. err or nil
  end
  compare(self, dir, answers, problems)
  local report, sound = orket.shell(faulty.faulty .. " check " .. dir .. " 2>&1")
  problems[#problems + 1] = sound ~= 0 and report or nil
  if #problems == 0 then
    orket.remove(dir)
  end
  return { code = code, answers = answers, problems = problems }
end

---How often the example with its effects hits each point.
---@return table<string, integer>
function Effects:hits()
  return (self.bed:record())
end

function Effects:close()
  self.bed:close()
  self.server:close()
end

Effects.__close = Effects.close

---@return table effects with try, hits and close
function M.new()
  local self = setmetatable({ server = beyond.serve() }, Effects)
  self.bed = faulty.new(0, {
    environment = "ORKET_LUA=" .. self.server.lua, prepare = prepare,
    team = function(text)
      return TEAM:format(text, self.server.port)
    end,
  })
  self.whole = heard(self)
  for text, n in pairs(self.whole) do
    assert(n == 1, text)
  end
  return self
end

return M
