-- import.lua: the files of one commit of a person's repository, as an epic starts from them.
--
-- Plain files come in with their bytes and whether they may be executed, and symbolic links that lead to a
-- file or a directory that came in (workspace/tree_links.lua). What else there is stays in the repository and
-- is named with the reason: other links, submodules, files that git LFS keeps elsewhere, and names that git
-- itself or the file tools refuse. It is not lost: a commit made of the epic's changes keeps it.

local cjson = require("cjson")
local errors = require("orket.errors")
local git_names = require("orket.repository.git_names")
local manifest = require("orket.workspace.manifest")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")
local tree_links = require("orket.workspace.tree_links")

local M = {}

local FILE_MAX = 64 * 1024 * 1024 -- bytes of one file
local TOTAL_MAX = 256 * 1024 * 1024 -- of all that come in
local BATCH_MAX = 16 * 1024 * 1024 -- that one git command answers
local LFS = "version https://git-lfs.github.com/spec/v1\n"

---@class ImportedTree
---@field commit string
---@field texts table<string, string> path -> bytes
---@field executable string[] paths
---@field links {path: string, to: string}[]|nil by path; nil when there are none
---@field left {path: string, why: string}[]

---@class TreeEntry
---@field mode string
---@field object string
---@field size integer
---@field path string

local LINK, SUBMODULE = "120000", "160000" -- modes

-- Why this entry does not come in; nil when it does.
local function objection(entry, root)
  if entry.mode == SUBMODULE then
    return "a submodule is a repository of its own"
  elseif not utf8.len(entry.path) then
    return "its name is no UTF-8"
  elseif ("/" .. entry.path .. "/"):find("/%.?/") then
    return "its name is not in its shortest form" -- one file has one name
  elseif git_names.is_among(entry.path) then
    return "git keeps its own files under this name"
  elseif entry.mode == LINK and entry.size > tree_links.TARGET_MAX then
    return "it is a link of more than " .. tree_links.TARGET_MAX .. " bytes"
  elseif entry.size > FILE_MAX then
    return "it is larger than " .. FILE_MAX // (1024 * 1024) .. " MiB"
  end
  local _, message, code = root:kind(entry.path)
  return code == "ERR_PATH" and message or nil
end

local function entries_of(text)
  local entries = {}
  for mode, object, size, path in text:gmatch("(%d+) %a+ (%x+) +(%S+)\t(%Z+)%z") do
    entries[#entries + 1] = { mode = mode, object = object, size = tonumber(size) or 0, path = path }
  end
  return entries
end

-- The entries that come in; the others stand in tree.left.
local function sift(entries, root, tree)
  local taken, total = {}, 0
  for _, entry in ipairs(entries) do
    local why = objection(entry, root)
    if why then
      tree.left[#tree.left + 1] = { path = strings.of_bytes(entry.path), why = why }
    else
      taken[#taken + 1] = entry
      total = total + entry.size
    end
  end
  if total > TOTAL_MAX then
    return nil, errors.new("ERR_TOO_LARGE",
      ("the commit holds %d MiB; an epic starts from at most %d MiB"):format(total >> 20, TOTAL_MAX >> 20),
      'name the part that the epic works on: "subdir" in its "source"')
  end
  return taken
end

-- The entries from `first` on that fit into one answer of git.
local function batch_of(entries, first)
  local batch, bytes = {}, 0
  for i = first, #entries do
    bytes = bytes + entries[i].size
    if bytes > BATCH_MAX and #batch > 0 then
      break
    end
    batch[#batch + 1] = entries[i]
  end
  return batch
end

local function objects_of(batch)
  local objects = {}
  for i, entry in ipairs(batch) do
    objects[i] = entry.object .. "\n"
  end
  return table.concat(objects)
end

local function take(tree, entry, bytes)
  if entry.mode == LINK then
    tree.targets[entry.path] = bytes
    return
  elseif bytes:sub(1, #LFS) == LFS then
    tree.left[#tree.left + 1] = { path = entry.path, why = "git LFS keeps its content elsewhere" }
    return
  end
  tree.texts[entry.path] = bytes
  if entry.mode == "100755" then
    tree.executable[#tree.executable + 1] = entry.path
  end
end

-- "OBJECT blob SIZE\nBYTES\n" for each entry.
local function take_batch(tree, batch, answer)
  local at = 1
  for _, entry in ipairs(batch) do
    local head, size = answer:match("^(%x+ blob (%d+)\n)", at)
    if not head or head:sub(1, #entry.object) ~= entry.object then
      return nil, errors.new("ERR_GIT", "the repository does not hold " .. entry.path .. " (" .. entry.object
        .. ")",
        "fetch what is missing; a partial or borrowed clone has to be made whole")
    end
    local from = at + #head
    take(tree, entry, answer:sub(from, from + size - 1))
    at = from + size + 1
  end
  return true
end

local function read_files(repository, entries, tree)
  local first = 1
  while first <= #entries do
    local batch = batch_of(entries, first)
    local answer, err = repository:git({ "cat-file", "--batch" }, { stdin = objects_of(batch) })
    local ok = answer
    if ok then
      ok, err = take_batch(tree, batch, answer)
    end
    if not ok then
      return nil, err
    end
    first = first + #batch
  end
  return tree
end

-- Which of the links come in.
local function take_links(tree)
  local held, why = tree_links.sift(manifest.over(tree.texts), tree.targets)
  for _, path in ipairs(tables.keys(tree.targets)) do
    if held[path] then
      tree.links = tree.links or {}
      tree.links[#tree.links + 1] = { path = path, to = held[path] }
    else
      tree.left[#tree.left + 1] = { path = path, why = "a symbolic link stays: " .. why[path] }
    end
  end
  tree.targets = nil
  return tree
end

local function commit_of(repository, ref)
  local text, err = repository:git({ "rev-parse", "--verify", "--quiet", "--end-of-options",
    ref .. "^{commit}" })
  if not text then
    return nil, errors.new(err.code, ("the repository has no commit %s: %s"):format(ref, err.message),
      "name a branch, a tag or a commit; a new repository needs its first commit")
  end
  return text:match("^(%x+)\n$")
end

---The id of a commit and the files of it.
---@param repository GitRepository
---@param ref string a branch, a tag or a commit
---@param subdir string|nil only what lies beneath it
---@param root FsRoot of the epic's directory: it says which names there can be
---@return ImportedTree|nil
---@return Error|nil ERR_GIT, ERR_TOO_LARGE
function M.read(repository, ref, subdir, root)
  local commit, err = commit_of(repository, ref)
  if not commit then
    return nil, err
  end
  local listing
  listing, err = repository:git({ "ls-tree", "-r", "-z", "-l", "--full-tree",
    commit .. (subdir and ":" .. subdir or "") })
  if not listing then
    return nil, err
  end
  local tree = {
    commit = commit, texts = {}, executable = setmetatable({}, cjson.array_mt),
    left = setmetatable({}, cjson.array_mt), targets = {},
  }
  local entries
  entries, err = sift(entries_of(listing), root, tree)
  if not entries then
    return nil, err
  end
  local ok
  ok, err = read_files(repository, entries, tree)
  return ok and take_links(tree), err
end

return M
