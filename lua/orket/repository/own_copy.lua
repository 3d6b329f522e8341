-- own_copy.lua: a repository of the project's own, beneath .orket/repositories, that holds the commits which
-- epics start from when their source is a URL. It is bare, and nothing in it comes from the other side but
-- objects and the names of commits without a past.

local errors = require("orket.errors")
local git = require("orket.repository.git")
local hash = require("orket.core.hash")
local smart_http = require("orket.repository.smart_http")
local tables = require("orket.util.tables")

local M = {}

local PLACE = ".orket/repositories/"
local CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"

local function place_of(url)
  return PLACE .. hash.of(url):sub(1, 32)
end

-- What git takes for a repository.
local function lay_out(root)
  local ok, err = true, nil
  for _, name in ipairs({ "objects", "refs" }) do
    if ok then
      ok, err = errors.check(root:mkdir(name))
    end
  end
  for _, file in ipairs({ { "config", CONFIG }, { "HEAD", "ref: refs/heads/main\n" } }) do
    if ok then
      ok, err = errors.check(root:write(file[1], file[2]))
    end
  end
  return ok, err
end

---Opens the copy of a URL; it is made when it is not there.
---@param project {root: FsRoot}
---@param url string
---@return GitRepository|nil
---@return Error|nil
function M.open(project, url)
  local root <close>, made, code, fix = project.root:beneath(place_of(url), { create = true })
  if not root then
    return errors.check(nil, made, code, fix)
  elseif not root:kind("HEAD") then
    local ok, err = lay_out(root)
    if not ok then
      return nil, err
    end
  end
  return git.open(root:path())
end

local function is_id(ref)
  return ref:find("^%x+$") ~= nil and #ref == 40
end

-- The object that a branch, a tag or a commit is on the other side.
local function object_of(found, ref)
  for _, name in ipairs({ ref, "refs/tags/" .. ref, "refs/heads/" .. ref }) do
    if found.refs[name] then
      return found.refs[name]
    end
  end
  if not is_id(ref) then
    return nil, errors.new("ERR_GIT", "the repository has no commit " .. ref,
      "name a branch, a tag or a commit")
  end
  return ref:lower()
end

local function holds(repository, object)
  return repository:git({ "cat-file", "-e", object .. "^{commit}" }) ~= nil
end

-- Commits whose parents are not there, besides those that were so before.
local function note_shallow(repository, commits)
  local known = {}
  for line in (repository.root:read("shallow") or ""):gmatch("%x+") do
    known[line] = true
  end
  for _, commit in ipairs(commits) do
    known[commit] = true
  end
  local names = tables.keys(known)
  return #names == 0 or errors.check(repository.root:write("shallow", table.concat(names, "\n") .. "\n"))
end

local function take(repository, answer)
  local ok, err = note_shallow(repository, answer.shallow)
  if ok then
    ok, err = repository:git({ "index-pack", "--stdin", "--fix-thin" }, { stdin = answer.pack, write = true })
  end
  return ok, err
end

---Fetches the commit of a ref, unless it is there.
---@param repository GitRepository of M.open
---@param remote Remote
---@param ref string a branch, a tag or a commit
---@return string|nil commit
---@return Error|nil ERR_GIT, ERR_TOO_LARGE, ERR_PROTOCOL, or an error of the network
function M.fetch(repository, remote, ref)
  local found, err = smart_http.refs(remote, "git-upload-pack")
  local object, answer
  if found then
    object, err = object_of(found, ref)
  end
  if not object or holds(repository, object) then
    return object, err
  end
  answer, err = smart_http.fetch(remote, object, found.can)
  local ok = answer
  if ok then
    ok, err = take(repository, answer)
  end
  if ok and not holds(repository, object) then
    err = errors.new("ERR_PROTOCOL", remote.name .. ": the pack that came does not hold " .. object)
  end
  return not err and object or nil, err
end

return M
