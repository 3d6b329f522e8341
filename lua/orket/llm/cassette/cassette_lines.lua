-- cassette_lines.lua: the lines of a cassette, each held against its shape before anything is played.
-- Whatever is wrong with a file is an error with its line.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local schema = require("orket.core.schema")

local M = {}

local FIX = "record it again: orket run --record FILE"

local function shape_of(definition)
  local tree = cjson.decode(embed.read("lua/orket/schemas/cassette.json"))
  if definition then
    tree = { ["$defs"] = tree["$defs"], ["$ref"] = "#/$defs/" .. definition }
  end
  return assert(schema.compile(tree))
end

-- What is wrong with a value, and where in the line; nil when nothing is.
local function fault(shape, value, at)
  local fits, faults = shape:check(value, 1)
  local first = not fits and faults[1]
  if not first then
    return nil
  end
  local path = at .. first.path
  return string.format("%s at %s", first.text, path ~= "" and path or "its beginning")
end

-- The codec names a place in the row; the row is a line of its own.
local function unread(message)
  return "it is not JSON: " .. message:gsub(" at line 1, column", " at column")
end

local function fault_of_reply(shapes, reply)
  local message, why = cjson.decode(reply.message)
  if message == nil then
    return "its reply's message: " .. unread(why)
  end
  return fault(shapes.message, message, "/reply/message")
end

local function fault_of_entry(shapes, line)
  local wrong = fault(shapes.line, line, "")
  if wrong then
    return wrong
  elseif (line.reply == nil) == (line.error == nil) then
    return "it has either a reply or an error"
  end
  return line.reply and fault_of_reply(shapes, line.reply)
end

local function fault_of_head(line, version)
  if type(line) ~= "table" or math.type(line.cassette) ~= "integer" then
    return "it is not the first line of a cassette"
  elseif line.cassette ~= version then
    return string.format("it is a cassette of version %d, and this program plays version %d", line.cassette,
      version)
  end
end

---An error at a line of a cassette.
---@param name string of the file
---@param number integer
---@param what string
---@return nil
---@return Error
function M.wrong(name, number, what)
  return nil, errors.new("ERR_CASSETTE", string.format("%s:%d: %s", name, number, what), FIX)
end

---@param text string the file
---@param name string its name
---@param version integer of the format
---@return table[]|nil lines behind the first, in their order, each with its `number`
---@return Error|nil
function M.read(text, name, version)
  local shapes, lines, number = { line = shape_of(), message = shape_of("message") }, {}, 0
  for row in text:gmatch("([^\n]*)\n?") do
    number = number + 1
    if row ~= "" then
      local line, why = cjson.decode(row)
      local wrong
      if line == nil then
        wrong = unread(why)
      elseif number == 1 then
        wrong = fault_of_head(line, version)
      else
        wrong = fault_of_entry(shapes, line)
      end
      if wrong then
        return M.wrong(name, number, wrong)
      end
      line.number, lines[#lines + 1] = number, line
    end
  end
  if #lines == 0 then
    return M.wrong(name, 1, "the cassette is empty")
  elseif not lines[1].cassette then
    return M.wrong(name, 1, "it is not the first line of a cassette")
  end
  return table.move(lines, 2, #lines, 1, {})
end

return M
