-- epic_source.lua: the repository that an epic starts from: the "source" of the epic, or of the organization.

local errors = require("orket.errors")
local fs = require("orket.core.fs")
local git = require("orket.repository.git")
local import = require("orket.repository.import")
local own_copy = require("orket.repository.own_copy")
local remotes = require("orket.repository.remotes")

local M = {}

---@class Source
---@field repo string a directory, as it is written in the configuration: below the project, or absolute; or a
---  URL
---@field ref string|nil a branch, a tag or a commit; default HEAD
---@field subdir string|nil only what lies beneath it

-- The epic of a plan or a conversation: its one card reads no files.
local function is_of_plan(store, epic)
  local first = store:read("children", { parent = epic })[1]
  return first ~= nil and first.type == "plan"
end

---What the configuration says of an epic's source; nil for plans and conversations.
---@param project table
---@param store Store
---@param epic string
---@return Source|nil
function M.of(project, store, epic)
  local card = store:read("card", { id = epic })[1]
  if not card or is_of_plan(store, epic) then
    return nil
  end
  local organization = project.config and project.config.organization or {}
  return card.data and card.data.source or organization.source
end

---Opens the repository of a source: of a URL the project's own copy, as far as it was fetched.
---@param project {root: FsRoot}
---@param repo string
---@return GitRepository|nil
---@return Error|nil
function M.open(project, repo)
  if remotes.is_url(repo) then
    return own_copy.open(project, repo)
  elseif repo:find("^%a[%w+.-]*:") or repo:find("^[^/]*@[^/]*:") then
    return nil, errors.new("ERR_CONFIG", "source.repo is reached in a way that is not used: " .. repo,
      "https:// is; else clone it, and name the directory of the clone")
  end
  local home, err = errors.check(project.root:path())
  if not home then
    return nil, err
  end
  return git.open(repo:sub(1, 1) == "/" and repo or home .. "/" .. repo)
end

---The working directory of the repository that an epic started from, or the part of it that the epic has.
---@param dir string the project's directory
---@param source {repo: string, subdir: string|nil} row of the epic's source
---@return string|nil
---@return Error|nil
function M.worktree(dir, source)
  if remotes.is_url(source.repo) then
    return nil, errors.new("ERR_NOT_FOUND", source.repo .. " has no working directory here",
      "name the directory to apply it to")
  end
  local place = source.repo:sub(1, 1) == "/" and source.repo or dir .. "/" .. source.repo
  place = place:gsub("/%.$", "")
  local root <close>, err = errors.check(fs.root(place))
  if not root then
    return nil, err
  elseif not root:kind(".git") then
    return nil, errors.new("ERR_NOT_FOUND", source.repo .. " has no working directory",
      "name the directory to apply it to")
  end
  return source.subdir and place .. "/" .. source.subdir or place
end

local function fetch(project, repository, url, ref)
  local remote, err = remotes.of_url(project.config.organization, url)
  if not remote then
    return nil, err
  end
  return own_copy.fetch(repository, remote, ref)
end

---Reads the commit that an epic starts from.
---@param project table
---@param source Source
---@param root FsRoot of the epic's directory
---@return ImportedTree|nil
---@return Error|nil
function M.read(project, source, root)
  local repository <close>, err = M.open(project, source.repo)
  local ref = source.ref or "HEAD"
  if repository and remotes.is_url(source.repo) then
    ref, err = fetch(project, repository, source.repo, ref)
  end
  if not repository or not ref then
    return nil, err
  end
  return import.read(repository, ref, source.subdir, root)
end

---The event that records it.
---@param tx StoreTx
---@param epic string
---@param source Source
---@param tree ImportedTree
function M.record(tx, epic, source, tree)
  tx:event("source.imported", epic, {
    repo = source.repo, ref = source.ref or "HEAD", subdir = source.subdir, commit = tree.commit,
    executable = tree.executable, links = tree.links, left = tree.left,
  })
end

return M
