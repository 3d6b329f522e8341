-- gc.lua: making room: runs that will not go on lose their prompts, replies and calls, and what only they
-- referred to goes, with the directories of their cards. What was a run is noted first (`run.dropped`), so
-- that its chains can still be verified, and a collection that is cut off is finished by the next one.

local asides = require("orket.history.gc.asides")
local async = require("orket.async")
local bases = require("orket.history.gc.bases")
local cjson = require("cjson")
local errors = require("orket.errors")
local installation = require("orket.programs.installation")
local embedder = require("orket.memory.embedder")
local tables = require("orket.util.tables")
local trees = require("orket.history.gc.trees")

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
  local tx = project.store:stream({ run = "board", turn = 0, actor = "human:" .. who,
    role = "human" }):begin()
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

-- Which of the runs go, and which stay although they are as old.
local function sort(rows)
  local runs, kept = {}, {}
  for _, row in ipairs(rows) do
    table.insert(row.keeps and kept or runs, row)
  end
  return runs, kept
end

local function cards_of(project, ids)
  return project.store:read("dropped_cards", { runs = cjson.encode(#ids > 0 and ids or cjson.empty_array) })
end

local function sweep(project, runs, left, options)
  local ok, err = true, nil
  if #runs > 0 and not options.dry then
    ok, err = note(project, runs, options.who)
  end
  if not ok then
    return nil, err
  end
  if not options.dry then
    trees.remove(project, left.cards, left.trees)
    asides.remove(project, left.asides)
    bases.remove(project, left.bases)
    for _, one in ipairs(left.installed) do
      installation.remove(project, one.key)
    end
    embedder.sweep(project)
  end
  return errors.check(project.store:make_room(tables.column(runs, "id"), options.dry == true))
end

---@param project table opened as owner, with nothing under way
---@param options {keep: integer, dry: boolean?, who: string} keep: seconds
---@return table|nil result {runs, kept, trees, events, blobs, messages, bytes, before, after, dry_run};
---  kept: runs as old that stay, with why; trees: directories of cards (history/gc/trees.lua); asides: what
---  was kept aside (history/gc/asides.lua); bases: read-only layers (history/gc/bases.lua); installed: what
---  no program was shown for so long (programs/installation.lua)
---@return Error|nil
function M.run(project, options)
  local rows, err = errors.check(project.store:read("old_runs", { before = moment(options.keep) }))
  if not rows then
    return nil, err
  end
  local runs, kept = sort(rows)
  local left = { cards = cards_of(project, tables.column(runs, "id")) }
  left.trees, left.asides = trees.find(project, left.cards), asides.find(project, moment(options.keep))
  left.bases, left.installed = bases.find(project), installation.old(project, moment(options.keep))
  local room
  room, err = sweep(project, runs, left, options)
  if room then
    room.runs, room.kept, room.trees, room.dry_run = tables.column(runs, "id"), kept, left.trees,
      options.dry == true
    room.asides, room.bases, room.installed = left.asides, left.bases, left.installed
  end
  return room, err
end

return M
