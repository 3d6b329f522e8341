-- pins.lua: what a person trusts of a server: which server it is, and each tool's definition by its hash, in
-- the journal; the tool's script says the hash as well, and proposes no more than that: files come with a
-- clone, a person's yes does not. A tool whose definition became another one is put aside until a person has
-- looked at it.

local async = require("orket.async")
local cjson = require("cjson")
local definition = require("orket.mcp.definition")
local errors = require("orket.errors")
local identities = require("orket.mcp.identity")
local person = require("orket.governance.person")

local M = {}

local function recorded(tool)
  return { tool = tool.name, name = tool.as, pin = tool.pin, description = tool.description,
    schema = cjson.encode(tool.schema or cjson.null) }
end

---What the journal knows of a server's tools, by the server's names for them.
---@param store Store
---@param server string
---@return table<string, {tool: string, name: string, pin: string, description: string, schema: string,
---  aside: table?, at: string, actor: string}>
function M.of(store, server)
  local tools = {}
  for _, row in ipairs(store:read("mcp_tools", { server = server })) do
    tools[row.tool] = row
  end
  return tools
end

---@param server string
---@param tool string
---@return Error
function M.refusal(server, tool)
  return errors.new("ERR_DENIED", "the server " .. server .. " describes " .. tool
    .. " in another way than was trusted: it is quarantined",
    "a person looks at it (orket mcp tools " .. server .. ") and trusts it again (orket mcp trust "
      .. server .. ")")
end

---The server whose tools were trusted; nil when nobody has trusted any.
---@param store Store
---@param server string
---@return McpIdentity|nil
function M.identity(store, server)
  local row = store:read("mcp_server", { server = server })[1]
  return row and row.identity
end

local function untrusted(server, tool)
  return errors.new("ERR_DENIED", "no person has trusted " .. tool .. " of the server " .. server,
    "a person looks at it (orket mcp tools " .. server .. ") and trusts it (orket mcp trust "
      .. server .. ")")
end

---The protocol that the server spoke when its tools were trusted.
---@param store Store
---@param server string
---@return string|nil
function M.version(store, server)
  local row = store:read("mcp_server", { server = server })[1]
  return row and row.version
end

---What keeps a tool from being called before its server is asked anything; nil: nothing.
---@param store Store
---@param organization table
---@param call {server: string, tool: string, pin: string}
---@return Error|nil
function M.objection(store, organization, call)
  local row = store:read("mcp_tool", { server = call.server, tool = call.tool })[1]
  if not row then
    return untrusted(call.server, call.tool)
  elseif row.aside then
    return M.refusal(call.server, call.tool)
  elseif row.pin ~= call.pin then
    return untrusted(call.server, "this " .. call.tool)
  end
  local differ = identities.differences(row.identity,
    identities.of(organization, organization.mcp[call.server]))
  return #differ > 0 and errors.new("ERR_DENIED",
    "the server " .. call.server .. " is another one than was trusted: "
      .. table.concat(differ, ", ") .. " changed in config/organization.json",
    "a person looks at it and trusts its tools again (orket mcp trust "
      .. call.server .. "), or puts back what changed") or nil
end

