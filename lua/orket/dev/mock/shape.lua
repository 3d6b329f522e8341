-- shape.lua: is what a mock model's script answered a reply? A script is a person's: what is wrong with it is
-- answered to who asked, with its field.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local schema = require("orket.core.schema")

local M = {}

---@return orket.schema
function M.compiled()
  return assert(schema.compile(cjson.decode(embed.read("lua/orket/schemas/mock_reply.json"))))
end

---What is wrong with an answer of the script; nil when nothing is.
---@param shape orket.schema
---@param answer any
---@param message string|nil why the script gave none
---@return string|nil
function M.fault(shape, answer, message)
  if type(answer) ~= "table" then
    return message or "the script gave no reply"
  end
  local fits, faults = shape:check(answer, 1)
  local first = not fits and faults[1] or nil
  if not first then
    return nil
  end
  local place = first.path ~= "" and first.path or "its beginning"
  return string.format("the script's reply is none: %s at %s", first.text, place)
end

return M
