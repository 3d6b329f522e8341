-- setup.lua: `orket setup`: finds models that can be asked, checks one, and writes it into a project's
-- configuration.

local cjson = require("cjson")
local config = require("orket.project.config")
local errors = require("orket.errors")
local file_diff = require("orket.view.format.file_diff")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local model_entry = require("orket.project.config.model_entry")
local suggest = require("orket.util.suggest")
local options = require("orket.options")
local preflight = require("orket.llm.check.preflight")
local project_file = require("orket.project.files.project_file")
local providers = require("orket.llm.providers")
local cli_report = require("orket.view.cli_report")
local model_servers = require("orket.llm.check.model_servers")
local models = require("orket.cmd.models")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local strings = require("orket.util.strings")

local M = {}

M.usage = [=[
usage: orket setup [-C DIR] [--json] [--yes] [--model NAME] [--url URL [--key ENV] [--shape SHAPE]]
                   [--for NAME]...

Finds a model for a project: asks Ollama (port 11434, or OLLAMA_HOST), llama.cpp (8080) and LM Studio (1234)
on this machine, ORKET_MODEL_URL, and the providers whose key is in the environment (OPENAI_API_KEY,
ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY; OPENAI_BASE_URL and ANTHROPIC_BASE_URL say where) for
their models. You choose one; it is checked with the small requests of orket models check, which are billed as
any. Then the change of config/organization.json is shown, and written when you say yes. A key is written by
its name, never by its value. On a terminal a project is made where there is none.
  --model    the model, as its server calls it
  --url      its server, and no other one is asked; like http://127.0.0.1:11434/v1
  --key      the environment variable that holds the server's key
  --shape    its API: openai (the default), anthropic or gemini
  --for      only this model of the project changes, or is added (default: all but the embedder)
  --yes      ask nothing: take the only model, or --model, and write it when it answers and calls tools
  -C DIR     the project (default: found upwards from here)
  --json     {"servers":[{"name","base_url","shape"?,"key"?,"models","context"?,"problem"?}],"model"?,
             "checks"?,"diff"?,"written"}
exit: 0 written, or nothing to change; 1 no model found, the check failed, or not written; 2 usage; 3 waits
      for your choice or your yes
]=]

local FILE = "config/organization.json"
local FILE_MAX = 16 * 1024 * 1024
local SHOWN = 20 -- models of a server

local Setup = {}
Setup.__index = Setup

-- ---- the person ----

local function ask(question)
  io.write(question, " > ")
  io.flush()
  return strings.trimmed(io.read("l") or "")
end

local function agrees(question)
  local said = ask(question .. " y/N"):lower()
  return said == "y" or said == "yes"
end

local function say(self, line)
  if not self.args.json then
    print(line)
  end
end

-- ---- what there is ----

