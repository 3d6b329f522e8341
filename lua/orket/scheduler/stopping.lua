-- stopping.lua: how a run stops before its cards are done, by a person or by a machine that fails; methods of
-- the run. Open turns stay in progress, and the next run goes on with them.

local async = require("orket.async")

local M = {}

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
    if run.shared:is_stopping() then -- commits of other runs may wait for the disk
      run.store:give_up()
    end
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
