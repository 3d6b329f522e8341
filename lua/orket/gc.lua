-- gc.lua: making room: runs that ended long ago lose their prompts, replies and calls, and what only they
-- referred to goes. What was a run is noted first (`run.dropped`), so that its chains can still be verified.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local UNITS = { s = 1, m = 60, h = 3600, d = 86400, w = 7 * 86400 }
local LONGEST = 100 * 366 * 86400

---A duration as people write it: 30d, 12h, 2w.
---@param text string
---@return integer|nil seconds
function M.seconds(text)
  local number, unit = text:match("^(%d+)([smhdw])$")
  local seconds = number and #number <= 10 and math.tointeger(tonumber(number)) * UNITS[unit]
  return seconds and seconds <= LONGEST and seconds or nil
end

-- The newest moment that is long enough ago, as events have it; of this second, all of it.
local function moment(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - seconds + 1)
end

local function note(project, runs, who)
  local tx = project.store:stream({ run = "board", turn = 0, actor = "human:" .. who, role = "human" }):begin()
  for _, run in ipairs(runs) do
    local hash, message, code = project.store:head(run.id)
    local n = hash and tx:event("run.dropped", run.card, { run = run.id, hash = hash, events = run.events })
    if not n then
      tx:abandon()
      return errors.check(nil, message, code)
    end
  end
  return errors.check(async.await(tx.commit, tx))
end

---@param project table opened as owner, with nothing under way
---@param options {keep: integer, dry: boolean?, who: string} keep: seconds
---@return table|nil result {runs, events, blobs, messages, bytes, before, after}
---@return Error|nil
function M.run(project, options)
  local runs, err = errors.check(project.store:read("old_runs", { before = moment(options.keep) }))
  if not runs then
    return nil, err
  end
  local ids = {}
  for i, run in ipairs(runs) do
    ids[i] = run.id
  end
  if #runs > 0 and not options.dry then
    local ok
    ok, err = note(project, runs, options.who)
    if not ok then
      return nil, err
    end
  end
  local room
  room, err = errors.check(project.store:make_room(ids, options.dry == true))
  if room then
    room.runs, room.dry_run = ids, options.dry == true
  end
  return room, err
end

return M
