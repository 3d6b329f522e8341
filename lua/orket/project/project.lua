-- project.lua: an opened project: configuration, store, owner's lock, scripts. The one boot for the
-- engine, the commands and the REPL.

local cjson = require("cjson")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local gate_options = require("orket.governance.gate_options")
local hold = require("orket.workspace.hold")
local lock = require("orket.core.lock")
local scripts = require("orket.scripts.scripts")
local store = require("orket.core.store")

local M = {}

---@class Project
---@field dir string
---@field root FsRoot
---@field config table as it is loaded now (project/config.lua)
---@field store Store
---@field generation table of scripts, that serves
---@field lock table|nil the owner's
---@field private conceals {release: fun(self)}[] what the jails of this process do not see, the newest last
---@field private holds table<string, function[]> what is done by one task at a time (workspace/hold.lua)
---@field private governed_by {config: table?, text: string?, of: table?}
---@field board StoreStream|nil the owner's: what happens outside of runs
---@field runs RunSet|nil those under way (scheduler/run_set.lua)
---@field on_configured fun()|nil called when the configuration was read anew
---@field elsewhere (fun(name: string): Directory|nil)|nil of a server: the users of the project of this name
---@field jobs Jobs|nil of a process that runs cards (scheduler/jobs.lua)
local Project = {}
Project.__index = Project

---@param dir string
---@return string path of the database
function M.database(dir)
  return dir .. "/.orket/orket.db"
end

local function own(self)
  local err
  self.lock, err = errors.check(lock.take(self.dir .. "/.orket"))
  return self.lock, err
end

-- A database that an older program wrote, when no process owns it.
local function bring_up_to_date(dir)
  local held = lock.take(dir .. "/.orket")
  local board = held and store.open(M.database(dir), {})
  if board then
    board:close()
  end
  if held then
    held:release()
  end
end

---Opens the board of a project for reading. One of an older program is brought up to date first, where that
---is possible.
---@param dir string
---@return Store|nil
---@return Error|nil
function M.open_board(dir)
  local path, readonly = M.database(dir), { readonly = true }
  local board, err = errors.check(store.open(path, readonly))
  if not err or err.code ~= "ERR_STORE_OLDER" then
    return board, err
  end
  bring_up_to_date(dir)
  return errors.check(store.open(path, readonly))
end

---Why there is nothing to read where no database is: reading makes none. One that is gone is not one that
---never was.
---@param dir string
---@return Error
function M.without_board(dir)
  local board <close>, err = M.open_board(dir)
  if not board and err.code == "ERR_STORE_CORRUPT" then
    return err
  end
  return errors.new("ERR_NOT_FOUND", "there is no board in " .. dir .. " yet",
    "orket run EPIC or orket sync puts the cards of the files on it")
end

---Opens a project for reading (any number of processes) or as its owner (one).
---@param dir string
---@param options {own: boolean?, beside: boolean?, hasty: boolean?}  beside: the database is opened while the
---scripts are built, Project:ready waits for it; hasty: commits survive the process, not the power
---@return table|nil project
---@return Error|Error[]|nil errors
function M.open(dir, options)
  local self = setmetatable({ dir = dir, governed_by = {}, conceals = {}, holds = hold.new() }, Project)
  local err
  self.root, err = errors.check(fs.root(dir))
  if not self.root then
    err.fix = errors.fix_of(err) or "name a project with -C DIR; orket init DIR makes a new one"
    return nil, err
  end
  self.config, err = config.load(dir)
  if not self.config then
    return nil, err
  end
  if options.own then
    local ok
    ok, err = own(self)
    if not ok then
      return nil, err
    end
    ok, err = self:conceal(self.config.organization)
    if not ok then
      self:close()
      return nil, err
    end
  end
  local _, _, code = self.root:kind(".orket/orket.db")
  if code == "ERR_NOT_FOUND" and not options.own then
    return nil, M.without_board(dir)
  end
  if options.own then
    self.store, err = errors.check(store.open(M.database(dir), { beside = options.beside,
      hasty = options.hasty }))
  else
    self.store, err = M.open_board(dir)
  end
  if not self.store then
    self:close()
    return nil, err
  end
  return self
end

