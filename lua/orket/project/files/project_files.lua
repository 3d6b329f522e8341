-- project_files.lua: the files of a project that a person may look at and edit from elsewhere: configuration,
-- scripts, verifications. Declared directories and endings alone: neither the journal and the keys in
-- .orket/, nor hidden files, nor what else lies in the directory. Agents' files are in the journal
-- (workspace/tree_state.lua).

local async = require("orket.async")
local code = require("orket.project.config.code")
local config = require("orket.project.config")
local errors = require("orket.errors")
local gate = require("orket.core.gate")
local hash = require("orket.core.hash")
local overlay = require("orket.project.config.overlay")
local person = require("orket.governance.person")
local proc = require("orket.core.proc")
local tables = require("orket.util.tables")

local M = {}

local ENDINGS = { config = "%.json$", roles = "%.lua$", nodes = "%.lua$", tools = "%.lua$",
  verification = "" }
local MOST = 1 << 20 -- bytes of a file
local ENTRIES = 2000 -- of a directory

---@class ProjectFile
---@field path string
---@field content string
---@field revision string of the content: who saves names the one that was read

-- ---- which files ----

local function denied(path)
  return errors.new("ERR_DENIED", "'" .. path .. "' is not a file that may be looked at here",
    "name one in " .. table.concat(tables.keys(ENDINGS), "/, ") .. "/")
end

-- A relative file of a key is one of the directory where the process began; another process may begin in the
-- project.
local function leads_to(project, file, place)
  return proc.real(file) == place
    or file:sub(1, 1) ~= "/" and proc.real(project.dir .. "/" .. file) == place
end

-- Files of keys may lie in the project; they are no texts.
local function is_key(project, path)
  local place = proc.real(project.dir .. "/" .. path)
  for _, key in pairs(project.config.organization.keys or {}) do
    if key.file and place and leads_to(project, key.file, place) then
      return true
    end
  end
  return false
end

local function has_plain_names(path)
  for name in (path .. "/"):gmatch("([^/]*)/") do
    if name == "" or name:sub(1, 1) == "." or name:find("[%c\127]") then
      return false
    end
  end
  return true
end

-- The ending that files beneath the first directory of a path have; nil: it is none of ours.
local function ending_of(path)
  return has_plain_names(path) and ENDINGS[path:match("^[^/]+")] or nil
end

local function is_file(project, path)
  local ending = path:find("/", 1, true) and ending_of(path)
  return ending and path:find(ending) ~= nil and not is_key(project, path)
end

-- ---- looked at ----

local function item_of(project, directory, entry)
  local path = directory == "." and entry.name or directory .. "/" .. entry.name
  local is_dir = entry.type == "directory"
  if is_dir and ending_of(path) or entry.type == "file" and is_file(project, path) then
    return { name = entry.name, path = path, is_dir = is_dir, size = not is_dir and entry.size or nil,
      ext = not is_dir and (entry.name:match("%.[^.]*$") or "") or "" }
  end
end

local function directories_first(a, b)
  if a.is_dir ~= b.is_dir then
    return a.is_dir
  end
  return a.name < b.name
end

