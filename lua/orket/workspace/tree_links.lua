-- tree_links.lua: the symbolic links of a repository, as programs find them in a tree.
--
-- A tree has files only: its hash, its merges and the file tools know no link. The links lie in its directory
-- while a program runs there, and are gone when that ends, so that one which it led elsewhere leads nobody.
-- Which links there are is decided by their text over the paths of the files: a link leads to a file or a
-- directory of the same tree, also through other such links, and through nothing else.

local errors = require("orket.errors")
local manifest = require("orket.workspace.manifest")
local tables = require("orket.util.tables")

local M = {}

M.TARGET_MAX = 1024 -- bytes of the text of a link

local LINKS_MAX = 1000 -- of one tree: each program has all of them made
local PASSED_MAX = 40  -- links on the way of one, as in the kernel
local LISTED_MAX = 200000 -- entries of a directory

---@alias TreeLinks table<string, string> path -> where it leads

-- ---- which there are ----

local function above(path)
  return path:match("^(.*)/[^/]*$") or ""
end

local function is_directory(state, path)
  if state.directories[path] == nil then
    state.directories[path] = manifest.beneath(state.files, path)[1] ~= nil
  end
  return state.directories[path]
end

-- The names of a link's text, the first one last. What follows a slash at the end has to be a directory.
local function push(rest, text)
  local names = {}
  for name in (text:gsub("/$", "/.")):gmatch("[^/]+") do
    names[#names + 1] = name
  end
  for i = #names, 1, -1 do
    rest[#rest + 1] = names[i]
  end
end

local NOTHING = "it leads to nothing that came in"

local leads

-- One name further on the way of a link.
local function step(state, way, name)
  local path = way.here == "" and name or way.here .. "/" .. name
  if state.files[way.here] then
    return nil, NOTHING -- beneath a file
  elseif name == ".." and way.here == "" then
    return nil, "it leads out of the tree"
  elseif name == ".." then
    way.here = above(way.here)
  elseif state.links[path] then
    way.here = leads(state, path)
    way.passed = way.passed + (state.passed[path] or 0)
    return way.here and true, "it leads through a link that stays out"
  elseif name ~= "." then
    way.here = path
    return state.files[path] ~= nil or is_directory(state, path) or nil, NOTHING
  end
  return true
end

-- Where a text leads from a directory, and how many links that passes; nil and the reason.
local function follow(state, here, text)
  local way, rest = { here = here, passed = 0 }, {}
  push(rest, text)
  while #rest > 0 do
    local ok, why = step(state, way, table.remove(rest))
    if not ok then
      return nil, why
    end
  end
  return way
end

local function target_of(state, path)
  local text = state.links[path]
  if text == "" or text:sub(1, 1) == "/" then
    return nil, "it leads to an absolute path"
  elseif #text > M.TARGET_MAX then
    return nil, "it is longer than " .. M.TARGET_MAX .. " bytes"
  end
  local way, why = follow(state, above(path), text)
  local to = way and way.here
  state.passed[path] = way and way.passed + 1
  if to == "" or to and (path .. "/"):sub(1, #to + 1) == to .. "/" then
    return nil, "it leads to a directory that it lies in"
  elseif to and state.passed[path] > PASSED_MAX then
    return nil, "it leads through too many links"
  end
  return to, why
end

-- Where it leads; false when it stays out. One that is asked for on its own way is a loop.
function leads(state, path)
  if state.leads[path] == nil then
    state.leads[path] = false
    local to, why = target_of(state, path)
    state.leads[path], state.why[path] = to or false, why
  end
  return state.leads[path]
end

-- A file, a directory or another link has its place, or lies above it.
local function is_taken(state, links, path)
  local higher = above(path)
  while higher ~= "" do
    if state.files[higher] or links[higher] then
      return true
    end
    higher = above(higher)
  end
  return state.files[path] ~= nil or is_directory(state, path)
end

-- Those that have a place of their own.
local function place(state, links)
  for i, path in ipairs(tables.keys(links)) do
    if i > LINKS_MAX then
      state.why[path] = "there are more than " .. LINKS_MAX
    elseif is_taken(state, links, path) then
      state.why[path] = "something else has its name"
    else
      state.links[path] = links[path]
    end
  end
end

local function state_of(files, links)
  local state = { files = files, directories = {}, links = {}, leads = {}, why = {}, passed = {} }
  place(state, links)
  return state
end

---Which links a tree can have, by their text alone.
---@param files table<string, any> a manifest (workspace/manifest.lua) of its files
---@param links TreeLinks
---@return TreeLinks held
---@return table<string, string> why path -> why it is not one of them
function M.sift(files, links)
  local held, state = {}, state_of(files, links)
  for _, path in ipairs(tables.keys(state.links)) do
    held[path] = leads(state, path) and links[path] or nil
  end
  return held, state.why
end

---The links that programs find in a tree: of those of its repository the ones that lead somewhere in it.
---@param tree {files: table<string, string>, links: TreeLinks}
---@return TreeLinks
function M.of(tree)
  return next(tree.links) and (M.sift(tree.files, tree.links)) or {}
end

---The own name of a file or a directory that a path reaches through links.
---@param tree {files: table<string, string>, links: TreeLinks}
---@param path string as an agent wrote it
---@return string|nil real nil when it reaches nothing
function M.real(tree, path)
  local way = next(tree.links) and follow(state_of(tree.files, tree.links), "", path)
  return way and way.here or nil
end

-- ---- what is beside them ----

local function meet(a, b)
  return (a .. "/"):sub(1, #b + 1) == b .. "/" or (b .. "/"):sub(1, #a + 1) == a .. "/"
end

---The links that are not at, above or beneath one of some paths.
---@param links TreeLinks
---@param paths table<string, any> by path
---@return TreeLinks
function M.beside(links, paths)
  local others = {}
  for link, to in pairs(links) do
    others[link] = to
    for path in pairs(paths) do
      if meet(link, path) then
        others[link] = nil
        break
      end
    end
  end
  return others
end

---What stands against writing a file of an agent's: it would take the place of a link, which the commits of
---the epic's branch keep.
---@param tree {files: table<string, string>, links: TreeLinks}
---@param path string canonical
---@return GateVerdict|nil refusal
function M.objection(tree, path)
  if tree.files[path] then
    return nil
  end
  for link, to in pairs(tree.links) do
    if meet(link, path) then
      return { decision = "deny", rule = "gate.path.name",
        why = ("a link of the repository is there: %s, to %s"):format(link, to),
        fix = "write the file that it leads to under its own name; links stay as they are" }
    end
  end
end

-- ---- for one program ----

local IN_THE_WAY = { ERR_EXISTS = true, ERR_PATH = true, ERR_NOT_DIR = true, ERR_NOT_FILE = true }

---Puts links into a tree's directory; those are for one program. What an earlier program left at the place
---of one goes; one whose directory is none by now is left out.
---@param root FsRoot
---@param links TreeLinks also of what is installed: those lead out of the tree
---@return boolean|nil ok
---@return Error|nil
function M.enter(root, links)
  for path, to in pairs(links) do
    root:remove(path)
    local ok, err = errors.check(root:link(path, to))
    if not ok and not IN_THE_WAY[err.code] then
      return nil, err
    end
  end
  return true
end

local function types_in(root, directory)
  local types = {}
  for _, entry in ipairs(root:list(directory == "" and "." or directory, LISTED_MAX) or {}) do
    types[entry.name] = entry.type
  end
  return types
end

---Takes them away again, wherever they lead by now; what else a program put there is the tree's to judge.
---@param root FsRoot
---@param links TreeLinks
function M.leave(root, links)
  if not next(links) or not root:wake() then
    return
  end
  local types = {}
  for path in pairs(links) do
    local directory = above(path)
    types[directory] = types[directory] or types_in(root, directory)
    if types[directory][path:match("[^/]*$")] == "link" then
      root:delete(path)
    end
  end
end

return M