local function show_server(self, server)
  local name = server.name ~= server.base_url and server.name .. ": " or ""
  say(self, text.line(name .. server.base_url .. (server.key and " (key: " .. server.key .. ")" or "")))
  if server.problem then
    say(self, text.block("  " .. errors.line(server.problem)))
  elseif #server.models == 0 then
    say(self, "  lists no model")
  end
  for i, model in ipairs(server.models) do
    self.choices[#self.choices + 1] = { server = server, model = model }
    if i <= SHOWN then
      say(self, ("  %3d  %s"):format(#self.choices, text.line(model)))
    elseif i == SHOWN + 1 then
      say(self, ("  …    and %d more: choose one by its name"):format(#server.models - SHOWN))
    end
  end
end

local function find(self)
  local args = self.args
  local only = args.url and { name = args.url, base_url = args.url, key = args.key, shape = args.shape }
  self.servers = model_servers.find(only or nil)
  for _, server in ipairs(self.servers) do
    show_server(self, server)
  end
end

local function nothing_found(self)
  local server = self.args.url and self.servers[1]
  if server and server.problem then
    return server.problem
  end
  return errors.new("ERR_NOT_FOUND", "no model was found",
    "start a server (ollama serve, then ollama pull qwen2.5-coder:7b), set a key ("
      .. table.concat(model_servers.KEYS, ", ")
    .. "), or name an address: orket setup --url URL")
end

-- ---- the choice ----

local function not_listed(self, name)
  if #self.choices == 0 then
    return nothing_found(self)
  end
  local near = suggest.find(name, tables.column(self.choices, "model"))
  return errors.new("ERR_NOT_FOUND", "no server that was found lists the model " .. name,
    near and "did you mean " .. near .. "?"
      or "orket setup lists what there is; --url URL names another server")
end

local function by_name(self, name)
  local found
  for _, choice in ipairs(self.choices) do
    if choice.model == name and found then
      return nil, errors.new("ERR_NOT_FOUND", found.server.base_url .. " and " .. choice.server.base_url
        .. " both list " .. name,
        "name one with --url")
    end
    found = choice.model == name and choice or found
  end
  local server = self.args.url and self.servers[1]
  if not found and server and not server.unreachable then -- not every server has a list
    found = { server = server, model = name }
  end
  return found, not found and not_listed(self, name) or nil
end

local function by_person(self)
  while true do
    local said = ask("Which model? A number, a name, or nothing to leave")
    local choice = self.choices[math.tointeger(tonumber(said))]
    if said == "" or not utf8.len(said) then
      return nil
    end
    local err
    if not choice then
      choice, err = by_name(self, said)
    end
    if choice then
      return choice
    end
    print(text.block(errors.line(err)))
  end
end

-- Answers the choice, or nil and why there is none, or nil: it waits for a person.
local function choose(self)
  if self.args.model then
    return by_name(self, self.args.model)
  elseif #self.choices == 0 then
    return nil, nothing_found(self)
  elseif self.is_terminal then
    return by_person(self)
  elseif not self.args.yes then
    say(self, "Choose one: orket setup --model NAME")
    return nil
  elseif #self.choices > 1 then
    return nil, errors.new("ERR_USAGE", "there are " .. #self.choices .. " models",
      "name one with --model NAME")
  end
  return self.choices[1]
end

-- ---- the project ----

local function place(self)
  return self.dir == "." and "this directory" or self.dir
end

local function open(self)
  local root, err = errors.check(fs.root(self.dir))
  if root and root:kind(FILE) ~= "file" then
    root:close()
    return nil, errors.new("ERR_NOT_FOUND", "there is no project in " .. place(self),
      "orket init DIR makes one, then orket setup -C DIR")
  end
  return root, err
end

local function make(self)
  local root, err = open(self)
  if not root and self.is_terminal
    and agrees(text.line("There is no project in " .. place(self) .. ". Write a new one there?")) then
    if require("orket.cmd.init").run({ self.dir }) == 0 then
      return open(self)
    end
  end
  return root, err
end

local function load(self)
  local root <close>, err = make(self)
  if not root then
    return nil, err
  end
  self.project, err = config.load(self.dir)
  if not self.project then
    return nil, err
  end
  self.before, err = errors.check(root:read(FILE, FILE_MAX))
  return self.before, err
end

-- ---- the change ----

-- What a team cannot do without.
local function lacking(rows)
  for _, row in ipairs(rows) do
    if (row.check == "reachable" or row.check == "calls") and row.outcome ~= "ok" then
      return row
    end
  end
end

local function check(self)
  say(self, text.line("Checking " .. self.model.model .. " …"))
  self.checks = preflight.run(self.model)
  if not self.args.json then
    models.show_checks(self.checks)
  end
  local row = lacking(self.checks)
  if not row or self.is_terminal and agrees("It cannot work in a team as it is. Go on all the same?") then
    return true
  end
  local code = type(row.code) == "string" and row.code or "ERR_PROTOCOL"
  return nil, errors.new(code, self.model.model .. " cannot work in a team: " .. (row.message or row.check),
    row.cure or "choose another model")
end

local function write(self)
  local root <close>, err = open(self)
  local now = root and root:read(FILE, FILE_MAX)
  if root and now ~= self.before then
    err = errors.new("ERR_EXISTS", FILE .. " was changed meanwhile", "run orket setup again")
  end
  if err then
    return nil, err
  end
  self.written, err = project_file.replace(self.dir, FILE, self.after)
  if self.written then
    say(self, "Wrote " .. FILE .. ". Next: orket validate, then orket run EPIC")
  end
  return self.written, err
end

-- Answers the exit code, or nil and why it failed.
local function change(self)
  self.after = model_entry.put(self.before, self.project.organization, self.args["for"], self.model)
  if self.after == self.before then
    say(self, FILE .. " says that already")
    return 0
  end
  local diff = file_diff.file(FILE, self.before, self.after)
  self.diff = file_diff.text(diff, false)
  if not self.args.json then
    io.write(file_diff.text(diff, sys.is_tty(1)))
  end
  if not self.args.yes and not (self.is_terminal and agrees("Write this?")) then
    say(self, "Nothing is written" .. (self.is_terminal and "." or " without --yes."))
    return self.is_terminal and 1 or 3
  end
  local ok, err = write(self)
  return ok and 0, err
end

local function go(self)
  find(self)
  local choice, err = choose(self)
  if not choice then
    return not err and 3, err
  end
  local server = choice.server
  self.model = { base_url = server.base_url, model = choice.model, shape = server.shape, key = server.key,
    private = server.private,
    context = server.context }
  local ok
  ok, err = load(self)
  if ok then
    ok, err = check(self)
  end
  if not ok then
    return nil, err
  end
  return change(self)
end

-- ---- the command ----

local function parse(argv)
  local args, message = options.parse(argv, {
    C = "value", json = "flag", yes = "flag", model = "value", url = "value", key = "value", shape = "value",
    ["for"] = "list",
  }, {})
  if not args then
    return nil, message
  elseif args.url and not args.url:find("^https?://[^/?#@]+[^?#]*$") then
    return nil, "--url is an address like http://127.0.0.1:11434/v1"
  elseif (args.key or args.shape) and not args.url then
    return nil, "--key and --shape go with --url"
  elseif args.key and not args.key:find("^[%a_][%w_]*$") then
    return nil, "--key is the name of an environment variable"
  elseif args.shape and not providers.has(args.shape) then
    return nil, "--shape is one of " .. table.concat(providers.names(), ", ")
  end
  for _, name in ipairs(args["for"] or {}) do
    if #name > 64 or not name:find("^%w[%w._-]*$") then
      return nil, "--for takes the name of a model of the project"
    end
  end
  return args
end

local ROW = { "name", "base_url", "shape", "key", "models", "context", "problem" }

local function as_json(self)
  local rows = setmetatable({}, cjson.array_mt)
  for i, server in ipairs(self.servers) do
    rows[i] = tables.pick(server, ROW)
  end
  return text.json({ servers = rows, model = self.model, checks = self.checks, diff = self.diff,
    written = self.written or false })
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local self = setmetatable({ args = args, dir = args.C or ".", choices = {},
    is_terminal = not (args.json or args.yes) and sys.is_tty(0) and sys.is_tty(1) }, Setup)
  local code, err = go(self)
  if args.json then
    print(as_json(self))
  end
  return code or err and cli_report.failure(err) or 1
end

return M
