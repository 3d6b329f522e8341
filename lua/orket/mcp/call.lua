-- call.lua: the operation `mcp.call`: one call of a tool of a server, as it was trusted. What the server says is
-- bounded and becomes plain data; nobody can look up what it did, so that a call without an answer is uncertain.

local cjson = require("cjson")
local definitions = require("orket.mcp.definition")
local errors = require("orket.errors")
local pins = require("orket.mcp.pins")
local servers = require("orket.mcp.servers")

local M = {}

local OTHER_MAX = 20 -- parts of a result that are no text, as they are told

-- ---- the result ----

local function cut(text, most)
  if #text <= most then
    return text, nil
  end
  local to = most
  while to > 0 and text:byte(to + 1) & 0xC0 == 0x80 do
    to = to - 1
  end
  return text:sub(1, to) .. "\n[cut: " .. to .. " of " .. #text .. " bytes]", true
end

local function size_of(part)
  local data = part.data or type(part.resource) == "table" and part.resource.blob
  return type(data) == "string" and #data or nil
end

-- What a model cannot read is only named.
local function named(part)
  local resource = type(part.resource) == "table" and part.resource or part
  local mime, uri = part.mimeType or resource.mimeType, resource.uri
  return {
    type = tostring(part.type):sub(1, 40), mime = type(mime) == "string" and mime:sub(1, 100) or nil,
    uri = type(uri) == "string" and #uri <= 1000 and uri or nil, bytes = size_of(part),
  }
end

local function text_of(part)
  if part.type == "text" then
    return part.text
  end
  return part.type == "resource" and type(part.resource) == "table" and part.resource.text or nil
end

-- {text, failed?, structured?, other?, cut?}
local function plain(server, said)
  local texts, other = {}, setmetatable({}, cjson.array_mt)
  for _, part in ipairs(type(said.content) == "table" and said.content or {}) do
    local text = type(part) == "table" and text_of(part)
    if type(text) == "string" then
      texts[#texts + 1] = text
    elseif type(part) == "table" and #other < OTHER_MAX then
      other[#other + 1] = named(part)
    end
  end
  local structured = type(said.structuredContent) == "table" and said.structuredContent or nil
  local result = { failed = said.isError == true or nil, other = #other > 0 and other or nil }
  result.text, result.cut = cut(table.concat(texts, "\n"), server.result)
  if structured and #result.text + #cjson.encode(structured) <= server.result then
    result.structured = structured
  end
  return result
end

-- ---- what was trusted ----

---The tool among those that the server offers now; a changed one is put aside until a person has looked.
---@param session McpSession
---@param server McpServer
---@param name string
---@param pin string
---@return McpTool|nil
---@return Error|nil refusal
---@return McpTool|nil found  as it is now, when it is another one
function M.trusted(session, server, name, pin)
  local said, err = session:tools()
  if not said then
    return nil, err
  end
  for _, tool in ipairs(definitions.all(server.name, said)) do
    if tool.name == name and tool.pin == pin and not tool.fault then
      return tool
    elseif tool.name == name then
      return nil, pins.refusal(server.name, name), tool
    end
  end
  return nil, errors.new("ERR_PROC", "the server " .. server.name .. " has no tool " .. name .. " any more", "work without it, or ask a person")
end

-- ---- the call ----

-- What became of a call that was made: only the server's own words say that it did not happen.
local function after(session, server, err)
  if not (session and session.called) then
    return errors.new(err.code == "ERR_DENIED" and "ERR_DENIED" or "ERR_PROC", err.message, err.fix)
  elseif err.told then
    return err
  end
  return errors.new("ERR_UNCERTAIN", "the call of " .. server.name .. " has no answer: " .. err.message)
end

---One conversation with one call in it.
---@param project table
---@param server McpServer
---@param operation {tool: string, pin: string, arguments: table}
---@param on_change fun(found: McpTool)|nil  the server says something else of the tool than was trusted
---@return table|nil result {text, failed?, structured?, other?, cut?}
---@return Error|nil  ERR_UNCERTAIN: it may have happened
function M.call(project, server, operation, on_change)
  local session
  local result, err = servers.talk(project, server, function(begun)
    session = begun
    local tool, refusal, found = M.trusted(session, server, operation.tool, operation.pin)
    if found and on_change then
      on_change(found)
    end
    if not tool then
      return nil, refusal
    end
    local said, failure = session:call(operation.tool, operation.arguments)
    return said and plain(server, said), failure
  end)
  return result, not result and after(session, server, err) or nil
end

---Performs the operation for a turn.
---@param turn Turn
---@param operation table
---@return table|nil result
---@return Error|nil
function M.perform(turn, operation)
  local project = turn.engine.project
  local server, err = servers.of(project.config, operation.server)
  if not server then
    return nil, err
  elseif not servers.lets_in(server, operation.tool) then
    return nil, errors.new("ERR_DENIED", "the organization lets no " .. operation.tool .. " of " .. server.name .. " in",
      "add it to mcp." .. server.name .. ".tools")
  end
  local objection = pins.objection(project.store, project.config.organization, operation)
  if objection then
    return nil, objection
  end
  return M.call(project, server, operation, function(found)
    pins.put_aside(project, server.name, found)
  end)
end

return M
