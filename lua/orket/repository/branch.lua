-- branch.lua: an epic's work as commits on the branch orket/EPIC of the repository that it started from.
--
-- One commit for each card whose changes were merged, in the order of the merges, on the commit that the
-- epic started from, and one that merges each commit of the repository that was merged into the epic. All of
-- it follows from the journal: the same run gives the same commit ids. Only objects and that one ref are
-- written; a branch that is checked out somewhere, or that holds commits of others, is left alone.

local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local HOST = "orket.invalid" -- of the authors' addresses: no mail is meant (RFC 2606)

---@class EpicBranch
---@field ref string
---@field base string commit that the epic starts from
---@field head string commit of the last card; the base when there is none
---@field commits {card: string|nil, subject: string}[]
---@field state table<string, string|false> what its last commit has of the epic's changes: path -> blob
---@field trees table<string, string> the trees of the commits that it merges, by commit
---@field is_executable table<string, true> of the paths

---@class Merge
---@field seq integer of its event
---@field time integer seconds since 1970
---@field run string
---@field card string|nil no card: work was taken out of the epic, or its repository had moved
---@field source table|nil the commit of the repository that was merged: a row of the epic's sources
---@field changes {path: string, blob: string|nil}[]

-- A commit that was merged changes something of the branch even where it changed no file of the epic.
local function add_updates(merges, sources)
  local by_seq = {}
  for _, merge in ipairs(merges) do
    by_seq[merge.seq] = merge
  end
  for i = 2, #sources do
    local source = sources[i]
    local merge = by_seq[source.seq]
    if not merge then
      merge = { seq = source.seq, time = source.time, run = source.run, changes = {} }
      merges[#merges + 1] = merge
    end
    merge.source = source
  end
  table.sort(merges, function(a, b) return a.seq < b.seq end)
  return merges
end

-- The merges of an epic, from rows that are sorted by event.
local function merges_of(store, epic, sources)
  local merges = {}
  for _, row in ipairs(store:read("tree_merges", { tree = epic })) do
    local merge = merges[#merges]
    if not merge or merge.seq ~= row.seq then
      merge = { seq = row.seq, time = row.time, run = row.run, card = row.card, changes = {} }
      merges[#merges + 1] = merge
    end
    merge.changes[#merge.changes + 1] = { path = row.path, blob = row.blob }
  end
  return add_updates(merges, sources)
end

-- Nothing of it may end a line of a commit's head.
local function plain(text)
  return (text:gsub("[%c<>]+", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

local function author_of(card)
  local seat = card and card.seat or "orket"
  return ("%s <%s@%s>"):format(plain(seat), plain(seat):gsub("[^%w._-]", "-"), HOST)
end

local function subject_of(merge, card)
  if merge.source then
    return ("Merge commit '%s'"):format(merge.source.commit)
  elseif not merge.card then
    return "work is taken out"
  end
  return plain(card and card.name or merge.card)
end

local function message_of(merge, card)
  local lines = { subject_of(merge, card), "", merge.card and "Orket-Card: " .. merge.card or nil }
  lines[#lines + 1] = "Orket-Run: " .. merge.run
  lines[#lines + 1] = "Orket-Event: " .. merge.seq
  return table.concat(lines, "\n") .. "\n"
end

local function quoted(path)
  return '"' .. path:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"'
end

local function data(bytes)
  return ("data %d\n%s\n"):format(#bytes, bytes)
end

-- The lines of fast-import for one change; paths as the repository has them.
local function change_lines(store, change, prefix, is_executable)
  local path = quoted(prefix .. change.path)
  if not change.blob then
    return "D " .. path .. "\n"
  end
  local bytes, err = disk.bytes(store, change.blob)
  local mode = is_executable[change.path] and "100755" or "100644"
  return bytes and ("M %s inline %s\n%s"):format(mode, path, data(bytes)), err
end

-- What the branch holds besides the commits of the repository: path -> blob, false for a file that is gone.
local function remember(branch, changes)
  for _, change in ipairs(changes) do
    branch.state[change.path] = change.blob or false
  end
end

-- The tree of the commit that is merged, with all that the epic has otherwise: what did not come into the
-- epic is as it is there.
local function merged_lines(branch, merge)
  local changes = {}
  for _, path in ipairs(tables.keys(branch.state)) do
    changes[#changes + 1] = { path = path, blob = branch.state[path] or nil }
  end
  local commit = merge.source.commit
  return ('merge %s\nM 040000 %s ""\n'):format(commit, branch.trees[commit]), changes
end

local function set_executables(branch, source)
  branch.is_executable = {}
  for _, path in ipairs(source.executable) do
    branch.is_executable[path] = true
  end
end

-- The head of a commit, and the changes behind it.
local function head_lines(branch, merge, card)
  local author = author_of(card)
  local lines = {
    "commit " .. branch.ref .. "\nmark :1\n", ("author %s %d +0000\n"):format(author, merge.time),
    ("committer Orket <orket@%s> %d +0000\n"):format(HOST, merge.time), data(message_of(merge, card)),
    #branch.commits == 0 and "from " .. branch.base .. "\n" or nil,
  }
  local changes = merge.changes
  remember(branch, changes)
  if merge.source then
    set_executables(branch, merge.source)
    lines[#lines + 1], changes = merged_lines(branch, merge)
  end
  return lines, changes
end

local function commit_lines(branch, store, merge, card, source)
  local prefix = source.subdir and source.subdir:gsub("/*$", "/") or ""
  local lines, changes = head_lines(branch, merge, card)
  for _, change in ipairs(changes) do
    local text, err = change_lines(store, change, prefix, branch.is_executable)
    if not text then
      return nil, err
    end
    lines[#lines + 1] = text
  end
  return table.concat(lines)
end

-- What the repository has besides the epic's files.
local function others_of(sources)
  local others = {}
  for _, source in ipairs(sources) do
    table.move(source.left, 1, #source.left, #others + 1, others)
    for _, link in ipairs(source.links or {}) do
      others[#others + 1] = { path = link.path, why = "a symbolic link" }
    end
  end
  return others
end

-- What of that would be replaced by a card's change: a link, or a submodule, and what lies beneath it.
local function in_the_way(sources, merges)
  local left = others_of(sources)
  for _, one in ipairs(left) do
    for _, merge in ipairs(merges) do
      for _, change in ipairs(merge.card and merge.changes or {}) do
        if change.blob and (change.path .. "/"):sub(1, #one.path + 1) == one.path .. "/" then
          return change.path, one
        end
      end
    end
  end
end

local function stream_of(branch, store, sources, merges)
  local path, one = in_the_way(sources, merges)
  if path then
    return nil, errors.new("ERR_EXISTS", ("%s was written, and the repository has %s there: %s"):format(path,
      one.path, one.why),
      "orket checkout EPIC DIR writes the files out; commit them yourself")
  end
  local parts = { "feature done\n" }
  for _, merge in ipairs(merges) do
    local card = merge.card and store:read("card", { id = merge.card })[1]
    local text, err = commit_lines(branch, store, merge, card, sources[1])
    if not text then
      return nil, err
    end
    parts[#parts + 1] = text
    branch.commits[#branch.commits + 1] = { card = merge.card, subject = subject_of(merge, card) }
  end
  parts[#parts + 1] = "done\n"
  return table.concat(parts)
end

local function heads_of(repository)
  local heads = { "HEAD" }
  for _, entry in ipairs(repository.root:list("worktrees") or {}) do
    heads[#heads + 1] = "worktrees/" .. entry.name .. "/HEAD"
  end
  return heads
end

---Whether a worktree, the first one or another, has this branch; one that cannot be read counts.
---@param repository GitRepository
---@param ref string
---@return boolean
function M.is_checked_out(repository, ref)
  for _, path in ipairs(heads_of(repository)) do
    local head, _, code = repository.root:read(path, 4096)
    if head == "ref: " .. ref .. "\n" or not head and code ~= "ERR_NOT_FOUND" then
      return true
    end
  end
  return false
end

local function write(repository, branch, stream)
  local ok, err = repository:git({ "fast-import", "--quiet", "--date-format=raw" },
    { stdin = stream, write = true })
  if not ok and err.message:find("does not contain", 1, true) then
    err = errors.new("ERR_EXISTS", branch.ref .. " holds commits that are not of this epic",
      "rename that branch: git branch -m orket/EPIC NAME")
  end
  if not ok then
    return nil, err
  end
  local head
  head, err = repository:git({ "rev-parse", "--verify", branch.ref })
  branch.head = head and head:match("^%x+")
  return branch.head and branch, err
end

---The commit that an epic started from, and where that is.
---@param store Store
---@param card table row of the epic
---@return table|nil source row
---@return Error|nil ERR_NOT_FOUND
function M.source_of(store, card)
  local source = store:read("source", { tree = card.id })[1]
  if source then
    return source
  end
  return nil, errors.new("ERR_NOT_FOUND", card.id .. " started from no repository",
    'orket checkout EPIC DIR writes its files out; docs/repositories.md explains "source"')
end

local function new(epic, sources)
  local branch = { ref = "refs/heads/orket/" .. epic, base = sources[1].commit, head = sources[1].commit,
    commits = {}, state = {}, trees = {} }
  set_executables(branch, sources[1])
  return branch
end

-- The trees of the commits that were merged.
local function read_trees(repository, branch, sources)
  for i = 2, #sources do
    local text, err = repository:git({ "rev-parse", "--verify", sources[i].commit .. "^{tree}" })
    if not text then
      return nil, err
    end
    branch.trees[sources[i].commit] = text:match("^%x+")
  end
  return true
end

---Writes the branch of an epic.
---@param repository GitRepository
---@param store Store
---@param epic string
---@return EpicBranch|nil
---@return Error|nil ERR_EXISTS, ERR_GIT
function M.write(repository, store, epic)
  local sources = store:read("source", { tree = epic })
  local branch = new(epic, sources)
  if M.is_checked_out(repository, branch.ref) then
    return nil, errors.new("ERR_EXISTS", branch.ref .. " is checked out in a worktree",
      "switch that worktree to another branch")
  end
  local merges = merges_of(store, epic, sources)
  if #merges == 0 then
    return branch
  end
  local ok, err = read_trees(repository, branch, sources)
  local stream
  if ok then
    stream, err = stream_of(branch, store, sources, merges)
  end
  if not stream then
    return nil, err
  end
  return write(repository, branch, stream)
end

return M