---What is in a directory: directories first.
---@param project table
---@param path string "." is the project
---@return {name: string, path: string, is_dir: boolean, size: integer?, ext: string}[]|nil items
---@return Error|nil ERR_DENIED, ERR_NOT_FOUND, ERR_NOT_DIR
function M.list(project, path)
  if path ~= "." and not ending_of(path) then
    return nil, denied(path)
  end
  local entries, more, failure, fix = project.root:list(path, ENTRIES)
  if not entries then
    return errors.check(nil, more, failure, fix)
  end
  local items = {}
  for _, entry in ipairs(entries) do
    items[#items + 1] = item_of(project, path, entry)
  end
  table.sort(items, directories_first)
  return items
end

---@param project table
---@param path string
---@return ProjectFile|nil
---@return Error|nil ERR_DENIED, ERR_NOT_FOUND, ERR_NOT_FILE, ERR_TOO_LARGE, ERR_UTF8
function M.read(project, path)
  if not is_file(project, path) then
    return nil, denied(path)
  end
  local text, err = errors.check(project.root:read(path, MOST))
  if text and not utf8.len(text) then
    return nil, errors.new("ERR_UTF8", path .. " is not a text", "look at it on the machine itself")
  end
  return text and { path = path, content = text, revision = hash.of(text) }, err
end

-- ---- saved ----

local function stale(path, now)
  return errors.new("ERR_STALE", now and path .. " is not at the revision that you saw"
    or path .. " is gone", "read it again, and save what you make of it with its revision")
end

-- The text that is replaced; false: there is none yet.
local function replaced(project, request)
  local now, err = M.read(project, request.path)
  if err and err.code ~= "ERR_NOT_FOUND" then
    return nil, err
  elseif (now and now.revision) ~= request.revision then
    return nil, stale(request.path, now)
  end
  return now and now.content or false
end

-- What is wrong with one file, of all that is wrong.
local function of_file(problems, path)
  local some = {}
  for _, problem in ipairs(problems) do
    some[#some + 1] = problem.file == path and not problem.warning and problem or nil
  end
  return some
end

-- What the text would break: in itself, or in what refers to it and was sound.
local function script_faults(project, request)
  local texts = { [request.path] = request.text }
  return of_file(code.problems(overlay.over(project.root, texts), project:rules()), request.path)
end

local function config_faults(project, request)
  local known, faults = {}, {}
  for _, problem in ipairs(select(2, config.read(project.dir)).errors) do
    known[problem.file .. problem.path .. problem.message] = true
  end
  for _, problem in ipairs(select(2, config.read(project.dir, { [request.path] = request.text })).errors) do
    local is_new = not known[problem.file .. problem.path .. problem.message]
    faults[#faults + 1] = (is_new or problem.file == request.path) and problem or nil
  end
  return faults
end

local IS_SCRIPT = { roles = true, nodes = true, tools = true }

local function check(project, request)
  local faults = IS_SCRIPT[request.path:match("^[^/]+")] and script_faults or config_faults
  local found = faults(project, request)
  return #found == 0 and true or nil, found
end

-- The intent is on disk before the file is touched; what is replaced stays in the journal.
local function record(project, request, was)
  local tx = person.begin(project, request.who)
  tx:event("project.saved", nil, { path = request.path, was = was and tx:blob(was) or nil,
    now = tx:blob(request.text) })
  return errors.check(async.await(tx.commit, tx))
end

local WHEN = { config = "the next run takes it, and sync the cards", verification = "the next test takes it" }

-- What is saved stays in the journal, which holds no secret.
local function leak_of(text)
  local what = gate.leak(text)
  return what and errors.new("ERR_DENIED", "the text holds " .. what,
    "name the key in `keys`, and keep it in the environment or a file outside of the project")
end

local function save_checked(project, request)
  local leak = leak_of(request.text)
  if not is_file(project, request.path) then
    return nil, denied(request.path)
  elseif leak then
    return nil, leak
  elseif #request.text > MOST or not utf8.len(request.text) then
    return nil, errors.new("ERR_TOO_LARGE", "a file is a text of at most 1 MiB")
  end
  local was, err = replaced(project, request)
  local ok
  if was ~= nil then
    ok, err = check(project, request)
  end
  if ok then
    ok, err = record(project, request, was)
  end
  if ok then
    ok, err = errors.check(project.root:write(request.path, request.text))
  end
  local when = WHEN[request.path:match("^[^/]+")]
    or "it serves when it only forbids more, else it waits to be accepted"
  return ok and { path = request.path, revision = hash.of(request.text),
    message = "saved " .. request.path .. ": " .. when }, err
end

-- One at a time: what was read of a file is still so when it is written.
local function save(project, request)
  if project.saving then
    return nil, errors.new("ERR_STALE", "another file is being saved", "save it again")
  end
  project.saving = true
  local _ <close> = setmetatable({}, { __close = function()
    project.saving = nil
  end })
  return save_checked(project, request)
end

M.acts = {
  save = {
    summary = "writes a configuration, a script or a verification that holds; `revision` is of the text that "
      .. "it replaces",
    fields = { path = "text", text = "text", revision = "text?" },
    errors = { "ERR_DENIED", "ERR_TOO_LARGE", "ERR_UTF8", "ERR_CONFIG", "ERR_SCHEMA", "ERR_SCRIPT_SYNTAX",
      "ERR_SCRIPT_CONTRACT" },
    permission = "admin", perform = save,
  },
}

return M
