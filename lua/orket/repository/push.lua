-- push.lua: the branch of an epic is pushed to a remote that the configuration names, by a person's act or by
-- a rule of that configuration (push_policy.lua): the one way in which work leaves the machine by git. Only
-- forwards: what others put on that branch is never replaced. The pack is made in the jail, the network is
-- the core's.

local async = require("orket.async")
local branches = require("orket.repository.branch")
local epic_source = require("orket.repository.epic_source")
local errors = require("orket.errors")
local git = require("orket.repository.git")
local person = require("orket.governance.person")
local pkt_line = require("orket.repository.pkt_line")
local reader = require("orket.project.reader")
local remotes = require("orket.repository.remotes")
local tables = require("orket.util.tables")
local smart_http = require("orket.repository.smart_http")

local M = {}

local HAVES_MAX = 20000 -- refs of the other side that are looked up here

-- ---- the other side ----

---@class PushTarget
---@field refs fun(self): table<string, string>|nil, Error|nil
---@field send fun(self, change: table): boolean|nil, Error|nil

-- Closes what it holds, if anything.
local function target(functions, repository)
  return setmetatable(functions, { __close = function()
    if repository then
      repository:close()
    end
  end })
end

local function http_target(remote)
  return target({
    refs = function()
      local found, err = smart_http.refs(remote, "git-receive-pack")
      return found and found.refs, err
    end,
    send = function(_, change)
      return smart_http.send(remote, change)
    end,
  })
end

local function refs_of(repository)
  local text, err = repository:git({ "for-each-ref", "--format=%(objectname) %(refname)" })
  if not text then
    return nil, err
  end
  local refs = {}
  for object, name in text:gmatch("(%x+) ([^\n]+)\n") do
    refs[name] = object
  end
  return refs
end

-- Its hooks do not run: they would be programs of the directory, beside whatever else of the host it can see.
local function send_to(repository, change)
  if branches.is_checked_out(repository, change.ref) then
    return nil, errors.new("ERR_EXISTS", change.ref .. " is checked out in a worktree of the remote",
      "switch that worktree to another branch")
  end
  local ok, err = repository:git({ "index-pack", "--stdin", "--fix-thin" },
    { stdin = change.pack, write = true })
  if ok then
    ok, err = repository:git({ "update-ref", change.ref, change.commit, change.was or pkt_line.NO_OBJECT },
      { write = true })
  end
  return ok and true, err
end

local function directory_target(project, remote)
  local home, err = errors.check(project.root:path())
  local repository
  if home then
    repository, err = git.open(remote.url:sub(1, 1) == "/" and remote.url or home .. "/" .. remote.url)
  end
  if not repository then
    return nil, err
  end
  return target({
    refs = function() return refs_of(repository) end,
    send = function(_, change) return send_to(repository, change) end,
  }, repository)
end

local function target_of(project, remote)
  if remotes.is_url(remote.url) then
    return http_target(remote)
  end
  return directory_target(project, remote)
end

-- ---- what is pushed ----

