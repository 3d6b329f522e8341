-- aside.lua: what lies in a tree's directory and in no journal is kept aside before the directory is made
-- equal to the journal: in .orket/kept/EPIC/NAME/TIME, where no tree and no jail reaches. Bytes that a blob
-- of the journal holds are not lost and not kept again, and what an agent's call left that was interrupted is
-- no person's. What cannot be kept is not removed: the tree does not open, and the error names it.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local places = require("orket.workspace.places")
local sys = require("orket.core.sys")

local M = {}

M.PLACE = ".orket/kept"

local FILE_MAX, BYTES_MAX, FILES_MAX = 64 * 1024 * 1024, 256 * 1024 * 1024, 10000 -- of one directory at once
local NAMED_MAX = 20 -- paths that an event names
local SAME_TIME_MAX = 100
local TOO_LARGE = "it is too large to be kept aside (64 MiB)"

---@class Aside
---@field project table
---@field store table
---@field epic string
---@field card string|nil  nil: the epic's own tree
---@field root FsRoot|nil where it is kept, once something is
---@field place string|nil
---@field is_known (fun(path: string, hash: string|nil): boolean)|nil
---@field kept string[]
---@field bytes integer

---What is kept aside of one directory; nil where nothing is a person's: the scratch directory of a replay.
---@param project table
---@param store table
---@param epic string
---@param card string|nil
---@param is_known (fun(path: string, hash: string|nil): boolean)|nil of a file that need not be kept
---@return Aside|nil
function M.of(project, store, epic, card, is_known)
  return project.dir and { project = project, store = store, epic = epic, card = card, is_known = is_known,
    kept = {}, bytes = 0 } or nil
end

local function open_place(aside)
  local card = aside.card and places.name(aside.card) or "tree"
  local above = table.concat({ M.PLACE, places.name(aside.epic), card, sys.now() }, "/")
  for i = 1, SAME_TIME_MAX do
    local place = i == 1 and above or above .. "-" .. i
    local root, made, code, fix = aside.project.root:beneath(place, { create = true })
    if not root then
      return errors.check(nil, made, code, fix)
    elseif made then
      aside.place, aside.root = place, root
      return root
    end
    root:close()
  end
  return nil, errors.new("ERR_EXISTS", "there is no free name at " .. above)
end

local function too_much(aside, path, why)
  local name = aside.card or aside.epic
  return errors.new("ERR_TOO_LARGE", path .. " in the directory of " .. name .. " is not in the journal, and "
    .. why,
    "move it out of workspace/" .. places.name(aside.epic) .. ", or delete it")
end

local function bytes_of(aside, root, path)
  local bytes, err = errors.check(root:read(path, FILE_MAX))
  if not bytes and err.code == "ERR_TOO_LARGE" then
    return nil, too_much(aside, path, TOO_LARGE)
  elseif bytes and (#aside.kept >= FILES_MAX or aside.bytes + #bytes > BYTES_MAX) then
    return nil, too_much(aside, path, "there is more than is kept aside at once (10000 files, 256 MiB)")
  end
  return bytes, err
end

-- What is said of a path where no file lies.
local NO_FILE = { ERR_NOT_FOUND = true, ERR_NOT_FILE = true, ERR_NOT_DIR = true, ERR_PATH = true }

---The hash of the file that lies at a path, nil where none does. One that cannot be read, or is too large to
---be kept, is an error: nothing takes its place.
---@param aside Aside
---@param root FsRoot
---@param path string
---@return string|nil hash
---@return Error|nil
function M.look(aside, root, path)
  local found, message, code, fix = root:hash(path)
  if found or NO_FILE[code] then
    return found
  elseif code == "ERR_TOO_LARGE" then
    return nil, too_much(aside, path, TOO_LARGE)
  end
  return errors.check(nil, message, code, fix)
end

---Keeps a file that is about to be removed or replaced, unless its bytes are not lost: a blob of the journal
---holds them, or they are the beginning of what takes its place (a process was killed while it wrote the
---file).
---@param aside Aside
---@param root FsRoot
---@param path string of a file that is there
---@param hash string|nil of its bytes, where it is known
---@param whole string|nil bytes that take its place
---@return boolean|nil ok
---@return Error|nil
function M.keep(aside, root, path, hash, whole)
  hash = hash or root:hash(path)
  if hash and aside.store:blob(hash) or aside.is_known and aside.is_known(path, hash) then
    return true
  end
  local bytes, err = bytes_of(aside, root, path)
  local ok = bytes
  if ok and whole and whole:sub(1, #bytes) == bytes then
    return true
  end
  if ok and not aside.root then
    ok, err = open_place(aside)
  end
  if ok then
    ok, err = errors.check(aside.root:add(path, bytes))
  end
  if not ok then
    return nil, err
  end
  aside.kept[#aside.kept + 1], aside.bytes = path, aside.bytes + #bytes
  return true
end

-- What was kept is an event of the board, which run, log and history show.
local function record(aside)
  local project = aside.project
  if not project.board then
    project:open_board("system")
  end
  local tx = project.board:begin()
  tx:event("tree.kept", aside.card or aside.epic, {
    place = aside.place, count = #aside.kept,
    paths = setmetatable(table.move(aside.kept, 1, math.min(#aside.kept, NAMED_MAX), 1, {}), cjson.array_mt),
  })
  return errors.check(async.await(tx.commit, tx))
end

---What was kept is recorded, whatever came of the work on the directory.
---@param aside Aside|nil
---@param ok any|nil  what came of it
---@param err Error|nil
---@return any|nil ok
---@return Error|nil
function M.finish(aside, ok, err)
  if not aside or not aside.root then
    return ok, err
  end
  aside.root:close()
  aside.root = nil
  local recorded, failed = record(aside)
  return recorded and ok, err or failed
end

return M
