-- mcp.lua: `orket mcp`: the servers of Model Context Protocol that the organization names, what they offer,
-- and a person's trust in it.

local async = require("orket.async")
local server_call = require("orket.mcp.server_call")
local cjson = require("cjson")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local definition = require("orket.mcp.definition")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local sessions = require("orket.mcp.sessions")
local identities = require("orket.mcp.identity")
local tables = require("orket.util.tables")
local mcp_stdio = require("orket.service.mcp.mcp_stdio")
local options = require("orket.options")
local owner = require("orket.project.owner")
local pins = require("orket.mcp.pins")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local servers = require("orket.mcp.servers")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [=[
usage: orket mcp [-C DIR] [--json] [list]
       orket mcp [-C DIR] [--json] tools SERVER
       orket mcp [-C DIR] [--json] trust SERVER
       orket mcp [-C DIR] [--json] call SERVER TOOL [JSON]
       orket mcp [-C DIR] serve

The MCP servers of config/organization.json (docs/mcp.md).
  list      the servers, and which of their tools are trusted or quarantined
  tools     asks the server what it offers: new, trusted, changed (with the difference), refused
            (with the reason)
  trust     trusts what it offers now: each tool becomes tools/mcp__SERVER__TOOL.lua, for the
            roles that list it
  call      calls a trusted tool, as a person, with the arguments as a JSON object
  serve     is an MCP server itself: the board, cards and runs of this project for the client that
            started it, over standard input and output (docs/mcp-server.md)
  -C DIR    the project (default: found upwards from here)
exit: 0 done, 1 failed or refused (call: the tool failed), 2 usage
]=]

-- What the commands need of a project, which no process has to own for it.
local function looked(dir)
  local loaded, err = config.load(dir)
  if not loaded then
    return nil, err
  end
  local held, root
  held, err = concealed.hold(dir, loaded.organization) -- as long as the process lasts
  if held then
    root, err = errors.check(fs.root(dir))
  end
  return root and { dir = dir, root = root, config = loaded }, err
end

-- What the journal says of trust, and whether this is the server that was trusted; nothing, where there is
-- none yet.
local function known(project, server)
  local store <close> = reader.open(project.dir)
  if not store then
    return {}
  end
  local organization, trusted = project.config.organization, pins.identity(store, server)
  return pins.of(store, server), trusted and identities.differences(trusted,
    identities.of(organization, organization.mcp[server]))
end

-- ---- list ----

