-- declared.lua: the tools that a request declares (`--tools FILE`, `tools` of a row), for boundaries that
-- show them to a model or read its calls by them.

local cjson = require("cjson")

local M = {}

local WANTED = "an array of tools: objects with a name, or with a function that has one"

local function is_tool(tool)
  local about = type(tool) == "table" and (tool["function"] or tool)
  return type(about) == "table" and (about.name == nil or type(about.name) == "string")
end

---What is wrong with them; nil when nothing is.
---@param tools any
---@return string|nil
function M.fault(tools)
  if tools == nil then
    return nil
  elseif type(tools) ~= "table" then
    return "tools is " .. WANTED
  end
  for place, tool in pairs(tools) do
    if math.type(place) ~= "integer" or not is_tool(tool) then
      return "tools is " .. WANTED
    end
  end
end

---@param name string of a file
---@param read fun(name: string|nil): string|nil, string|nil
---@return table[]|nil tools
---@return string? message
function M.read(name, read)
  local text, message = read(name)
  local tools
  if text then
    tools, message = cjson.decode(text)
  end
  local fault = tools ~= nil and M.fault(tools) or nil
  if tools == nil or fault then
    return nil, "--tools: " .. (fault or message)
  end
  return tools
end

return M
