-- stopping.lua: how a run stops before its cards are done, by a person or by a machine that fails; methods of
-- the run. Open turns stay in progress, and the next run goes on with them.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

---A commit that the machine refuses is tried again for `limits.disk` seconds: what is in it was paid for.
---Meanwhile no turn's time runs.
---@param run table
---@param note fun(text: string)
function M.wait_for_disk(run, note)
  run.store:be_patient(run.limits.disk, function(_, message, code, fix)
    for _, task in pairs(run.tasks) do
      async.freeze(task, message ~= nil)
    end
    local why = message and errors.line(errors.new(code, message, fix))
    note(why and string.format("waiting up to %d s: %s", math.ceil(run.limits.disk), why)
      or "the disk takes commits again: the run goes on")
  end)
end

-- Replies under way are waited for no longer: what they had come to is paid for, and noted.
local function hurry(run)
  for _, task in pairs(run.tasks) do
    async.hurry(task)
  end
end

---Starts nothing new and ends the waits: open turns stay in progress and are resumed by the next run. What is
---paid for or cannot be looked up (a reply under way, an operation beyond the tree) comes to its end first,
---within `limits.drain` seconds.
---@param run table
---@param now boolean|nil  nothing is waited for
---@return integer waits  cards that are waited for
function M.drain(run, now)
  local waits = 0
  run.draining = true
  for _, task in pairs(run.tasks) do
    waits = waits + (async.cancel(task, nil, true) and 1 or 0)
  end
  if now then
    hurry(run)
    run.store:give_up()
  elseif waits > 0 and not run.grace then
    run.grace = async.spawn(function()
      if async.sleep(run.limits.drain) then
        hurry(run)
      end
    end)
  end
  run:check_end() -- it may have waited for a pause alone
  return waits
end

return M
