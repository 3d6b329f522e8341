-- calls.lua: `orket try calls`: the tool calls in a model's text.

local cjson = require("cjson")
local declared = require("orket.dev.try.declared")
local dialects = require("orket.llm.text.dialects")
local tables = require("orket.util.tables")
local options = require("orket.options")

local M = {}

M.usage = "calls [--dialect NAME|auto] [--tools FILE] [--chunk N] [FILE|-]"

local KNOWN = { dialect = "value", tools = "value", chunk = "value" }

-- ---- what is asked ----

local function are_texts(chunks)
  for place, chunk in pairs(type(chunks) == "table" and chunks or {}) do
    if math.type(place) ~= "integer" or type(chunk) ~= "string" then
      return false
    end
  end
  return type(chunks) == "table"
end

-- The text as it comes; nil when there is none.
local function pieces_of(request)
  local text, size = request.text, request.chunk
  if request.chunks ~= nil then
    return are_texts(request.chunks) and request.chunks or nil
  elseif type(text) ~= "string" or not size then
    return type(text) == "string" and { text } or nil
  end
  local pieces = {}
  for at = 1, #text, size do
    pieces[#pieces + 1] = text:sub(at, at + size - 1)
  end
  return pieces
end

-- What is wrong with a request besides its text; nil when nothing is.
local function fault(request)
  if request.chunk ~= nil and (math.type(request.chunk) ~= "integer" or request.chunk < 1) then
    return "chunk takes a number of bytes"
  elseif request.dialect ~= nil and type(request.dialect) ~= "string" then
    return "dialect is the name of one, or auto"
  end
  return declared.fault(request.tools)
end

local function parse(args, read, operands)
  local request, message = options.parse(args, KNOWN, operands)
  if not request then
    return nil, message
  end
  if request.chunk then
    request.chunk = math.tointeger(tonumber(request.chunk)) or 0
  end
  if request.tools then
    request.tools, message = declared.read(request.tools, read)
    if not request.tools then
      return nil, message
    end
  end
  message = fault(request)
  return not message and request or nil, message
end

---@param args string[]
---@param read fun(name: string|nil): string|nil, string|nil
---@return table|nil request
---@return string? message
function M.request(args, read)
  local request, message = parse(args, read, { "file?" })
  if request then
    request.text, message = read(request.file)
  end
  return request and request.text and request, message
end

---What the command line says for every row.
---@param args string[]
---@param read fun(name: string|nil): string|nil, string|nil
---@return table|nil shared {dialect?, tools?, chunk?}
---@return string? message
function M.shared(args, read)
  return parse(args, read, {})
end

---@param request table
---@param shared table
function M.complete(request, shared)
  for name, value in pairs(shared) do
    if request[name] == nil then
      request[name] = value
    end
  end
end

-- ---- the answer ----

local function refused(message, code)
  return { error = message, code = code }, false
end

---request: {text: string | chunks: string[], tools?: table[], dialect?: string, chunk?: integer}
---@param request table
---@return table answer {dialect?, content, reasoning?, calls: {name, arguments, state}[], broken?}
---@return boolean accepted
function M.answer(request)
  request = tables.all_given(request)
  local wrong = fault(request)
  local pieces = not wrong and pieces_of(request)
  if not pieces then
    return refused(wrong or "a request has a text, or chunks: an array of texts", "ERR_USAGE")
  end
  local found, err = dialects.read(pieces, { dialect = request.dialect, tools = request.tools })
  if not found then
    return refused(err.message, err.code)
  end
  for _, call in ipairs(found.calls) do
    call.arguments = cjson.decode(call.arguments)
  end
  return {
    dialect = found.dialect or cjson.null, content = found.content,
    reasoning = found.reasoning ~= "" and found.reasoning or nil,
    calls = setmetatable(found.calls, cjson.array_mt),
    broken = found.faults.count > 0 and found.faults.count or nil,
  }, true
end

return M
