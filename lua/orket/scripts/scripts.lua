-- scripts.lua: the restricted scripts (roles, nodes, tools) and their generations.
--
-- A generation is one validated set of script texts. It is never changed: a reload builds the next
-- one, keeping the prepared scripts whose text is the same, and a file that does not validate leaves
-- its predecessor in place. Running turns keep the generation they started with.

local box = require("orket.core.box")
local contract = require("orket.scripts.contract")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local gate_config = require("orket.governance.gate_config")
local tables = require("orket.util.tables")

local M = {}

local KINDS = { "roles", "nodes", "tools" }
M.KINDS = KINDS -- also the names of a project's directories
-- each file there is a policy of its own, asked beside the one that was chosen
local POLICIES = "nodes/policy"
M.POLICIES = POLICIES
local FILES_MAX = 1000 -- of one kind
local SOME, BRIEF = embed.read("lua/box/some.lua"), embed.read("lua/box/brief.lua")

-- What runs in a box before the script: tools perform operations, roles and nodes may read views.
local PRELUDES = {
  roles = SOME .. BRIEF,
  nodes = SOME .. BRIEF,
  tools = SOME .. embed.read("lua/box/operations.lua"),
}
local PATCHING = PRELUDES.tools .. embed.read("lua/box/patch.lua") .. embed.read("lua/box/patch_apply.lua")

local function shipped(kind, texts)
  for _, path in ipairs(embed.list(kind .. "/")) do
    texts[path] = embed.read(path)
  end
end

---Whatever has such a name is a script; editors keep their own files behind a dot.
---@param entry {name: string}
---@return string|nil name of the script
function M.script_name(entry)
  return entry.name:match("^([^.].*)%.lua$")
end

