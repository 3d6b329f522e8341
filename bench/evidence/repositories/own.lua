-- own.lua: the product's own repository as an epic's source: a clone of this one, `orket init`, a run of the
-- epic that init wrote.

local measure = dofile("bench/measure.lua")
local users = dofile("bench/evidence/repositories/user.lua")

local M = {}

local MODEL = [[
local function say(name, arguments)
  return { content = "so", calls = { { name = name, arguments = arguments } } }
end

function reply(request)
  local system, replies = "", 0
  for _, message in ipairs(request.messages) do
    system = message.role == "system" and message.content or system
    replies = replies + (message.role == "assistant" and 1 or 0)
  end
  if system:find("integrity guard", 1, true) then
    return say("update_issue_status", { status = "done", why = "it greets" })
  elseif replies == 0 then
    return say("write_file", { path = "hello.sh", content = "echo \"hello, $1\"\n" })
  end
  return say("update_issue_status", { status = "ready_for_testing", why = "written" })
end
]]

-- Seconds of the day of an event's time.
local function seconds_of(at)
  local hours, minutes, seconds = at:match("T(%d+):(%d+):([%d.]+)")
  return hours * 3600 + minutes * 60 + seconds
end

-- From exec to the event that says that the repository is in.
local function import_seconds(begun, event)
  return (seconds_of(event.at) - begun % 86400) % 86400
end

---Imports a clone of the checkout at hand.
---@param place string an absolute path that is there
---@param binary string absolute
---@return {import: number, run: number, files: integer, text: string, code: integer} in seconds
function M.imported(place, binary)
  local user = users.new(place, binary, { model = MODEL }, { host = "localhost" })
  user:must(".", ("git clone -q --no-local . %s"):format(user.repo))
  user:does("init .")
  local model <close> = user:starts_model()
  local begun = measure.now()
  local text, code = user:orket("run --plain hello")
  local run, event = measure.now() - begun, user:events("source.imported")[1]
  local files = select(2, user:git("ls-files"):gsub("[^\n]+", ""))
  return { import = import_seconds(begun, event), run = run, files = files, text = text, code = code }
end

return M