-- What the other side has of what is here.
local function common(repository, refs)
  local objects, seen = {}, {}
  for _, object in pairs(refs) do
    if not seen[object] and #objects < HAVES_MAX then
      seen[object], objects[#objects + 1] = true, object
    end
  end
  table.sort(objects)
  local text, err = repository:git({ "cat-file", "--batch-check" },
    { stdin = table.concat(objects, "\n") .. "\n" })
  if not text then
    return nil, err
  end
  local lines = {}
  for object, kind in text:gmatch("(%x+) (%a+) %d+\n") do
    lines[#lines + 1] = (kind == "commit" or kind == "tag") and "^" .. object .. "\n" or nil
  end
  return lines
end

local function pack_of(repository, branch, refs, is_origin)
  local lines, err = common(repository, refs)
  if not lines then
    return nil, err
  end
  for _, commit in ipairs(is_origin and { branch.base, table.unpack(tables.keys(branch.trees)) } or {}) do
    lines[#lines + 1] = "^" .. commit .. "\n" -- it came from there
  end
  return repository:git({ "pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset" },
    { stdin = branch.head .. "\n" .. table.concat(lines) })
end

local function is_ahead(repository, was, head)
  return repository:git({ "merge-base", "--is-ancestor", was, head }) ~= nil
end

local function push(repository, to, branch, is_origin)
  local refs, err = to:refs()
  if not refs then
    return nil, err
  end
  local was = refs[branch.ref]
  if was == branch.head then
    return { was = was }
  elseif was and not is_ahead(repository, was, branch.head) then
    return nil, errors.new("ERR_CONFLICT",
      branch.ref .. " of the remote holds commits that are not of this epic",
      "merge or rename it there; nothing of others is replaced")
  end
  local pack
  pack, err = pack_of(repository, branch, refs, is_origin)
  local ok = pack
  if ok then
    ok, err = to:send({ ref = branch.ref, was = was, commit = branch.head, pack = pack })
  end
  return ok and { was = was }, err
end

-- ---- the act ----

local Work = {}
Work.__index = Work

function Work:__close()
  self.repository:close()
end

local function written(project, work)
  local branch, err = branches.write(work.repository, project.store, work.card.id)
  if branch and #branch.commits == 0 then
    return nil, errors.new("ERR_NOT_FOUND", work.card.id .. " has merged nothing yet: there is no branch",
      "orket board shows how far it is")
  end
  return branch, err
end

-- The epic, and the repository that has its branch; closed with the variable.
local function work_on(project, id)
  local card, err = reader.card(project.store, id)
  local source, repository
  if card then
    source, err = branches.source_of(project.store, card)
  end
  if source then
    repository, err = epic_source.open(project, source.repo)
  end
  return repository and setmetatable({ project = project, card = card, source = source,
    repository = repository }, Work), err
end

---@class PushWork an epic whose branch is written; closed with the variable
---@field card table row
---@field branch EpicBranch

---Writes the branch of an epic, to be pushed.
---@param project table opened as owner
---@param id string of the epic
---@return PushWork|nil
---@return Error|nil
function M.open(project, id)
  local work, err = work_on(project, id)
  if not work then
    return nil, err
  end
  work.branch, err = written(project, work)
  if not work.branch then
    work:__close()
    return nil, err
  end
  return work
end

local function push_to(work, remote)
  local to <close>, err = target_of(work.project, remote)
  if not to then
    return nil, err
  end
  return push(work.repository, to, work.branch, remote.url == work.source.repo)
end

local function record(work, remote, was, tx, rule)
  tx:event("branch.pushed", work.card.id, { remote = remote.name, url = remote.url,
    ref = work.branch.ref, commit = work.branch.head, was = was, rule = rule })
  return errors.check(async.await(tx.commit, tx))
end

local function answer_of(work, remote, was)
  local branch, name = work.branch, work.branch.ref:match("^refs/heads/(.*)$")
  local says = was == branch.head and "is there already, " or ""
  return { card = work.card.id, remote = remote.name, branch = name, commit = branch.head, was = was,
    message = ("%s: %sat %s in %s"):format(name, says, branch.head:sub(1, 12), remote.name) }
end

---Pushes the branch to a remote, and records it.
---@param name string|nil default: the remote that the epic came from, else the only one
---@param begin fun(): StoreTx in whose name
---@param rule string|nil of the configuration, when no person asked
---@return {card: string, remote: string, branch: string, commit: string, was: string?, message: string}|nil
---@return Error|nil
function Work:send(name, begin, rule)
  local remote, err = remotes.named(self.project.config.organization, name, self.source.repo)
  local pushed
  if remote then
    pushed, err = push_to(self, remote)
  end
  local ok = pushed
  if ok then
    ok, err = record(self, remote, pushed.was, begin(), rule)
  end
  if not ok then
    return nil, err
  end
  return answer_of(self, remote, pushed.was)
end

-- {card: string, remote: string?}
local function perform(project, request)
  local work <close>, err = M.open(project, request.card)
  if not work then
    return nil, err
  end
  return work:send(request.remote, function()
    return person.begin(project, request.who)
  end)
end

M.acts = {
  push = {
    summary = "writes the branch of the epic `card` and pushes it to a configured remote, forwards only",
    fields = { card = "text", remote = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_EXISTS", "ERR_CONFLICT", "ERR_GIT", "ERR_CONFIG", "ERR_NET", "ERR_HTTP",
      "ERR_PROTOCOL", "ERR_TIMEOUT", "ERR_DENIED" },
    perform = perform,
  },
}

return M
