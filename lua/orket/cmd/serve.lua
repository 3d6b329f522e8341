-- serve.lua: `orket serve`: owns projects and serves them over HTTP until it is stopped.

local async = require("orket.async")
local cli_report = require("orket.view.cli_report")
local errors = require("orket.errors")
local forwarded = require("orket.service.web.forwarded")
local http = require("orket.core.http")
local llm = require("orket.core.llm")
local loop_meter = require("orket.async.loop_meter")
local options = require("orket.options")
local proc = require("orket.core.proc")
local projects = require("orket.project.project")
local rate_limit = require("orket.people.rate_limit")
local seed_cards = require("orket.dev.seed_cards")
local service = require("orket.service.service")
local service_log = require("orket.telemetry.service_log")
local session = require("orket.project.session")
local sys = require("orket.core.sys")
local web_server = require("orket.service.web.web_server")
local workspaces = require("orket.service.workspaces")

local M = {}

local ADMIN_KEY = ".admin" -- what the core calls it: no usual name of a key of a configuration

M.usage = [[
usage: orket serve [-C DIR]... [--port P] [--host ADDRESS] [--name NAME]... [--proxy ADDRESS]...
                   [--new-key]

Owns a project, or several, and serves them: the API (docs/api.md), live events, runs that are started over
it. Other commands work beside it, as they do beside a run. The first start makes the administrator's key and
prints it once; with ORKET_API_KEY set, that is the key. People sign in with passwords (orket user), programs
have keys (orket key); ORKET_RATE_LIMIT bounds the requests a minute of each (6000; 0: no bound). Requests are
logged to standard error, a line of JSON each.
  -C DIR          the project (default: found upwards from here); --data DIR is the same. A further one is
                  reached by its name, /w/NAME/v1/…; the first keeps the administrator's key
  --port P        where to listen (default 8082; 0: any that is free)
  --host ADDRESS  a numeric address (default 127.0.0.1: this machine alone)
  --name NAME     a further name by which clients reach it, such as a reverse proxy's
  --proxy ADDRESS the numeric address of a reverse proxy, whose X-Forwarded-For and X-Forwarded-Host count
  --new-key       makes a new key; the one before is good for nothing
  --seed-cards N  for measurements: a project with N cards, where there is none
exit: 0 stopped by SIGTERM, SIGHUP or ^C, 1 failed, 2 usage
]]

local KNOWN = { C = "list", data = "list", port = "value", host = "value", name = "list",
  proxy = "list", ["new-key"] = "flag", ["seed-cards"] = "value" }
local PORT = 8082
local REPLIES = 7 -- seconds that replies under way are waited for when it stops
local ANSWERS = 2 -- and answers that are being sent

local function number(text, most)
  local value = math.tointeger(tonumber(text))
  return value and value >= 0 and value <= most and value or nil
end

local function all_addresses(list)
  for _, text in ipairs(list) do
    if not forwarded.is_address(text) then
      return false
    end
  end
  return true
end

-- As a browser sends it in Host, without a port: what is none would never be met.
local function all_names(list)
  for _, text in ipairs(list) do
    local is_name = text:find("^%w[%w.-]*$") and not text:find("%.$")
    if not (is_name or text:find("^%[[%x:.]+%]$")) then
      return false
    end
  end
  return true
end

local function parse(argv)
  local args, message = options.parse(argv, KNOWN, {})
  if not args then
    return nil, message
  end
  args.C, args.host = args.data or args.C or { "." }, args.host or "127.0.0.1"
  args.port = number(args.port or PORT, 65535)
  args.seed = args["seed-cards"] and number(args["seed-cards"], 100000)
  if not args.port then
    return nil, "--port is 0 to 65535"
  elseif not all_addresses(args.proxy or {}) then
    return nil, "--proxy is a numeric address"
  elseif not all_names(args.name or {}) then
    return nil, "--name is a host's name, as orket.example.org: no scheme, port or *"
  elseif args["new-key"] and sys.env("ORKET_API_KEY") then
    return nil, "--new-key makes a key of its own, and ORKET_API_KEY is set: unset it"
  elseif args["seed-cards"] and not args.seed then
    return nil, "--seed-cards is a number of cards, at most 100000"
  end
  return args
end

-- What belongs to the process, not to a project: its log, and how busy its loop is.
local function open_instruments()
  local log = service_log.open()
  return { log = log, loop = loop_meter.start(function(seconds, label, step)
    local row = { kind = "stall", ms = math.floor(seconds * 1e4) / 10, cause = "callback" }
    for name, value in pairs(label or {}) do
      row[name] = value
    end
    row.step_ms = step and math.floor(step * 1e4) / 10
    log:write(row)
  end) }
end

local function close_instruments(instruments)
  instruments.loop:close()
  instruments.log:close()
end

-- ---- the key ----

local function is_loopback(host)
  return host == "localhost" or host == "::1" or host:find("^127%.") ~= nil
end

-- A key that can be guessed is for this machine alone.
local function check_key(about, host)
  if about.short and not is_loopback(host) then
    return nil, errors.new("ERR_CONFIG", "ORKET_API_KEY has less than 16 bytes, and others than this machine "
      .. "could try keys", "set a longer one, or unset it: the first start makes one")
  end
  return true