local function trouble(problems, path, err)
  problems[#problems + 1] = { path = path, err = err }
end

-- The entries of a directory of scripts. What is there may narrow what is allowed: nothing serves without it.
local function entries_of(root, dir, problems)
  local entries, more, code, fix = root:list(dir, FILES_MAX)
  if not entries and code ~= "ERR_NOT_FOUND" then
    trouble(problems, dir, errors.new(code, more, fix))
  elseif entries and more then
    trouble(problems, dir, errors.new("ERR_LIMIT", "more than " .. FILES_MAX .. " files",
      "keep scripts there, nothing else"))
  end
  return entries or {}
end

-- Beside the nodes and policies lie the fixtures that try them, as files or in these.
local BESIDE = { fixtures = true, tests = true }
local DEEPEST = 8 -- directories in directories that are looked into

local function holds_scripts(root, dir, problems, depth)
  for _, entry in ipairs(entries_of(root, dir, problems)) do
    local deeper = entry.type == "directory" and not entry.name:find("^%.")
    if M.script_name(entry) or deeper and (depth == DEEPEST
      or holds_scripts(root, dir .. "/" .. entry.name, problems, depth + 1)) then
      return true
    end
  end
  return false
end

-- A link may lead to a directory; of one that leads out of the project nobody knows.
local function may_hold_scripts(root, path, entry)
  if entry.type == "link" then
    local entries, _, code = root:list(path, FILES_MAX)
    return entries ~= nil or code == "ERR_PATH"
  end
  return entry.type == "directory"
end

-- Nobody asks a policy that lies too deep: that is told, since its author thinks otherwise.
local function look_into(root, path, entry, problems)
  if path == POLICIES or BESIDE[entry.name] or entry.name:find("^%.")
    or not may_hold_scripts(root, path, entry) then
    return
  end
  if holds_scripts(root, path, problems, 1) then
    trouble(problems, path, errors.new("ERR_CONFIG", "holds scripts that nothing reads", "move its files to "
      .. POLICIES .. "/, or name it fixtures"))
  end
end

local function own(root, dir, texts, problems)
  for _, entry in ipairs(entries_of(root, dir, problems)) do
    if dir == "nodes" or dir == POLICIES then
      look_into(root, dir .. "/" .. entry.name, entry, problems)
    end
    if M.script_name(entry) then -- also a link: that it is not read is told
      local path = dir .. "/" .. entry.name
      local text, err = errors.check(root:read(path))
      texts[path] = text or texts[path]
      if not text then
        trouble(problems, path, err)
      end
    end
  end
end

---All script texts of a project: the shipped ones, each overridden by the project's own file.
---@param root table|nil fs root of the project; nil for the shipped ones alone
---@return table<string, string> texts by path ("roles/coder.lua")
---@return table[] problems {path, err}
function M.texts(root)
  local texts, problems = {}, {}
  for _, kind in ipairs(KINDS) do
    shipped(kind, texts)
    if root then
      own(root, kind, texts, problems)
    end
  end
  if root then
    own(root, POLICIES, texts, problems)
  end
  return texts, problems
end

---What could not be read stays as it was: a script that is there and serves is not taken away by a failing
---read.
---@param texts table<string, string>
---@param problems {path: string}[]  files and directories, of M.texts
---@param previous table|nil generation
function M.keep(texts, problems, previous)
  local unread = {}
  for _, problem in ipairs(problems) do
    unread[problem.path] = true
  end
  for path, entry in pairs(next(unread) and previous and previous.files or {}) do
    if unread[path] or unread[path:match("^(.*)/")] then
      texts[path] = entry.text
    end
  end
end

-- A box is as small as its script lets it be: it is restored for each call.
local function prelude_of(kind, text)
  if kind == "tools" then
    return text:find("patch.parse", 1, true) and PATCHING or PRELUDES.tools
  end
  return text:find("brief", 1, true) and PRELUDES[kind] or SOME
end

---What a text of a node returns; functions show as {type="function"}.
---@param path string
---@param text string
---@return any about
---@return Error|nil
function M.describe(path, text)
  local script, err = errors.check(box.prepare(path, text, { prelude = prelude_of("nodes", text) }))
  return script and script:describe(), err
end

---A text in the box of its kind; it is not held against a contract.
---@param path string "nodes/policy/x.lua"
---@param text string
---@return orket.box.script|nil
---@return Error|nil
function M.boxed(path, text)
  return errors.check(box.prepare(path, text, { prelude = prelude_of(path:match("^%a+"), text) }))
end

---One script, prepared and held against its contract, its self-test included.
---@param path string "nodes/policy/x.lua"
---@param text string
---@return table|nil entry
---@return Error|nil
function M.prepare(path, text)
  local kind, name = path:match("^(%a+)/(.+)%.lua$")
  local script, err = M.boxed(path, text)
  if not script then
    return nil, err
  end
  local entry = { path = path, kind = kind, name = name, text = text, script = script,
    about = script:describe() }
  local ok
  ok, err = contract.check(entry)
  if not ok then
    return nil, err
  end
  return entry
end

---The name of the generation that these texts are, when all of them build.
---@param texts table<string, string>
---@return string
function M.name_of(texts)
  local parts = {}
  for _, path in ipairs(tables.keys(texts)) do
    parts[#parts + 1] = path
    parts[#parts + 1] = texts[path]
  end
  return hash.parts(parts):sub(1, 16)
end

local function identity(generation)
  local texts = {}
  for path, entry in pairs(generation.files) do
    texts[path] = entry.text
  end
  return M.name_of(texts)
end

---True for a file of nodes/policy/.
---@param path string
---@return boolean
function M.is_policy(path)
  return path:sub(1, #POLICIES + 1) == POLICIES .. "/"
end

---Builds a generation. Files that fail keep their entry of `previous` and are listed in problems.
---@param texts table<string, string>
---@param rules table  the organization's gate rules and limits: {rules=, limits=}
---@param previous table|nil generation
---@return table|nil generation {id, files, roles, nodes, tools, policies, gate}; nil when something is
---  missing
---@return table[] problems {path, err, text: that was refused}
function M.build(texts, rules, previous)
  local generation = { files = {}, roles = {}, nodes = {}, tools = {}, policies = {}, rules = rules }
  local problems = {}
  for _, path in ipairs(tables.keys(texts)) do
    local before = previous and previous.files[path]
    local entry, err = before, nil
    if not before or before.text ~= texts[path] then
      entry, err = M.prepare(path, texts[path])
    end
    if err then
      problems[#problems + 1] = { path = path, err = err, text = texts[path] }
      entry = before
    end
    if entry then
      generation.files[path] = entry
      generation[entry.kind][entry.name] = entry
      if M.is_policy(path) then
        generation.policies[#generation.policies + 1] = entry
      end
    end
  end
  local gate, err = gate_config.build(generation, rules)
  if not gate then
    problems[#problems + 1] = { path = "gate", err = err }
    return previous, problems
  end
  generation.gate = gate
  generation.id = identity(generation)
  return generation, problems
end

---A recorded generation, built again from its texts; nil when it was never recorded or does not build.
---@param store Store
---@param id string
---@param rules table see build
---@return table|nil generation
function M.recorded(store, id, rules)
  local row = store:read("generation", { id = id })[1]
  local texts = {}
  for path, blob in pairs(row and row.files or {}) do
    texts[path] = store:blob(blob)
  end
  local generation = row and M.build(texts, rules)
  return generation and generation.id == id and generation or nil
end

return M
