-- verify.lua: a card's command fixture runs on the card's tree; the verdict is bound to the tree's hash.
--
-- A fixture is verification/NAME.json: {"argv": [...], "wall": 10, "cpu": 5, "memory": bytes,
-- "output": bytes}. It runs without network in the card's directory; "{verification}" in an argument
-- stands for the project's verification directory. Passed = exit 0. Everything else fails, also a
-- program that cannot be started: the card may be what makes it. What no card can mend is no verdict.

local cjson = require("cjson")
local errors = require("orket.errors")
local installation = require("orket.programs.installation")
local proc = require("orket.core.proc")
local program = require("orket.effects.program")
local strings = require("orket.util.strings")

local M = {}

local LOG_MAX = 16 * 1024
local LIMITS = {
  wall = 30, cpu = 30, memory = 512 * 1024 * 1024, output = 256 * 1024, procs = 64, fsize = 64 * 1024 * 1024,
}

---True when the newest verdict of the card passed and is for this tree.
---@param store Store
---@param card string
---@param tree string its hash
---@return boolean
function M.has_passed(store, card, tree)
  local row = store:read("verdict", { card = card })[1]
  return row ~= nil and row.tree == tree and row.ok == 1
end

local function load_fixture(project, path)
  local text, err = errors.check(project.root:read("verification/" .. path))
  if not text then
    return nil, err
  end
  local fixture, message = cjson.decode(text)
  if type(fixture) ~= "table" or type(fixture.argv) ~= "table" or #fixture.argv == 0 then
    return nil, errors.new("ERR_CONFIG",
      "verification/" .. path .. " is no command fixture: " .. (message or "argv is missing"),
      'write {"argv": ["program", "argument"]}')
  end
  return fixture
end

-- It has what is installed for the tree's files, as commands have it.
local function add_installed(project, request, tree)
  local commands = (project.config.organization.process_rules or {}).commands
  local place = installation.place(project, commands, tree.files)
  table.move(place.show, 1, #place.show, #request.show + 1, request.show)
  request.env = place.env
  return place
end

local function command(project, fixture, tree)
  local argv = {}
  local home, err = errors.check(project.root:path())
  if not home then
    return nil, err
  end
  for i, argument in ipairs(fixture.argv) do
    argv[i] = tostring(argument):gsub("{verification}", function()
      return home .. "/verification"
    end)
  end
  local request = {
    argv = argv, cwd_root = tree.root, env = {}, show = { home .. "/verification" },
  }
  for key, default in pairs(LIMITS) do
    request[key] = fixture[key] or default
  end
  request.mem, request.memory = request.memory, nil
  return request
end

local function ending_of(result)
  if result.limit then
    return "stopped by the " .. result.limit .. " limit"
  elseif result.signal then
    return "killed by signal " .. result.signal
  end
  return "exit code " .. tostring(result.exit)
end

local function log_of(result)
  local text = ending_of(result) .. "\n" .. (result.stdout or "") .. (result.stderr or "")
  return strings.of_bytes(text:sub(1, LOG_MAX)) .. (#text > LOG_MAX and "\n[cut]" or "")
end

---Runs a fixture on the card's tree.
---@param project table
---@param path string below verification/
---@param tree table
---@return {ok: boolean, tree: string, log: string, installed: string[]?}|nil verdict
---@return Error|nil err  no fault of the card: the fixture cannot be read, nothing can be isolated here
function M.run(project, path, tree)
  local hash = tree:hash()
  local fixture, err = load_fixture(project, path)
  if not fixture then
    return nil, err
  end
  local request, result
  request, err = command(project, fixture, tree)
  if not request then
    return nil, err
  end
  local place = add_installed(project, request, tree)
  local ok
  ok, err = installation.enter(tree.root, place)
  if ok then
    result, err = program.run(proc.run, request)
    installation.leave(tree.root, place)
  end
  tree.root:sweep() -- what no path names would stay for ever
  if result then
    return { ok = result.exit == 0 and not result.limit and not result.signal, tree = hash,
      log = log_of(result), installed = place.keys[1] and place.keys or nil }
  elseif err.code ~= "ERR_PROC" then
    return nil, err
  end
  return { ok = false, tree = hash, log = "the verification could not run: " .. errors.line(err) }
end

return M