end

local function keyring_of(args)
  local keyring, about, code, fix = http.keyring(args.C[1] .. "/.orket", args["new-key"] or false)
  if not keyring then
    return errors.check(nil, about, code, fix)
  elseif about.made then
    print("The line above is the administrator's key. It is shown once; .orket keeps its hash.")
  end
  local ok, err = check_key(about, args.host)
  if ok and about.source == "environment" then
    ok, err = errors.check(llm.key(ADMIN_KEY, { env = "ORKET_API_KEY" })) -- written over in logs and replies
  end
  return ok and keyring, err
end

-- ---- names ----

local function literal(host)
  return host:find(":", 1, true) and "[" .. host .. "]" or host
end

-- Names of this machine are no page's of elsewhere, so they hold on every address (a port of a container).
local function names_of(args)
  local names = { "127.0.0.1", "localhost", "[::1]", literal(args.host) }
  return table.move(args.name or {}, 1, #(args.name or {}), #names + 1, names)
end

-- ---- as long as it is served ----

local function wait_for_signal(loop)
  local stop_watching, signals = nil, 0
  async.suspend(function(wake)
    stop_watching = async.on_signals(session.signals_of_an_end(), function()
      loop:skip_turn()
      signals = signals + 1
      if signals > 1 then
        os.exit(130, false)
      end
      wake(true)
    end)
  end)
  return stop_watching
end

-- The services of all projects; when one cannot be served, none is.
local function served(opened, instruments)
  local services, err = {}, nil
  for i, project in ipairs(opened) do
    services[i], err = service.open(project, instruments, true)
    if not services[i] then
      break
    end
  end
  local all
  if not err then
    all, err = workspaces.new(services)
  end
  if not all then
    for _, one in ipairs(services) do
      one:close(0)
    end
  end
  return all, err
end

local function seeded(project, args)
  return not args.seed or seed_cards.create(project, args.seed)
end

local function listen(all, args, keyring)
  local limit, err = rate_limit.from_environment()
  local ok
  if limit then
    ok, err = seeded(all.first.project, args)
  end
  if not ok then
    return nil, err
  end
  return web_server.listen(all, { host = args.host, port = args.port, keyring = keyring, rate_limit = limit,
    names = names_of(args), proxies = args.proxy or {}, socket = args.socket,
    log = all.first.instruments.log })
end

local function say_where(all, args, server)
  for i, name in ipairs(all.names) do
    local path = i > 1 and "/w/" .. name .. "/board" or "" -- paths without a name mean the first one
    local address = ("http://%s:%d%s"):format(literal(args.host), server:port(), path)
    print("orket serves " .. all.by_name[name].dir .. " on " .. address)
  end
  io.stdout:flush()
end

-- The socket of systemd takes the place of --host and --port.
local function take_socket(args)
  local passed, err = errors.check(http.passed())
  if passed then
    args.socket, args.host, args.port = passed.socket, passed.host, passed.port
  end
  return err
end

local function serve(opened, args, instruments)
  local all, server, keyring
  local err = take_socket(args)
  if not err then
    keyring, err = keyring_of(args)
  end
  if keyring then
    all, err = served(opened, instruments)
  end
  if all then
    server, err = listen(all, args, keyring)
  end
  if not server then
    if all then
      all:close(0)
    end
    return nil, err
  end
  instruments.log:write({ kind = "began", version = sys.version(), port = server:port() })
  say_where(all, args, server)
  http.notify("READY=1")
  all:take_up()
  local stop_watching = wait_for_signal(instruments.loop)
  instruments.log:write({ kind = "stopping" })
  http.notify("STOPPING=1")
  all:close(REPLIES)
  server:close(ANSWERS)
  stop_watching()
  return true
end

local function close_all(opened)
  for _, project in ipairs(opened) do
    project:close()
  end
end

local function named_twice(dirs)
  local seen = {}
  for _, dir in ipairs(dirs) do
    local path = proc.real(dir) or dir
    if seen[path] then
      return errors.new("ERR_USAGE", "the project " .. dir .. " is named twice", "name each directory once")
    end
    seen[path] = true
  end
end

local function open_all(args)
  local opened = setmetatable({}, { __close = close_all })
  local twice = named_twice(args.C)
  if twice then
    return nil, twice
  end
  for i, dir in ipairs(args.C) do
    local project, err = projects.open(dir, { own = true, beside = true })
    if not project then
      close_all(opened)
      return nil, err
    end
    opened[i] = project
  end
  return opened
end

local function opened(args)
  if args.seed then
    local ok, err = seed_cards.write_project(args.C[1])
    if not ok then
      return nil, err
    end
  end
  return open_all(args)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local all <close>, err = opened(args)
  if not all then
    return cli_report.failure(err)
  end
  local instruments = open_instruments()
  local ok, why = serve(all, args, instruments)
  instruments.log:write({ kind = "ended" })
  close_instruments(instruments)
  return ok and 0 or cli_report.failure(why)
end

return M
