-- rollback.lua: the policies of an earlier generation, written back into the project's files as a person's
-- recorded act. What they replace is kept in the journal. Whether they serve is said as for every change: a
-- step back that makes more possible waits to be accepted.

local acceptance = require("orket.scripts.serving.acceptance")
local async = require("orket.async")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local policy_history = require("orket.governance.policy.policy_history")
local person = require("orket.governance.person")
local tables = require("orket.util.tables")
local notice = require("orket.scripts.permission_delta.notice")
local scripts = require("orket.scripts.scripts")
local change = require("orket.scripts.serving.change")

local M = {}

local function chosen_path(project)
  return "nodes/" .. (project:process().policy_node or "policy") .. ".lua"
end

local function is_policy(project, path)
  return scripts.is_policy(path) or path == chosen_path(project)
end

-- Own files as they are now; what cannot be read is not written over.
local function present(project)
  local found = {}
  local entries = project.root:list(scripts.POLICIES, 1000) or {}
  local paths = { chosen_path(project) }
  for _, entry in ipairs(entries) do
    paths[#paths + 1] = scripts.script_name(entry) and scripts.POLICIES .. "/" .. entry.name or nil
  end
  for _, path in ipairs(paths) do
    local text, err = errors.check(project.root:read(path))
    if not text and err.code ~= "ERR_NOT_FOUND" then
      return nil, err
    end
    found[path] = text
  end
  return found
end

-- Path -> {was, now}: texts of own files; nil: there is none.
local function changes_to(project, id, now)
  local wanted, all = {}, {}
  for path, blob in pairs(policy_history.files(project.store, id)) do
    local text = is_policy(project, path) and project.store:blob(blob) or nil
    wanted[path] = text ~= embed.read(path) and text or nil
    all[path] = is_policy(project, path) or nil
  end
  for path in pairs(now) do
    all[path] = true
  end
  local changes = {}
  for path in pairs(all) do
    if wanted[path] ~= now[path] then
      changes[path] = { was = now[path], now = wanted[path] }
    end
  end
  return changes
end

local function validate(project, changes)
  local texts = scripts.texts(project.root)
  for path, one in pairs(changes) do
    texts[path] = one.now or embed.read(path)
  end
  local _, problems = scripts.build(texts, project:rules())
  for _, problem in ipairs(problems) do
    if changes[problem.path] or problem.path == "gate" then
      return nil, problems
    end
  end
  return true
end

-- The intent is on disk before a file is touched.
local function record(project, request, id, changes)
  local tx = person.begin(project, request.who)
  local files = {}
  for path, one in pairs(changes) do
    files[path] = { was = one.was and tx:blob(one.was), now = one.now and tx:blob(one.now) }
  end
  tx:event("policy.rolled_back", nil, { to = id, files = files })
  return errors.check(async.await(tx.commit, tx))
end

local function write(project, changes)
  for _, path in ipairs(tables.keys(changes)) do
    local text = changes[path].now
    local ok, err
    if text then
      ok, err = errors.check(project.root:write(path, text))
    else
      ok, err = errors.check(project.root:delete(path))
    end
    if not ok then
      return nil, err
    end
  end
  return true
end

local function target(project, request)
  if request.generation then
    return policy_history.find(project.store, request.generation)
  end
  local now = project.store:read("serving", {})[1]
  local id = now and policy_history.before(project.store, now.generation, function(files, before)
    for path in pairs(before) do
      if is_policy(project, path) and files[path] ~= before[path] then
        return true
      end
    end
    for path in pairs(files) do
      if is_policy(project, path) and not before[path] then
        return true
      end
    end
    return false
  end)
  if not id then
    return nil, errors.new("ERR_NOT_FOUND", "no generation with other policies served before",
      "orket policy status")
  end
  return id
end

-- True when one of the files waits, not only what was changed beside them.
local function waits(project, changes)
  local waiting = project.waiting
  local serves, wanted = waiting and waiting.before, waiting and waiting.generation
  for path in pairs(waiting and changes or {}) do
    local was, now = serves and serves.files[path], wanted.files[path]
    if not serves or (was and was.text) ~= (now and now.text) then
      return true
    end
  end
  return false
end

-- What serves now that the files are others.
local function outcome(project, runs, changes)
  if runs then
    change.settle(project, function() end)
  else
    project.generation, project.waiting = nil, nil
    local ok, err = acceptance.look(project)
    if not ok then
      return nil, err
    end
  end
  if waits(project, changes) then
    return "they make more possible and wait: " .. notice.command(project.waiting.generation.id, project.dir)
  end
  return runs and "they serve the turns that begin from now on" or "the next run takes them"
end

---@param project table opened as owner
---@param request {generation: string?, who: string?}
---@return table|nil answer
---@return Error|Error[]|nil
local function perform(project, request)
  local runs = project.generation ~= nil
  local id, err = target(project, request)
  local now, changes, ok
  if id then
    now, err = present(project)
  end
  if not now then
    return nil, err
  end
  changes = changes_to(project, id, now)
  local paths = tables.keys(changes)
  if #paths == 0 then
    return { generation = id, files = paths, message = "the policies of the files are those of " .. id
      .. " already" }
  end
  ok, err = validate(project, changes)
  if ok then
    ok, err = record(project, request, id, changes)
  end
  if ok then
    ok, err = write(project, changes)
  end
  if not ok then
    return nil, err
  end
  local said
  said, err = outcome(project, runs, changes)
  return said and {
    generation = id, files = paths,
    message = "policies are those of " .. id .. " again (" .. table.concat(paths, ", ")
      .. "), what they replace is in the journal; " .. said,
  }, err
end

M.acts = {
  rollback = {
    summary = "writes the policies of an earlier generation back into the project's files",
    fields = { generation = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_PATH", "ERR_SCRIPT_SYNTAX", "ERR_SCRIPT_CONTRACT" },
    permission = "admin", perform = perform,
  },
}

return M
