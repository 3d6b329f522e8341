-- definition.lua: a tool as a server describes it: name, description and the schema of its arguments. What a
-- person trusts is exactly that, by its hash; it becomes a tool's script of the project, and the gate judges
-- it as any other.

local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local header_params = require("orket.mcp.transport.header_params")
local schemas = require("orket.core.schema")
local unseen = require("orket.util.unseen")

local M = {}

local NAME_MAX = 64 -- what models take as the name of a function
local DESCRIPTION_MAX, SCHEMA_MAX = 4000, 32 * 1024
local PIECE = 5 -- tools between two looks at what else there is to do

-- Of what a person does not see, what descriptions have in emoji and in scripts that join letters.
local JOINS = { [0x200C] = true, [0x200D] = true, [0xFE0F] = true }

-- With these a speaker's turn begins or ends in the text that a model reads.
local MARKS = { "<|[^<>|]+|>", "%[/?INST%]", "<</?SYS>>", "</?tool_response>", "</?start_of_turn>",
  "<end_of_turn>", "^</?s>", "</s>" }

local function hides(text)
  if not text:find("[^\t\n\x20-\x7E]") then
    return false
  end
  for _, code in utf8.codes(text) do
    if unseen.is(code) and not JOINS[code] then
      return true
    end
  end
  return false
end

local function marks(text)
  if not text:find("[<%[]") then
    return false
  end
  for _, mark in ipairs(MARKS) do
    if text:find(mark) then
      return true
    end
  end
  return false
end

-- Whether this holds of a text anywhere in it.
local function anywhere(value, is_so)
  if type(value) == "string" then
    return is_so(value)
  end
  for key, item in pairs(type(value) == "table" and value or {}) do
    if anywhere(key, is_so) or anywhere(item, is_so) then
      return true
    end
  end
  return false
end

---What roles call a tool of a server.
---@param server string
---@param tool string
---@return string
function M.name(server, tool)
  return "mcp__" .. server .. "__" .. tool:gsub("[.]", "_")
end

-- What it promises to answer is held against its answers.
local function output_fault(schema)
  if schema == nil then
    return nil
  elseif type(schema) ~= "table" or #cjson.encode(schema) > SCHEMA_MAX then
    return "its output schema is none, or larger than " .. SCHEMA_MAX .. " bytes"
  end
  local ok, err = errors.check(schemas.compile(schema))
  return not ok and "its output schema is refused: " .. err.message or nil
end

local function fault_of(server, about)
  if #about.name == 0 or about.name:find("[^%w_.-]") then
    return "its name has other characters than letters, digits, _ - and ."
  elseif #M.name(server, about.name) > NAME_MAX then
    return "its name is longer than a model takes"
  elseif #about.description > DESCRIPTION_MAX then
    return "its description is longer than " .. DESCRIPTION_MAX .. " bytes"
  elseif type(about.schema) ~= "table" or about.schema.type ~= "object" then
    return "its schema is not that of an object"
  elseif #cjson.encode(about.schema) > SCHEMA_MAX then
    return "its schema is larger than " .. SCHEMA_MAX .. " bytes"
  end
  local said = { about.description, about.schema }
  if anywhere(said, hides) then
    return "it has invisible characters that a model reads"
  elseif anywhere(said, marks) then
    return "it has marks with which turns begin and end in what a model reads"
  end
  local ok, err = errors.check(schemas.compile(about.schema))
  return not ok and "its schema is refused: " .. err.message or output_fault(about.output)
end

local function text(value)
  return type(value) == "string" and value or nil
end

---@class McpTool
---@field name string       as the server calls it
---@field as string         as roles call it
---@field description string
---@field schema table
---@field output table?     schema of its structured content
---@field headers table?    arguments that are sent as headers as well
---@field pin string        hash of them all
---@field fault string?     why it cannot be trusted

-- What it says, and the hash of that; whether it can be trusted is not judged yet.
local function described(server, said)
  local output = said.outputSchema
  local about = {
    name = text(said.name) or "?", description = text(said.description) or text(said.title) or "",
    schema = said.inputSchema,
    output = output ~= cjson.null and output or nil,
  }
  local whole = cjson.encode({ about.name, about.description, about.schema or cjson.null, about.output })
  if whole:find('"x-mcp-header"', 1, true) then
    local read = header_params.read(about.schema)
    about.schema, about.headers, about.fault = read.schema, read.headers, read.fault
  end
  about.as, about.pin = M.name(server, about.name), hash.of(whole)
  return about
end

local function judged(server, about)
  about.fault = fault_of(server, about) or about.fault
  return about
end

---One tool of a list, as we know tools.
---@param server string
---@param said any
---@return McpTool
function M.read(server, said)
  return judged(server, described(server, type(said) == "table" and said or {}))
end

---A whole list; of several that would have one name, none is taken.
---@param server string
---@param said any[]
---@return McpTool[] in the server's order
function M.all(server, said)
  local tools, times = {}, {}
  for i, one in ipairs(said) do
    tools[i] = M.read(server, one)
    times[tools[i].as] = (times[tools[i].as] or 0) + 1
  end
  for _, tool in ipairs(tools) do
    tool.fault = tool.fault or times[tool.as] > 1 and "another tool of the server has its name" or nil
  end
  return tools
end

---Of a list those that were trusted before, each with a fault when it cannot be trusted as it is now; a long
---one is read in pieces.
---@param server string
---@param said any[]
---@param trusted table<string, {pin: string}> by the server's names
---@param rest fun() between two pieces
---@return McpTool[]
function M.known(server, said, trusted, rest)
  local tools, times = {}, {}
  for i, one in ipairs(said) do
    local name = type(one) == "table" and text(one.name)
    local as = name and M.name(server, name)
    times[as or i] = (times[as or i] or 0) + 1
    if name and trusted[name] then
      tools[#tools + 1] = described(server, one)
      if tools[#tools].pin ~= trusted[name].pin then
        judged(server, tools[#tools])
      end
      if #tools % PIECE == 0 then
        rest()
      end
    end
  end
  for _, tool in ipairs(tools) do
    tool.fault = tool.fault or times[tool.as] > 1 and "another tool of the server has its name" or nil
  end
  return tools
end

local SCRIPT = [[
-- A tool of the MCP server %s, as it was trusted: `orket mcp trust %s` writes this file anew.

local function run(args)
  local result, failure = mcp.call({
    server = %q, tool = %q,
    pin = %q, arguments = args,
  })
  return result or { error = failure }
end

return {
  name = %q,
  description = %s,
  operations = { "mcp.call" },
  untrusted = true,
  schema = cjson.decode(%s),
  run = run,
}
]]

-- As Lua reads it back, in lines that people read: nothing in it ends it.
local function quoted(value)
  local level = ""
  while value:find("]" .. level .. "]", 1, true) or value:sub(-#level - 1) == "]" .. level do
    level = level .. "="
  end
  return "[" .. level .. "[\n" .. value .. "]" .. level .. "]"
end

---Its file in the project.
---@param server string
---@param tool McpTool
---@return string path
---@return string text
function M.script(server, tool)
  return "tools/" .. tool.as .. ".lua", SCRIPT:format(server, server, server, tool.name, tool.pin, tool.as,
    quoted(tool.description), quoted(cjson.encode(tool.schema)))
end

---True for a file that was written here.
---@param script string
---@param server string
---@return boolean
function M.is_ours(script, server)
  local head = ("-- A tool of the MCP server %s, as it was trusted:"):format(server)
  return script:sub(1, #head) == head
end

return M
