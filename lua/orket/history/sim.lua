-- sim.lua: changed scripts, judged against recorded history before they serve.
--
-- Each recorded turn has its inputs in the journal: replies, calls, cards, views. What the scripts that
-- served then make of them, and what they make of them with the changed ones over them, is compared; both
-- from the same recorded inputs, so that a difference is the change's own. Nothing is asked, nothing is
-- written, no file is touched. Its parts: history/sim/with.lua, what is changed; history/sim/sides.lua,
-- before and after; history/sim/walk.lua, the journal; history/sim/sim_turns.lua: what is compared, with
-- history/sim/sim_calls.lua, history/sim/routes.lua, history/sim/prompts.lua and
-- history/sim/sim_outcomes.lua.

local sim_calls = require("orket.history.sim.sim_calls")
local sim_cards = require("orket.history.sim.sim_cards")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local event_ref = require("orket.history.event_ref")
local pasts = require("orket.history.sim.past")
local reader = require("orket.project.reader")
local sides = require("orket.history.sim.sides")
local sim_turns = require("orket.history.sim.sim_turns")
local walks = require("orket.history.sim.walk")
local with = require("orket.history.sim.with")

local M = {}

---What is changed, from a path: a script, a directory, an organization.json, a unified diff.
---@param project table opened
---@param path string
---@return Overlay|nil
---@return Error|nil
M.with = with.read

-- Both sides' judges for a call.
local function benches_of(self, call)
  local both, err
  if call.generation then
    both, err = self.sides:of(call.generation, call.config)
  else
    both, err = self.sides:present(self.project)
  end
  if not both then
    return nil, err
  end
  self.benches[both] = self.benches[both] or {
    old = sim_calls.bench(both.old, self.project.store), new = sim_calls.bench(both.new, self.project.store),
  }
  return self.benches[both]
end

local function verdict(bench, call)
  local turn, request = sim_calls.turn(bench, call), { name = call.tool, arguments = call.arguments }
  return call.operation and sim_calls.verdict_on(turn, request, call.operation)
    or sim_calls.verdict(turn, request)
end

---Judges calls by both sides, for each `call, {before, after}`. A call names the generation (and the blob of
---the configuration) that it was made under; without one it is judged by the project's present scripts.
---@param options {project: table, with: Overlay|string, calls: (fun(): SimCall|nil)}
---@return (fun(): SimCall|nil, {before: GateVerdict, after: GateVerdict}|nil)|nil each
---@return Error|nil err  also raised by each, when a call's generation cannot be judged
function M.judge(options)
  local overlay, err = options.with, nil
  if type(overlay) == "string" then
    overlay, err = with.read(options.project, overlay)
  end
  if not overlay then
    return nil, err
  end
  local self = { project = options.project, sides = sides.new(options.project, overlay), benches = {} }
  return function()
    local call = options.calls()
    if not call then
      return nil
    end
    local benches, why = benches_of(self, call)
    if not benches then
      error(why, 0)
    end
    return call, { before = verdict(benches.old, call), after = verdict(benches.new, call) }
  end
end

-- ---- recorded history ----

-- "last" and a number that is none, or no name at all.
local function is_no_choice(names)
  return names and (not names:find("[^%s,]") or names:find("^last[ :=]")
    and not names:find("^last[ :=]0*[1-9]%d*$"))
end

-- What a person named: all runs, the newest so many, or these.
local function named(project, names)
  local rows, ids = reader.runs(project.store, project.dir), {}
  local newest = names and math.tointeger(tonumber(names:match("^last[ :=]?(%d+)$")))
  if names and names ~= "all" and not newest then
    for id in names:gmatch("[^,%s]+") do
      ids[#ids + 1] = id
    end
    return ids, true
  end
  for i = math.max(1, #rows - (newest or #rows) + 1), #rows do
    ids[#ids + 1] = rows[i].id
  end
  return ids
end

local function wanted(project, names)
  if is_no_choice(names) then
    return nil, errors.new("ERR_USAGE", "'" .. names .. "' names no runs",
      "--runs RUN,RUN, --runs all, or --runs last 3")
  end
  local ids, explicit = named(project, names)
  local found, left_out = {}, {}
  for _, id in ipairs(ids) do
    local run, err = reader.run(project.store, project.dir, id)
    if not run then
      return nil, err
    end
    local dropped = event_ref.dropped(project.store, id)
    if dropped and explicit then
      return nil, dropped
    elseif dropped then
      left_out[#left_out + 1] = dropped.message
    else
      found[id] = true
    end
  end
  if not next(found) then
    return nil, errors.new("ERR_NOT_FOUND", "there is no recorded run to judge by", left_out[1]
      or "orket run EPIC records one")
  end
  return found, left_out
end

local function by_kind(differences)
  local sums = { calls = 0, routes = 0, prompts = 0, transitions = 0 }
  for _, one in ipairs(differences) do
    sums[one.kind .. "s"] = sums[one.kind .. "s"] + 1
  end
  return sums
end

local function answer(judge, both, runs, left_out)
  for _, what in ipairs(left_out) do
    table.insert(judge.remarks, what)
  end
  return {
    differences = judge.differences, differ = by_kind(judge.differences), judged = judge.judged,
    caveats = judge.caveats,
    caveat_count = judge.caveat_count, remarks = judge.remarks, changed = both:changed(), runs = runs,
    not_simulated = setmetatable(both:not_simulated(), cjson.array_mt),
  }
end

-- Whatever goes wrong is no answer: "something differs" is one.
local function guarded(fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then
    return true
  end
  return nil, type(err) == "table" and err.code and err or errors.new("ERR_BUG", tostring(err))
end

---Judges recorded runs by the changed scripts: history as it is when this begins.
---@param project table opened for reading
---@param options {with: Overlay|string, without: string?, runs: string?}  without: scripts that are gone;
---  runs: "all" (the default), "last N", or ids; each with commas between
---@return {differences: SimDifference[], differ: table, judged: table, caveats: table[],
---  caveat_count: integer, remarks: string[], changed: string[], not_simulated: string[], runs: string[]}|nil
---  result  not_simulated: what is changed and not judged, each with why
---@return Error|nil
function M.run(project, options)
  local overlay, err = options.with, nil
  if type(overlay) == "string" then
    overlay, err = with.read(project, overlay, options.without)
  end
  local runs, left_out
  if overlay then
    runs, left_out = wanted(project, options.runs)
    err = not runs and left_out or nil
  end
  if err then
    return nil, err
  end
  project.store:hold()
  local known = sim_cards.new()
  local past <close> = pasts.new(project.dir, known)
  local both = sides.new(project, overlay)
  local judge = sim_turns.new({ store = project.store, past = past, sides = both })
  local walk = walks.new({ store = project.store, cards = known, sides = both, wanted = runs, judge = judge })
  local ok
  ok, err = guarded(walk.go, walk)
  return ok and answer(judge, both, tables.keys(runs), left_out), err
end

return M
