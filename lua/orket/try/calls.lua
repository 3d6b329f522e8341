-- calls.lua: `orket try calls`: the tool calls in a model's text.

local cjson = require("cjson")
local dialects = require("orket.dialects")

local M = {}

M.usage = "calls [--dialect NAME|auto] [--tools FILE] [--chunk N] [FILE|-]"

local function pieces_of(text, size)
  if not size then
    return { text }
  end
  local pieces = {}
  for at = 1, #text, size do
    pieces[#pieces + 1] = text:sub(at, at + size - 1)
  end
  return pieces
end

local FLAGS = { ["--dialect"] = "dialect", ["--tools"] = "tools", ["--chunk"] = "chunk" }

---@param args string[]
---@param read fun(name: string|nil): string|nil, string|nil
---@return table|nil request
---@return string? message
function M.request(args, read)
  local request, names, i = {}, {}, 1
  while i <= #args do
    local flag = FLAGS[args[i]]
    if flag then
      request[flag], i = args[i + 1], i + 1
      if not request[flag] then
        return nil, args[i - 1] .. " needs a value"
      end
    else
      names[#names + 1] = args[i]
    end
    i = i + 1
  end
  if #names > 1 then
    return nil, "one file"
  end
  if request.chunk then
    request.chunk = math.tointeger(tonumber(request.chunk))
    if not request.chunk or request.chunk < 1 then
      return nil, "--chunk takes a number of bytes"
    end
  end
  if request.tools then
    local text, message = read(request.tools)
    if not text then
      return nil, message
    end
    request.tools, message = cjson.decode(text)
    if not request.tools then
      return nil, "--tools: " .. message
    end
  end
  local text, message = read(names[1])
  request.text = text
  return text and request, message
end

---What the command line says holds for every row.
---@param request table
---@param args string[]
function M.complete(request, args)
  for i = 1, #args, 2 do
    local field = FLAGS[args[i]]
    if field == "dialect" and request.dialect == nil then
      request.dialect = args[i + 1]
    end
  end
end

local function refused(message, code)
  return { error = message, code = code }, false
end

---request: {text: string | chunks: string[], tools?: table[], dialect?: string, chunk?: integer}
---@param request table
---@return table answer {dialect?, content, reasoning?, calls: {name, arguments, state}[], broken?}
---@return boolean accepted
function M.answer(request)
  local pieces = request.chunks or type(request.text) == "string" and pieces_of(request.text, request.chunk)
  if type(pieces) ~= "table" then
    return refused("a request has a text, or chunks: an array of texts", "ERR_USAGE")
  end
  local found, err = dialects.read(pieces, { dialect = request.dialect, tools = request.tools })
  if not found then
    return refused(err.message, err.code)
  end
  for _, call in ipairs(found.calls) do
    call.arguments = cjson.decode(call.arguments)
  end
  return {
    dialect = found.dialect or cjson.null, content = found.content, reasoning = found.reasoning ~= "" and found.reasoning or nil,
    calls = setmetatable(found.calls, cjson.array_mt), broken = found.broken > 0 and found.broken or nil,
  }, true
end

return M