local function row_of(server, tools, differ)
  local trusted, aside = setmetatable({}, cjson.array_mt), setmetatable({}, cjson.array_mt)
  for _, name in ipairs(tables.keys(tools)) do
    local into = tools[name].aside and aside or trusted
    into[#into + 1] = tools[name].name
  end
  return {
    name = server.name, command = server.command, url = server.url, trusted = trusted, aside = aside,
    another = differ and #differ > 0 and differ or nil,
  }
end

local function print_row(row)
  local aside, another = table.concat(row.aside, ", "), table.concat(row.another or {}, ", ")
  print(text.line(string.format("%s  %s  %d trusted%s%s", row.name, row.url or table.concat(row.command, " "),
    #row.trusted, #row.aside > 0 and ", quarantined: " .. aside or "",
    row.another and ", another server than was trusted: " .. another .. " changed" or "")))
end

local act = {}

function act.serve(args)
  return mcp_stdio.serve(args.C or ".")
end

function act.list(args)
  local project, err = looked(args.C or ".")
  if not project then
    return nil, err
  end
  local rows = setmetatable({}, cjson.array_mt)
  for _, name in ipairs(tables.keys(project.config.organization.mcp or {})) do
    rows[#rows + 1] = row_of(servers.of(project.config, name), known(project, name))
  end
  if args.json then
    print(text.json(rows))
  elseif #rows == 0 then
    print("the organization names no server: mcp in config/organization.json")
  end
  for _, row in ipairs(args.json and {} or rows) do
    print_row(row)
  end
  return 0
end

-- ---- what a server offers ----

local function about(pin)
  return { description = pin.description, schema = pin.schema and cjson.decode(pin.schema) or nil }
end

local function judged(tool, server, pin, differ)
  local row = { tool = tool.name, name = tool.as, pin = tool.pin, description = tool.description,
    schema = tool.schema }
  if tool.fault or not servers.lets_in(server, tool.name) then
    row.state, row.why = "refused", tool.fault or "mcp." .. server.name .. ".tools does not name it"
  elseif not pin then
    row.state = "new"
  elseif pin.pin == tool.pin then
    row.state = (pin.aside or #differ > 0) and "changed" or "trusted"
    row.why = #differ > 0 and "the server is another one: " .. table.concat(differ, ", ") .. " changed" or nil
    row.why = pin.aside and "it was another one in between" or row.why
  else
    local now = { description = tool.description, schema = tool.schema }
    row.state, row.diff = "changed", table.concat(diff.hunks(diff.lines(about(pin)), diff.lines(now)), "\n")
    row.why = row.diff == "" and "what it says of its answers, or of headers, changed" or nil
  end
  return row
end

local function listed(held, server, seen)
  local session, err = held:session(server)
  seen.session = session
  if not session then
    return nil, err
  end
  return session:tools()
end

-- What a server says that it has, and the protocol that it says it in: {tools, version}.
local function list_of(project, server)
  local store <close> = reader.open(project.dir)
  local held <close>, seen = sessions.new(project, store), {}
  local said, err = async.within(server.deadline, listed, held, server, seen)
  if not said and err.code == "ERR_TIMEOUT" then
    err = sessions.late(server, seen.session, err)
  end
  return said and { tools = said, version = seen.session.version }, err
end

-- The tools of a server as they are now, and what it said.
local function offered(project, name)
  local server, err = servers.of(project.config, name)
  if not server then
    return nil, err
  end
  local said
  said, err = list_of(project, server)
  if not said then
    return nil, err
  end
  local rows, trusted, differ = setmetatable({}, cjson.array_mt), known(project, name)
  for i, tool in ipairs(definition.all(name, said.tools)) do
    rows[i] = judged(tool, server, trusted[tool.name], differ or {})
  end
  return rows, said
end

-- What a person trusts: nothing of it is cut or hidden.
local function print_tool(row)
  print(text.line(string.format("%-8s %s%s", row.state, row.name, row.why and ": " .. row.why or "")))
  print(text.visible_block(row.description, "    "))
  if row.diff then
    print(text.visible_block(row.diff, "    "))
  elseif row.schema and row.state == "new" then
    print(text.visible_block(table.concat(diff.lines(row.schema, "schema"), "\n"), "    "))
  end
end

function act.tools(args)
  local project, err = looked(args.C or ".")
  local rows
  if project then
    rows, err = offered(project, args.server)
  end
  if not rows then
    return nil, err
  elseif args.json then
    print(text.json(rows))
  end
  for _, row in ipairs(args.json and {} or rows) do
    print_tool(row)
  end
  return 0
end

-- ---- trust ----

function act.trust(args)
  local project, err = looked(args.C or ".")
  local rows, said
  if project then
    rows, said = offered(project, args.server)
    err = said
  end
  if not rows then
    return nil, err
  end
  local chosen = setmetatable({}, cjson.array_mt)
  for i, row in ipairs(rows) do
    if row.state ~= "refused" then
      chosen[#chosen + 1] = tables.pick(said.tools[i],
        { "name", "description", "title", "inputSchema", "outputSchema" })
    end
    if not args.json and row.state ~= "trusted" then
      print_tool(row)
    end
  end
  local result
  local organization = project.config.organization
  local identity = identities.of(organization, organization.mcp[args.server])
  result, err = owner.ask(args.C or ".", {
    act = "mcp.trust", server = args.server,
    text = cjson.encode({ identity = identity, version = said.version, tools = chosen }), who = sys.user(),
  })
  return result and cli_report.answer(args, result), err
end

-- ---- a call ----

local function arguments_of(args)
  local value, message = cjson.decode(args.arguments or "{}")
  if type(value) ~= "table" or value[1] ~= nil then
    return nil, errors.new("ERR_USAGE", "the arguments are no JSON object"
      .. (message and ": " .. tostring(message) or ""))
  end
  return value
end

local function trusted_pin(project, server, tool)
  local store <close> = reader.open(project.dir)
  local row = store and pins.of(store, server)[tool]
  if not row then
    return nil, errors.new("ERR_DENIED", tool .. " is not trusted", "orket mcp tools " .. server
      .. " shows it, orket mcp trust " .. server .. " trusts it")
  end
  local objection = pins.objection(store, project.config.organization,
    { server = server, tool = tool, pin = row.pin })
  return not objection and row.pin or nil, objection
end

function act.call(args)
  local project, err = looked(args.C or ".")
  local server, arguments, result
  if project then
    server, err = servers.of(project.config, args.server)
  end
  if server then
    arguments, err = arguments_of(args)
  end
  local pin
  if arguments then
    pin, err = trusted_pin(project, server.name, args.tool)
  end
  if pin then
    local store <close> = reader.open(project.dir)
    local held <close> = sessions.new(project, store, pins.looking(store, function(request)
      return owner.ask(project.dir, request)
    end))
    result, err = server_call.call(held, server, { server = server.name, tool = args.tool, pin = pin,
      arguments = arguments })
  end
  if not result then
    return nil, err
  end
  print(args.json and text.json(result) or text.block(result.text))
  return result.failed and 1 or 0
end

-- ---- the command ----

local WORDS = { list = {}, serve = {}, tools = { "server" }, trust = { "server" },
  call = { "server", "tool", "arguments" } }

local function meant(args)
  local names, given = WORDS[args.act or "list"], { args.a, args.b, args.c }
  if not names then
    return nil, "there is no mcp " .. args.act
  elseif #given > #names then
    return nil, "unexpected argument " .. given[#names + 1]
  end
  for i, name in ipairs(names) do
    args[name] = given[i]
    if not given[i] and name ~= "arguments" then
      return nil, "missing " .. name:upper()
    end
  end
  return args
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "act?", "a?", "b?", "c?" })
  if args then
    args, message = meant(args)
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local code, err = act[args.act or "list"](args)
  return code or cli_report.failure(err)
end

return M
