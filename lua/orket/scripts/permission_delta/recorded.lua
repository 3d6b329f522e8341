-- recorded.lua: the newest calls of the journal, as samples of what is really asked for.

local cjson = require("cjson")

local M = {}

local REPLIES = 200 -- newest replies that are looked at

local function add(found, seen, role, call)
  local name, text = call["function"].name, call["function"].arguments
  local key = table.concat({ tostring(role), tostring(name), tostring(text) }, "\0")
  local arguments = not seen[key] and type(text) == "string" and cjson.decode(text)
  seen[key] = true
  if type(arguments) == "table" and type(name) == "string" then
    found[#found + 1] = { role = role, tool = name, arguments = arguments }
  end
end

---@param store table
---@return {role: string, tool: string, arguments: table}[] newest first, each once
function M.calls(store)
  local found, seen = {}, {}
  for _, event in ipairs(store:read("last_events", { kind = "step.reply", limit = REPLIES })) do
    local message = cjson.decode(event.body.convo and store:message(event.body.convo) or "null")
    for _, call in ipairs(type(message) == "table" and type(message.tool_calls) == "table" and message.tool_calls or {}) do
      add(found, seen, event.role, call)
    end
  end
  return found
end

return M
