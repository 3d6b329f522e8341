-- command.lua: programs that an agent runs in its card's tree, and what they leave there.
--
-- The permit runs the judged program in a jail. What has changed then is judged, file by file, as if the tool
-- had written it: what passes becomes events of the turn, the rest is put back, so that the tree is again
-- what the journal says. All that came of it is one event before those (command.ran): a replay takes it from
-- there. A command that was interrupted left no event; the tree is made equal to the journal and it runs
-- again.

local async = require("orket.async")
local cjson = require("cjson")
local egress = require("orket.programs.egress")
local errors = require("orket.errors")
local manifest = require("orket.workspace.manifest")
local hash = require("orket.core.hash")
local ignored = require("orket.programs.ignored")
local installation = require("orket.programs.installation")
local programs = require("orket.effects.program")
local strings = require("orket.util.strings")
local tree_links = require("orket.workspace.tree_links")

local M = {}

local OUTPUT_MAX = 16 * 1024 -- bytes of stdout, and of stderr, that are kept
local FILE_MAX = 1000000 -- bytes of a file that is taken over
local FILES_MAX, BYTES_MAX = 1000, 16 * 1024 * 1024 -- of one command
local TOLD_MAX, PATHS_TOLD = 20, 200
local UNREAD_MAX = 10 -- files that no parser could read: each may have taken its two seconds

-- ---- what is there afterwards ----

local function refused(found, op, path, rule, why, fix, where)
  found.put_back = found.put_back + 1
  if #found.refused < TOLD_MAX then
    found.refused[#found.refused + 1] = { op = op, path = path, rule = rule, why = why, fix = fix,
      where = where }
  end
end

local function too_large(found, path)
  refused(found, "fs.write", path, "gate.limit.content", "it is larger than a command may leave behind",
    "keep large products out of the tree")
end

