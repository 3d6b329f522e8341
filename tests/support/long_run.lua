-- long_run.lua: a project in which a run of more than 40,000 events is done: 100 cards of 100 steps each.

local world = dofile("tests/support/world.lua")

local CARDS = 100

local WORK = [[
  function work(talk)
    if talk.replies < 100 then
      return say(write("f-" .. talk.card, talk.replies .. "\n"))
    end
    return say(finish())
  end]]

local M = {}

---@return table world to be closed
function M.new()
  local issues = {}
  for i = 1, CARDS do
    issues[i] = { id = ("C-%03d"):format(i), name = "Card " .. i }
  end
  local w = world.new({ issues = issues, limits = { concurrency = 8, steps = 200 }, mock = WORK })
  local text, code = w:run()
  assert(code == 0, text)
  local count = tonumber(w:sql("SELECT count(*) FROM entry"))
  assert(count > 40000, count)
  return w
end

return M