-- The trusted tools that a server describes in another way now, as the journal has it.
local function changed(store, server, tools)
  local trusted, found = M.of(store, server), setmetatable({}, cjson.array_mt)
  for _, tool in ipairs(tools) do
    local pin = trusted[tool.name]
    if pin and not pin.aside and (pin.pin ~= tool.pin or tool.fault) then
      local body = recorded(tool)
      body.server, body.fault = server, tool.fault
      local most = math.min(#body.description, 8000)
      body.description = body.description:sub(1, utf8.offset(body.description, 0, most + 1) - 1)
      body.schema = #body.schema <= 64 * 1024 and body.schema or nil
      found[#found + 1] = body
    end
  end
  return found
end

local function put_aside(project, found)
  local tx = project.store:stream({ run = "board", turn = 0, actor = "system", role = "system" }):begin()
  for _, body in ipairs(found) do
    tx:event("mcp.changed", nil, body)
  end
  return errors.check(async.await(tx.commit, tx))
end

---Looks at all that a server offers: a trusted tool that it describes in another way now is put aside, called
---or not.
---@param project table opened as owner
---@param server string
---@param tools McpTool[]
---@return true|nil ok
---@return Error|nil
function M.look(project, server, tools)
  local found = changed(project.store, server, tools)
  if #found == 0 then
    return true
  end
  return put_aside(project, found)
end

---The same for who does not own the project: `tell` has the owner put them aside.
---@param store Store
---@param tell fun(request: PersonRequest): table?, Error?
---@return fun(server: string, tools: McpTool[]): true?, Error?
function M.looking(store, tell)
  return function(server, tools)
    local found = changed(store, server, tools)
    if #found == 0 then
      return true
    end
    local told, err = tell({ act = "mcp.changed", server = server, text = cjson.encode(found) })
    return told and true, err
  end
end

---Puts aside what somebody found changed.
---@param project table opened as owner
---@param request {server: string, text: string}  the server, and bodies of mcp.changed
---@return table|nil answer {message}
---@return Error|nil
local function aside(project, request)
  local said, server = cjson.decode(request.text), request.server
  if type(said) ~= "table" then
    return nil, errors.new("ERR_USAGE", "no server's tools are named")
  end
  local trusted, found = M.of(project.store, server), {}
  for _, body in ipairs(said) do
    local pin = type(body) == "table" and trusted[body.tool]
    found[#found + 1] = pin and not pin.aside and body.server == server and body or nil
  end
  local ok, err = true, nil
  if #found > 0 then
    ok, err = put_aside(project, found)
  end
  return ok and { message = #found .. " tools of " .. server .. " are quarantined" }, err
end

-- ---- a person's yes ----

-- The scripts that are to be there, by path; none takes the place of a tool that somebody wrote.
local function scripts_of(project, server, tools)
  local scripts = {}
  for _, tool in ipairs(tools) do
    local path, text = definition.script(server, tool)
    local there = project.root:read(path)
    if there and not definition.is_ours(there, server) then
      return nil, errors.new("ERR_EXISTS", path .. " is a tool of the project's own",
        "give it, or the server, another name")
    end
    scripts[path] = text
  end
  return scripts
end

local function write(project, scripts)
  for path, text in pairs(scripts) do
    local ok, err = errors.check(project.root:write(path, text))
    if not ok then
      return nil, err
    end
  end
  return true
end

local function record(project, request, about, tools)
  local tx = person.begin(project, request.who)
  tx:event("mcp.trusted", nil, { server = request.server, identity = about.identity, version = about.version,
    tools = tools })
  return errors.check(async.await(tx.commit, tx))
end

-- {tools, about}: what is to be trusted, and of what server that was said.
local function read(request)
  local said = cjson.decode(request.text)
  local is_whole = type(said) == "table" and type(said.identity) == "table" and type(said.tools) == "table"
  if not is_whole or not request.server:find("^[a-z][a-z0-9]*$") then
    return nil, errors.new("ERR_USAGE", "no server's tools are named")
  end
  local tools = {}
  for _, tool in ipairs(definition.all(request.server, said.tools)) do
    if tool.fault then
      return nil, errors.new("ERR_USAGE", tool.name .. " cannot be trusted: " .. tool.fault)
    end
    tools[#tools + 1] = tool
  end
  return { tools = tools, about = said }
end

---A person trusts these tools, and no other of the server: the event, then the project's scripts.
---@param project table opened as owner
---@param request {server: string, text: string, who: string?}  the server, {identity, version, tools} as it
---  says them
---@return table|nil answer {server, tools, message}
---@return Error|nil
local function trust(project, request)
  local asked, err = read(request)
  if not asked then
    return nil, err
  end
  local server, tools = request.server, asked.tools
  local names, list = setmetatable({}, cjson.array_mt), setmetatable({}, cjson.array_mt)
  for i, tool in ipairs(tools) do
    names[i], list[i] = tool.as, recorded(tool)
  end
  local scripts, ok
  scripts, err = scripts_of(project, server, tools)
  if scripts then
    ok, err = record(project, request, asked.about, list)
  end
  if ok then
    ok, err = write(project, scripts)
  end
  return ok and { server = server, tools = names, message = #names .. " tools of " .. server
    .. " are trusted; a role uses those that it lists" }, err
end

M.acts = {
  ["mcp.trust"] = {
    summary = "trusts these tools of an MCP server, and no others; "
      .. "`text` is JSON: {identity, version, tools}",
    fields = { server = "text", text = "text" },
    errors = { "ERR_EXISTS", "ERR_PATH" }, permission = "admin", perform = trust,
  },
  ["mcp.changed"] = {
    summary = "puts trusted tools aside that their server describes in another way now; "
      .. "`text` is JSON: a list",
    fields = { server = "text", text = "text" },
    errors = {}, beside = true, perform = aside,
  },
}

return M
