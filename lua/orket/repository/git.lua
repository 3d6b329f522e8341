-- git.lua: the git program on a person's repository. It runs in a jail that shows that repository and nothing
-- else: without network, without the user's and the system's configuration, and without hooks. What the
-- repository's own configuration says can at most start programs inside that jail. Plumbing commands only.

local errors = require("orket.errors")
local fs = require("orket.core.fs")
local proc = require("orket.core.proc")
local program = require("orket.effects.program")
local strings = require("orket.util.strings")

local M = {}

local OUTPUT_MAX = 128 * 1024 * 1024 -- bytes that one command answers
local LIMITS = { wall = 300, cpu = 300, mem = 2048 * 1024 * 1024, fsize = 2048 * 1024 * 1024,
  output = OUTPUT_MAX }

local HARDENED = {
  "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "protocol.allow=never",
  "safe.directory=*", "gc.auto=0", "maintenance.auto=false", "commit.gpgSign=false",
}

local ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM = "1", GIT_CONFIG_GLOBAL = "/dev/null", GIT_ATTR_NOSYSTEM = "1",
  GIT_TERMINAL_PROMPT = "0",
  GIT_NO_REPLACE_OBJECTS = "1", GIT_OPTIONAL_LOCKS = "0", GIT_NO_LAZY_FETCH = "1", GIT_ALLOW_PROTOCOL = "",
}

---@class GitRepository
---@field path string of its directory of objects and refs (.git, or a bare repository), without links
---@field root FsRoot of that directory; closed by close()
local Repository = {}
Repository.__index = Repository

local function absolute(path, above)
  return path:sub(1, 1) == "/" and path or above .. "/" .. path
end

local function line_in(root, file)
  return (root:read(file, 4096) or ""):match("^([^\n]+)\n?$")
end

-- A worktree's .git is a file "gitdir: PATH", and the repository there names the worktree in turn. A file
-- that was made to point at another repository is not believed. What all worktrees share lies where commondir
-- says.
local function common_of(root, above)
  local gitdir = (line_in(root, ".git") or ""):match("^gitdir: (.+)$")
  local path = gitdir and absolute(gitdir, above)
  local worktree <close> = path and fs.root(path)
  local back = worktree and line_in(worktree, "gitdir")
  local named <close> = back and fs.root((absolute(back, path):gsub("/%.git$", "")))
  if not named or named:path() ~= root:path() then
    return nil, errors.new("ERR_NOT_FOUND",
      above .. "/.git names a repository that does not know this worktree",
      "name the repository itself; a submodule is a part of its superproject's")
  end
  return absolute(line_in(worktree, "commondir") or ".", path)
end

local function directory_of(path)
  local root <close>, err = errors.check(fs.root(path))
  if not root then
    return nil, err
  end
  local kind = root:kind(".git")
  if kind == "directory" then
    return path .. "/.git"
  elseif kind == "file" then
    return common_of(root, path)
  end
  return path -- bare
end

-- A pipe in the place of one of these would keep git waiting.
local function is_plain(root, name)
  local kind, _, code = root:kind(name)
  return kind == "file" or code == "ERR_NOT_FOUND"
end

local function is_repository(root)
  return root:kind("HEAD") == "file" and root:kind("objects") == "directory"
    and root:kind("refs") == "directory" and is_plain(root, "config") and is_plain(root, "packed-refs")
end

---Opens the repository of a directory: one with .git in it, a worktree, or a bare one. No link is followed.
---@param path string
---@return GitRepository|nil
---@return Error|nil ERR_NOT_FOUND, ERR_PATH
function M.open(path)
  local directory, err = directory_of(path)
  if not directory then
    return nil, err
  end
  local root
  root, err = errors.check(fs.root(directory))
  if not root then
    return nil, err
  elseif not is_repository(root) then
    root:close()
    return nil, errors.new("ERR_NOT_FOUND", path .. " is no repository of git",
      "name a directory that holds .git, or a bare repository")
  end
  return setmetatable({ path = root:path(), root = root }, Repository)
end

function Repository:close()
  self.root:close()
end

Repository.__close = Repository.close

local function request_of(self, words, options)
  local argv = { "git", "--git-dir=" .. (options.write and "." or self.path) }
  for _, setting in ipairs(HARDENED) do
    argv[#argv + 1] = "-c"
    argv[#argv + 1] = setting
  end
  table.move(words, 1, #words, #argv + 1, argv)
  local request = { argv = argv, env = ENVIRONMENT, stdin = options.stdin, show = { self.path } }
  if options.write then
    request.cwd_root, request.show = self.root, {}
  else
    request.scratch = true
  end
  for key, value in pairs(LIMITS) do
    request[key] = value
  end
  return request
end

local function reason_of(result)
  if result.limit then
    return "it was stopped by the " .. result.limit .. " limit"
  end
  local text = strings.of_bytes(result.stderr:sub(1, 2000)):gsub("%s+$", "")
  return text ~= "" and text or "it ended with " .. tostring(result.exit or result.signal)
end

---Runs a plumbing command of git.
---@param words string[] the command and its arguments
---@param options {stdin: string?, write: boolean?}?  write: it may change the repository
---@return string|nil stdout
---@return Error|nil ERR_GIT with what git said; ERR_JAIL, ERR_PROC
function Repository:git(words, options)
  local result, err = program.run(proc.run, request_of(self, words, options or {}))
  if not result and err.code == "ERR_PROC" then
    return nil, errors.new("ERR_GIT", err.message, "install git: apt-get install git")
  elseif not result then
    return nil, err
  elseif result.exit ~= 0 or result.limit then
    return nil, errors.new("ERR_GIT", ("git %s failed: %s"):format(words[1], reason_of(result)))
  end
  return result.stdout
end

return M