-- A cap on what is written stops it like any other write.
local function take(turn, found, path, bytes)
  local ok, err = turn.engine:room(turn, #bytes)
  if not ok then
    found.full = found.full or err.budget
    refused(found, "fs.write", path, err.budget and err.budget.rule or "budget.disk", err.message, err.fix)
    return
  end
  found.bytes = found.bytes + #bytes
  found.changes[#found.changes + 1] = { path = path, blob = hash.of(bytes) }
  found.contents[path] = bytes
end

-- What the iDesign rules of the organization have against it.
local function design_of(turn, found, path, bytes)
  local rules = turn.engine:idesign()
  if not rules then
    return nil
  elseif found.unread >= UNREAD_MAX then
    return { decision = "deny", rule = "idesign.limit",
      why = UNREAD_MAX .. " files of this command cannot be judged: no other one was looked at",
      fix = "write fewer files in a command" }
  end
  local refusal, warnings = rules:objection(path, bytes)
  found.unread = found.unread + (refusal and refusal.rule == "idesign.limit" and 1 or 0)
  for _, warning in ipairs(warnings or {}) do
    found.warnings[#found.warnings + 1] = #found.warnings < TOLD_MAX and warning or nil
  end
  return refusal
end

-- One file that is not what the journal says.
local function judge_file(turn, found, judge, path)
  local bytes, err = errors.check(turn.tree.root:read(path, FILE_MAX))
  if not bytes then
    return err.code == "ERR_TOO_LARGE" and too_large(found, path) or nil, err
  elseif #found.changes >= FILES_MAX or found.bytes + #bytes > BYTES_MAX then
    too_large(found, path)
    return
  end
  local text = utf8.len(bytes) and bytes or bytes:gsub("[\128-\255]", "") -- a secret would be in what is left
  local verdict = tree_links.objection(turn.tree, path)
    or judge({ op = "fs.write", path = path, content = text })
  verdict = verdict.decision == "allow" and design_of(turn, found, path, bytes) or verdict
  if verdict.decision == "allow" then
    take(turn, found, path, bytes)
  else
    refused(found, "fs.write", path, verdict.rule, verdict.why, verdict.fix, verdict.where)
  end
end

-- A file of the journal of which it takes the place as a directory, or as a file: that one is put back.
local function in_its_place(files, path)
  local above = path:match("^(.*)/")
  while above do
    if files[above] then
      return above
    end
    above = above:match("^(.*)/")
  end
  return manifest.beneath(files, path)[1]
end

local function judge_entry(turn, found, judge, entry)
  local known = turn.tree.files[entry.name]
  local back = not known and in_its_place(turn.tree.files, entry.name)
  if back then
    refused(found, "fs.write", entry.name, "gate.confirm", "it takes the place of " .. back
      .. ", and what a command deletes is put back: a person has to say yes to that",
      "delete that with delete_file first")
    return true
  elseif not known and entry.size > FILE_MAX then
    too_large(found, entry.name)
    return true
  end
  local there = turn.tree.root:hash(entry.name)
  if there == known and known then
    return true
  end
  local _, err = judge_file(turn, found, judge, entry.name)
  return not err or err.code == "ERR_TOO_LARGE" or nil, err
end

local function judge_missing(found, missing)
  for _, path in ipairs(missing) do
    refused(found, "fs.delete", path, "gate.confirm",
      "what a command deletes is put back: a person has to say yes to that",
      "delete it with delete_file")
  end
end

local function swept(turn, found)
  local removed, count = turn.tree:sweep()
  if not removed then
    return nil, count
  end
  for i = 1, math.min(#removed, TOLD_MAX) do
    refused(found, "fs.write", strings.of_bytes(removed[i]), "gate.path.name",
      "it is no file with a name, or lies too deep",
      "leave files and directories, no links")
  end
  found.put_back = found.put_back + count - math.min(#removed, TOLD_MAX)
  return true
end

-- What there is to judge: files that may have changed, without ignored ones, and those that are missing.
local function remains(turn, found)
  local ok, err = swept(turn, found)
  local touched, entries
  if ok then
    touched, err = turn.tree:touched()
  end
  if touched then
    ok, err = turn.tree:wake()
    if ok then
      entries, err = ignored.without(turn.tree, touched.entries)
    end
  end
  if not entries then
    return nil, err
  end
  found.ignored = #touched.entries - #entries
  return { entries = entries, missing = touched.missing }
end

-- What the program changed: {changes, contents, refused, put_back, warnings, ignored}.
local function look(turn, judge)
  local found = { changes = {}, contents = {}, refused = {}, put_back = 0, bytes = 0, warnings = {},
    unread = 0 }
  local there, err = remains(turn, found)
  if not there then
    return nil, err
  end
  for i, entry in ipairs(there.entries) do
    local ok
    ok, err = judge_entry(turn, found, judge, entry)
    if ok and i % 100 == 0 then
      ok, err = async.sleep(0)
    end
    if not ok then
      return nil, err
    end
  end
  judge_missing(found, there.missing)
  return found
end

-- ---- the run ----

local function cut(bytes)
  local text = strings.of_bytes(bytes:sub(1, OUTPUT_MAX))
  return #bytes > OUTPUT_MAX and text .. "\n[cut]" or text
end

-- A failure of the machine is nothing that the command came to: it runs again. Requests were made whatever
-- came of it then.
local function failed(err, result)
  if errors.is_environment(err) or async.canceled() then
    return nil
  end
  return { error = { code = err.code, message = err.message, fix = err.fix },
    requests = result and result.requests, egress_limit = result and result.egress_limit }
end

local function array(items)
  return setmetatable(items, cjson.array_mt)
end

-- The program in the tree, with what is installed for it; what it changed then.
local function in_tree(turn, permit, judge)
  local engine = turn.engine
  local place = installation.place(engine.project, engine:rules().commands, turn.tree)
  local ok, err = tree_links.enter(turn.tree.root, place.links)
  local result, found
  if ok then
    result, err = programs.run(function(what, done)
      return permit:perform(what, done)
    end, { show = place.show, env = place.env })
    tree_links.leave(turn.tree.root, place.links)
  end
  if result then
    result.installed = place.keys[1] and place.keys or nil
    found, err = look(turn, judge)
  end
  return { result = result, found = found }, err
end

-- What installs works in a directory of its own: the tree stays as it is.
local function elsewhere(turn, permit, command)
  local result, err = installation.install(turn, permit, command)
  if not result then
    return {}, err
  end
  result.installed = result.installed and { result.installed }
  return { result = result,
    found = { changes = {}, contents = {}, refused = {}, put_back = 0, warnings = {}, ignored = 0 } }
end

-- What becomes the event, and the bytes of what changed by path.
local function live(turn, permit, judge)
  local command = permit:command()
  local done, err
  if command.install then
    done, err = elsewhere(turn, permit, command)
  else
    done, err = in_tree(turn, permit, judge)
  end
  if not done.found then
    return failed(err, done.result), err
  end
  local result, found = done.result, done.found
  return {
    exit = result.exit, signal = result.signal, limit = result.limit, ms = result.ms,
    layers = array(result.layers), installed = result.installed and array(result.installed),
    requests = result.requests, egress_limit = result.egress_limit,
    stdout = cut(result.stdout), stderr = cut(result.stderr), changes = array(found.changes),
    refused = array(found.refused), put_back = found.put_back, full = found.full,
    ignored = found.ignored > 0 and found.ignored or nil,
    warnings = #found.warnings > 0 and array(found.warnings) or nil,
  }, found.contents
end

-- ---- what it leaves ----

local function record_changes(turn, ran, contents)
  for _, change in ipairs(ran.changes or {}) do
    local bytes = contents[change.path]
    turn.tx:blob(bytes)
    turn:remember(change.blob, bytes)
    turn:changed(change.path, change.blob, #bytes)
  end
end

local function record_refusals(turn, ran, call, tool)
  for _, one in ipairs(ran.refused or {}) do
    turn:record("operation.refused", {
      call = call, tool = tool, operation = { op = one.op, path = one.path }, decision = "deny",
      rule = one.rule, why = one.why, fix = one.fix, where = one.where,
    })
  end
end

-- The tree is what the journal says, whatever the program did.
local function put_back(turn)
  local store = {}
  function store.blob(_, name)
    local bytes = turn:uncommitted(name)
    if bytes then
      return bytes
    end
    return turn.engine.store:blob(name)
  end
  return turn.tree:restore(store)
end

local function told(ran, requests)
  local paths = {}
  for i, change in ipairs(ran.changes) do
    paths[i] = i <= PATHS_TOLD and change.path or nil
  end
  local back = {}
  for i, one in ipairs(ran.refused) do
    back[i] = { path = one.path, rule = one.rule, why = one.why }
  end
  return {
    exit = ran.exit, signal = ran.signal, limit = ran.limit, stdout = ran.stdout, stderr = ran.stderr,
    changed = array(paths), put_back = #back > 0 and array(back) or nil, warnings = ran.warnings,
    ignored = ignored.report(ran.ignored), network = egress.report(requests, ran.egress_limit),
  }
end

---Runs a permitted program in the turn's tree.
---@param turn Turn
---@param permit GatePermit
---@param run CallRun
---@param operation {argv: string[]}
---@return table|nil result {exit?, signal?, limit?, stdout, stderr, changed, put_back?}
---@return Error|nil
function M.perform(turn, permit, run, operation)
  local cap = turn:cap()
  if cap then
    return nil, errors.new("ERR_LIMIT", cap.why, cap.fix)
  end
  local program = permit:path()
  turn:label(turn.tree:all_labels(), run.id) -- it may read any file of it
  local ran, contents = turn.engine:command(turn, function()
    return live(turn, permit, function(written)
      return turn.generation.gate:judge(run.call, written)
    end)
  end)
  if not ran then
    return nil, contents
  end
  local requests = ran.requests
  ran.call, ran.argv, ran.program, ran.requests = run.id, operation.argv, program, nil
  turn:record("command.ran", ran)
  egress.record(turn, requests, run.id, ran.installed)
  record_changes(turn, ran, contents)
  record_refusals(turn, ran, run.id, run.call:tool())
  if ran.full then
    turn:reached(ran.full)
  end
  if ran.error or ran.put_back > 0 or ran.ignored then
    local ok, err = put_back(turn)
    if not ok then
      return nil, err
    end
  end
  if ran.error then
    return nil, errors.new(ran.error.code, ran.error.message, ran.error.fix)
  end
  turn:made("proc.run" .. cjson.encode({
    argv = ran.argv, exit = ran.exit, signal = ran.signal, limit = ran.limit, stdout = ran.stdout,
    stderr = ran.stderr,
  }))
  return told(ran, requests)
end

return M
