-- result_paging.lua: results that are too long for a conversation: their first part goes back to the model,
-- with a handle under which the tool read_result reads the rest. The whole is a blob of the journal, named by
-- its event call.result, so that a turn that goes on after an interruption has the same handles. What is left
-- out of a window later (turn/context/window.lua) is a message of the journal, and has one as well. A turn
-- reads results of its own calls alone.

local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local OPERATION = "turn.result"
local MOST = 64 * 1024 -- bytes of a result that go back, where the organization says nothing
local AROUND = 1024    -- for what is said beside the part
local FEW = 2048       -- may go back, however small the window is

-- Bytes that may go back: of a small window not more than a part, about a byte for each of its tokens.
local function most_of(turn)
  local context = turn.window and turn.window.limit or turn.model.context
  return math.min(turn.limits.result or MOST, math.max(FEW, context or MOST))
end

-- A JSON text inside of a JSON text has at most a backslash before each of its bytes.
local function part_of(turn)
  return (most_of(turn) - AROUND) // 2
end

-- Where a character begins, not after this byte.
local function start_of(text, at)
  while at > 1 and at <= #text and text:byte(at) & 0xC0 == 0x80 do
    at = at - 1
  end
  return at
end

-- {text, from, next?}: bytes before the piece, and before the one that follows.
local function piece(text, from, size)
  local first = start_of(text, from + 1)
  local last = start_of(text, first + size) - 1
  return { text = text:sub(first, last), from = first - 1, next = last < #text and last or nil }
end

-- The tool of the turn's role that reads the rest; nil when it has none.
local function reader_of(turn)
  for _, name in ipairs(turn.generation.roles[turn.role].about.tools) do
    local tool = turn.generation.tools[name]
    if tool and tables.has(tool.about.operations, OPERATION) then
      return name
    end
  end
end

local function cut(turn, ok, text, handle, tool)
  local first = piece(text, 0, part_of(turn))
  return cjson.encode({ ok = ok, part = first.text, labels = turn.met, cut = {
    bytes = #text, handle = handle, next = handle and first.next or nil,
    fix = handle and string.format("read on with %s, from %d", tool, first.next)
      or "ask for less: a smaller range, a narrower search",
  } })
end

---What goes back of a result, and the whole when it was cut and may be read on.
---@param turn Turn
---@param ok boolean
---@param text string
---@return string text
---@return string|nil whole
function M.bounded(turn, ok, text)
  if #text <= most_of(turn) then
    return text
  end
  local tool = reader_of(turn)
  if not tool then
    return cut(turn, ok, text)
  end
  return cut(turn, ok, text, "r" .. #turn.rests + 1, tool), text
end

---A result was cut: its handle is known from here on.
---@param turn Turn
---@param whole string|nil just made, or nil
---@param blob string|nil its name, as the journal has it
---@return string|nil blob
function M.keep(turn, whole, blob)
  if whole then
    blob = turn.tx:blob(whole)
    turn:remember(blob, whole)
  end
  if blob then
    turn:hold(blob)
  end
  return blob
end

---An earlier message with a result gets a handle, when the turn's role can read it.
---@param turn Turn
---@param convo string its name
---@param rests table<string, string> where that is noted
---@return string|nil handle
---@return string|nil tool
function M.hold(turn, convo, rests)
  local tool = reader_of(turn)
  if not tool then
    return nil
  end
  local handle = turn:hold({ message = convo })
  rests[handle] = convo
  return handle, tool
end

---Handles that the journal has noted.
---@param turn Turn
---@param rests table<string, string>|nil
function M.again(turn, rests)
  while rests and rests["r" .. #turn.rests + 1] do
    turn:hold({ message = rests["r" .. #turn.rests + 1] })
  end
end

-- The whole text behind a handle.
local function whole_of(turn, rest)
  if type(rest) == "table" then
    local text, err = errors.check(turn.engine.store:message(rest.message))
    return text and tostring(cjson.decode(text).content), err
  end
  local bytes = turn:uncommitted(rest)
  if bytes then
    return bytes
  end
  return errors.check(turn.engine.store:blob(rest))
end

---The operation turn.result: a part of an earlier result.
---@param turn Turn
---@param record {handle: string, from: integer?}
---@param call string
---@return table|nil
---@return Error|nil
function M.read(turn, record, call)
  local number = math.tointeger(tonumber(record.handle:match("^r([1-9]%d*)$")))
  local rest = number and turn.rests[number]
  if not rest then
    return nil, errors.new("ERR_NOT_FOUND", "this turn has no result " .. record.handle,
      "the handle of a cut result is in its `cut`")
  end
  local text, err = whole_of(turn, rest)
  if not text then
    return nil, err
  end
  turn:label(turn.marks, call) -- it may be made of all that the turn had read
  local found = piece(text, math.min(record.from or 0, #text), part_of(turn))
  return { part = found.text, from = found.from, next = found.next, bytes = #text }
end

return M