---Waits for a database that is opened beside. Meanwhile what only beginning needed is given back.
---@return true|nil ok
---@return Error|nil err
function Project:ready()
  collectgarbage()
  embed.release()
  return errors.check(self.store:opened())
end

---Hides what an organization conceals from the jails of this process.
---@param organization table
---@param also boolean|nil what was concealed before stays so: runs that began with it are under way
---@return true|nil ok
---@return Error|nil
function Project:conceal(organization, also)
  local one, err = concealed.hold(self.dir, organization)
  if not one then
    return nil, err
  end
  while not also and #self.conceals > 0 do
    table.remove(self.conceals):release()
  end
  table.insert(self.conceals, one)
  return true
end

---A project that another process may own, as those see it who read its journal.
---@param dir string
---@param loaded table its configuration
---@return Project
function M.beside(dir, loaded)
  return setmetatable({ dir = dir, config = loaded, holds = hold.new() }, Project)
end

---One task at a time does this, until the answer is closed:
---`local held <close>, err = project:alone("files")`.
---@param what string
---@return table|nil held
---@return Error|nil canceled meanwhile
function Project:alone(what)
  return hold.take(self.holds, what)
end

---How many tasks wait for it.
---@param what string
---@return integer
function Project:waiting_for(what)
  return #(self.holds[what] or {})
end

---How the organization works.
---@return table process_rules
function Project:process()
  return self.config.organization.process_rules or {}
end

---What the gate is built from of the organization.
---@return GateOptions
function Project:rules()
  return gate_options.of(self:process())
end

---The project as a run sees it: with the configuration that it has now, whatever is loaded meanwhile.
---@return table project
function Project:as_configured()
  return setmetatable({ config = self.config, governed_by = {} }, { __index = self, __newindex = self })
end

-- The organization's rules as this project is configured, and the generations that were put under them.
local function governing(self)
  if self.governed_by.config ~= self.config then
    self.governed_by = { config = self.config, text = cjson.encode(self:rules()), of = {} }
  end
  return self.governed_by
end

---The scripts of a generation under the organization's rules as this project is configured: another run may
---have begun with others.
---@param generation table
---@return table|nil generation
---@return Error|nil
function Project:governed(generation)
  local rules = governing(self)
  generation.rules_text = generation.rules_text or cjson.encode(generation.rules)
  if generation.rules_text == rules.text then
    return generation
  elseif not rules.of[generation] then
    local texts = {}
    for path, entry in pairs(generation.files) do
      texts[path] = entry.text
    end
    local built, problems = scripts.build(texts, self:rules(), generation)
    if #problems > 0 then
      return nil, problems[1].err
    end
    rules.of[generation] = built
  end
  return rules.of[generation]
end

---The next generation from the files as they are now; the serving one when nothing changed or can be built.
---@return table generation
---@return table[] problems files that were refused
function Project:build()
  local texts, problems = scripts.texts(self.root)
  scripts.keep(texts, problems, self.generation)
  for path, text in pairs(self.overrides or {}) do -- of the fork that runs
    texts[path] = text
  end
  local generation, refused = scripts.build(texts, self:rules(), self.generation)
  table.move(refused, 1, #refused, #problems + 1, problems)
  return generation or self.generation, problems
end

---Takes the files as they are now; whether they may serve is said by serving.lua.
---@return table generation
---@return table[] problems files that were refused
function Project:load_scripts()
  local problems
  self.generation, problems = self:build()
  return self.generation, problems
end

---A recorded generation, built again from its texts; nil when it was never recorded or does not build.
---@param id string
---@return table|nil generation
function Project:generation_of(id)
  if id == self.generation.id then
    return (self:governed(self.generation))
  end
  return scripts.recorded(self.store, id, self:rules())
end

---The stream of what happens outside runs; only for the owner.
function Project:open_board(actor)
  self.board = self.board or self.store:stream({ run = "board", turn = 0, actor = actor, role = actor })
end

function Project:close()
  if self.store then
    self.store:close()
  end
  for _, one in ipairs(self.conceals) do
    one:release()
  end
  if self.lock then
    self.lock:release()
  end
end

Project.__close = Project.close

---The text of a shipped file, for `init` and the like.
M.shipped = embed.read

return M
