-- acts.lua: the registry of a person's acts: one table, act -> its declaration and its handler, which each
-- noun registers in a table `acts` of its own. The command line, the owner's socket and the live board send
-- requests of the same form; project/owner.lua has the owner perform them for every caller.

local authority = require("orket.people.authority")
local errors = require("orket.errors")

local M = {}

local NOUNS = { -- each with a table `acts`
  cards = require("orket.governance.card_acts"),
  authoring = require("orket.project.authoring"),
  approvals = require("orket.governance.approvals.approval_acts"),
  push = require("orket.repository.push"),
  update = require("orket.repository.update"),
  put = require("orket.workspace.put"),
  files = require("orket.project.files.project_files"),
  sync = require("orket.project.sync"),
  proposals = require("orket.scripts.proposals"),
  acceptance = require("orket.scripts.serving.acceptance"),
  rollback = require("orket.governance.policy.rollback"),
  memory = require("orket.memory.memory_acts"),
  examples = require("orket.scripts.example_acts"),
  pins = require("orket.mcp.pins"),
  fork = require("orket.history.fork"),
  people = require("orket.people.people_acts"),
  plans = require("orket.planning.plan_acts"),
  rewind = require("orket.scheduler.jobs.rewind"),
  run = require("orket.scheduler.jobs.run_acts"),
  debugger = require("orket.dev.debugger_acts"),
}

---@class Act
---@field summary string what it does, as docs/acts.md has it
---@field fields table<string, string> of its requests: text, integer, number, boolean, list, object or any;
---  ? = may be absent
---@field errors string[] codes of its failures besides those of every act (see M.COMMON)
---@field beside boolean? it names files of this machine, or a command sends it by itself: only a process
---  beside the owner asks for it, no client of a network
---@field permission (string|fun(request: table): string)? what a user's role has to have for it; "act" by
---  default (people/roles.lua)
---@field plain boolean? its fields say all that it does: a person can say yes to it by reading them (MCP)
---@field run boolean? performed by a run that is under way, never by the asking process itself
---@field perform fun(project: table, request: Request, client: LineClient?): table?, Error|Error[]?

---@class Request
---@field act string
---@field who string? the person's name; of a client of the socket what the kernel says

---What every act may answer, besides errors of the environment and ERR_BUG: a wrong
---request; who asks may not; another writer was faster; the answer is longer than a line may be.
M.COMMON = { "ERR_USAGE", "ERR_DENIED", "ERR_STALE", "ERR_TOO_LARGE" }

local TYPES = {
  text = { "a text", function(value) return type(value) == "string" end },
  integer = { "an integer", function(value) return math.type(value) == "integer" end },
  number = { "a number", function(value) return type(value) == "number" end },
  boolean = { "true or false", function(value) return type(value) == "boolean" end },
  list = { "a list", function(value) return type(value) == "table" end },
  object = { "an object", function(value) return type(value) == "table" end },
  any = { "a value", function() return true end },
}

local ACTS = {}
for _, noun in pairs(NOUNS) do
  for name, act in pairs(noun.acts) do
    assert(not ACTS[name], name)
    ACTS[name] = act
  end
end

---@return table<string, Act> all, by name
function M.all()
  return ACTS
end

local EVERY = { act = "text", who = "text?" }

local function fault_of(name, act, request)
  for field in pairs(request) do
    if not act.fields[field] and not EVERY[field] then
      return "'" .. tostring(field) .. "' is no field of " .. name
    end
  end
  for _, fields in ipairs({ EVERY, act.fields }) do
    for field, wanted in pairs(fields) do
      local kind, value = TYPES[wanted:match("%l+")], request[field]
      if value == nil and not wanted:find("?", 1, true) then
        return field .. " is missing"
      elseif value ~= nil and not kind[2](value) then
        return field .. " has to be " .. kind[1]
      end
    end
  end
end

-- The act of a request, when that is a whole one.
local function read(request, client)
  local act = ACTS[request.act]
  if not act then
    return nil, errors.new("ERR_USAGE", "unknown request " .. tostring(request.act))
  end
  local fault = fault_of(request.act, act, request)
  if fault then
    return nil, errors.new("ERR_USAGE", fault, "docs/acts.md lists the fields of each act")
  elseif act.run and not client then
    return nil, errors.new("ERR_NOT_FOUND", "no run is under way", "there is nothing to " .. request.act)
  end
  return act
end

---Performs one request.
---@param project table opened as owner
---@param request Request with the fields of its act
---@param client LineClient|nil who asked a run that is under way; nil: the process that asks owns the project
---@return table|nil answer `message` tells a person what happened
---@return Error|Error[]|nil ERR_USAGE, ERR_NOT_FOUND, ERR_DENIED (who asks may not), or an error of the act
function M.perform(project, request, client)
  local act, err = read(request, client)
  err = err or authority.check(project, request, act, client)
  if err then
    return nil, err
  end
  return act.perform(project, request, client)
end

return M
