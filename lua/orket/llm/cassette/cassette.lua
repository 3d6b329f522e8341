-- cassette.lua: the requests and replies of a run as lines of JSON, to be played again without a model.
--
--   {"cassette":1,"engine":"VERSION"}                                      the first line
--   {"card","role","turn","step","keep","messages","settings"?,"tools"?,"reply"|"error"}   one per request
--
-- A line holds what is new: its conversation is the first `keep` messages of the turn's line before (its
-- reply is the last of them), then `messages`; settings (the rest of the request's body) and tools are those
-- of the line before when they are missing. There is nothing in it of addresses, keys or directories.
--
-- Played, a request is looked up by card, role and content, so that it does not matter which turn comes
-- first. Nor does it where a server refused tools, which is asked without them from then on: whoever comes
-- first is refused.

local cjson = require("cjson")
local error_hints = require("orket.llm.error_hints")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local cassette_lines = require("orket.llm.cassette.cassette_lines")
local tables = require("orket.util.tables")
local sys = require("orket.core.sys")
local tape = require("orket.turn.tape")

local M = {}

local VERSION = 1
local UNUSED_SHOWN = 5

-- What a failed attempt leaves behind, besides its message.
local FAILURE = { "code", "class", "status", "retry_after", "deadline", "usage", "unsent", "since", "kinds",
  "permanent" }

-- ---- requests ----

local function canonical(messages)
  local texts = {}
  for i, message in ipairs(messages) do
    texts[i] = cjson.encode(message)
  end
  return texts
end

---@class TakenApart the body of a request
---@field messages table[] as every provider has them (Gemini calls them contents)
---@field texts string[] of the messages, canonical: equal messages have equal texts
---@field tools table?
---@field settings table the rest

---@return TakenApart
local function taken_apart(pieces)
  local text = table.concat(pieces)
  local body = cjson.decode(text)
  if type(body) ~= "table" then
    error(errors.new("ERR_CASSETTE", "a request of " .. #text .. " bytes is too large for a cassette",
      "run it without a cassette"), 0)
  end
  local messages, tools = body.messages or body.contents, body.tools
  body.messages, body.contents, body.tools = nil, nil, nil
  return { settings = body, messages = messages, texts = canonical(messages), tools = tools }
end

-- Each part in canonical text; equal requests have equal texts.
local function texts_of(request)
  local texts = { cjson.encode(request.settings), request.tools and cjson.encode(request.tools) or "" }
  return table.move(request.texts, 1, #request.texts, 3, texts)
end

local function key_of(card, role)
  return hash.parts({ card, role })
end

-- What a turn's next line builds upon: the messages before it, and the reply.
local function followed(request, reply)
  local messages = table.move(request.messages, 1, #request.messages, 1, {})
  local texts = table.move(request.texts, 1, #request.texts, 1, {})
  if reply then
    messages[#messages + 1] = cjson.decode(reply.message)
    texts[#texts + 1] = cjson.encode(messages[#messages])
  end
  return { settings = request.settings, tools = request.tools, messages = messages, texts = texts }
end

-- ---- recording ----

local Recorder = {}
Recorder.__index = Recorder

-- How many texts two conversations begin with.
local function common(a, b)
  local n = 0
  while a[n + 1] and a[n + 1] == b[n + 1] do
    n = n + 1
  end
  return n
end

local function same(a, b)
  return cjson.encode(a or cjson.null) == cjson.encode(b or cjson.null)
end

local function line_of(request, before)
  local keep = common(before.texts, request.texts)
  return {
    keep = keep, messages = setmetatable(table.move(request.messages, keep + 1, #request.messages, 1, {}),
      cjson.array_mt),
    settings = not same(before.settings, request.settings) and request.settings or nil,
    tools = not same(before.tools, request.tools) and (request.tools or cjson.null) or nil,
  }
end

function Recorder:put(line)
  local ok, message = self.write(cjson.encode(line) .. "\n")
  self.failed = self.failed or not ok and (message or "cannot be written")
end

local function note(self, turn, request, reply, err)
  local line = line_of(request, self.last[turn] or { messages = {}, texts = {} })
  line.card, line.role, line.turn, line.step = turn.card.id, turn.role, turn.number, turn.step
  if reply then
    line.reply = { message = reply.message, usage = reply.usage, finish = reply.finish, model = reply.model }
  else
    line.error = tables.pick(err, FAILURE)
    line.error.message = err.message:gsub("https?://[^%s/]+", "the endpoint")
  end
  self.last[turn] = followed(request, reply)
  self:put(line)
end

---Requests of turns, each written down with what came back (llm/client.lua).
---@param inner Ask
---@return Ask
function Recorder:over(inner)
  return function(request)
    local asked = taken_apart(request.body)
    local reply, err = inner(request)
    if reply or err.is_attempt or err.unsent then
      note(self, request.turn, asked, reply, err)
    end
    return reply, err
  end
end

---The run has ended.
---@return Error|nil
function Recorder:finish()
  if self.failed then
    return errors.new("ERR_IO", "the cassette is not whole: " .. self.failed,
      "make room for it and record again")
  end
end

---@param write fun(text: string): any, string?  appends to the cassette; nil, why when it cannot
---@return table cassette
function M.recorder(write)
  local last = setmetatable({}, { __mode = "k" }) -- request of each turn that runs
  local self = setmetatable({ write = write, last = last }, Recorder)
  self:put({ cassette = VERSION, engine = sys.version() })
  return self
end

-- ---- playing ----

local Player = {}
Player.__index = Player

local function mismatch(turn, text, detail, fix)
  local why = string.format("turn %d (%s), step %d: %s", turn.number, turn.role, turn.step, text)
  local err = errors.new("ERR_CASSETTE", why, fix)
  err.detail = detail
  return nil, err
end

local RECORD = "fix what changed, or record the cassette again: orket run --record FILE"

local function is_refusal_of_tools(line)
  return line.error ~= nil and error_hints.refuses_tools(line.error.status, line.error.message)
end

-- The recorded request that should have come; who is refused tools is another matter.
local function due_of(self, turn)
  for _, line in ipairs(self.by_key[key_of(turn.card.id, turn.role)] or {}) do
    if not line.used and not is_refusal_of_tools(line) then
      return line
    end
  end
end

local function shown(request)
  return { settings = request.settings, messages = request.messages, tools = request.tools }
end

-- How it differs.
local function drifted(self, turn, request)
  local due = due_of(self, turn)
  if due then
    return mismatch(turn,
      string.format("the request is not the recorded one (turn %d, step %d; - recorded, + now)",
      due.turn, due.step), diff.values(shown(due.request), shown(request)), RECORD)
  end
  return mismatch(turn, "the cassette has no further reply for " .. turn.card.id .. " as " .. turn.role, nil,
    RECORD)
end

local function played(line)
  line.used = true
  if line.reply then
    local reply = tape.reply(line.reply.message, line.reply)
    reply.is_recorded = nil -- it is what the model answered: its calls are repaired as they were then
    return reply
  end
  local err = tables.pick(line.error, FAILURE) -- of one line there may be many
  err.message, err.replayed, err.is_attempt = line.error.message, true, not line.error.unsent or nil
  return nil, err
end

-- The refusal of a request that offers tools where the recorded one, which came later, did not: any that its
-- model made.
local function refusal_of(self, turn, request)
  local due = due_of(self, turn)
  if not request.tools or not due or due.request.tools then
    return nil
  end
  for _, line in ipairs(self.lines) do
    if is_refusal_of_tools(line) and same(line.request.settings.model, request.settings.model) then
      return line
    end
  end
end

---Requests of turns, each answered by its line instead of its model.
---@return Ask
function Player:over()
  return function(request)
    local turn, asked = request.turn, taken_apart(request.body)
    local key = hash.parts({ key_of(turn.card.id, turn.role), table.unpack(texts_of(asked)) })
    local queue = self.by_content[key]
    local line = queue and table.remove(queue, 1) or refusal_of(self, turn, asked)
    if not line then
      return drifted(self, turn, asked)
    end
    return played(line)
  end
end

---The run has ended: every reply should have been asked for.
---@return Error|nil
function Player:finish()
  local unused = {}
  for _, line in ipairs(self.lines) do
    if not line.used and not is_refusal_of_tools(line) then
      unused[#unused + 1] = string.format("%s as %s, turn %d, step %d", line.card, line.role, line.turn,
        line.step)
    end
  end
  if #unused > 0 then
    local err = errors.new("ERR_CASSETTE", #unused .. " recorded replies were not asked for", RECORD)
    err.detail = table.concat(unused, "\n", 1, math.min(#unused, UNUSED_SHOWN))
      .. (#unused > UNUSED_SHOWN and "\n…" or "")
    return err
  end
end

local function add(map, key, line)
  map[key] = map[key] or {}
  table.insert(map[key], line)
end

-- The whole request of a line.
local function restore(line, before)
  local messages = table.move(before.messages, 1, line.keep, 1, {})
  local texts = table.move(before.texts, 1, line.keep, 1, {})
  table.move(line.messages, 1, #line.messages, line.keep + 1, messages)
  table.move(canonical(line.messages), 1, #line.messages, line.keep + 1, texts)
  local tools = line.tools or before.tools
  return {
    settings = line.settings or before.settings or {}, messages = messages, texts = texts,
    tools = tools ~= cjson.null and tools or nil,
  }
end

local function load_line(self, line, turns)
  local name = hash.parts({ line.card, line.role, tostring(line.turn) })
  local before = turns[name] or { messages = {}, texts = {} }
  if line.keep > #before.messages then
    return false
  end
  line.request = restore(line, before)
  turns[name] = followed(line.request, line.reply)
  local key = key_of(line.card, line.role)
  table.insert(self.lines, line)
  add(self.by_key, key, line)
  add(self.by_content, hash.parts({ key, table.unpack(texts_of(line.request)) }), line)
  return true
end

---@param text string the file
---@param name string its name
---@return table|nil cassette
---@return Error|nil  with the line that is wrong
function M.player(text, name)
  local all, err = cassette_lines.read(text, name, VERSION)
  if not all then
    return nil, err
  end
  local self, turns = setmetatable({ lines = {}, by_key = {}, by_content = {}, offline = true }, Player), {}
  for _, line in ipairs(all) do
    if not load_line(self, line, turns) then
      return cassette_lines.wrong(name, line.number,
        "it keeps " .. line.keep .. " messages of its turn, which has fewer before it")
    end
  end
  return self
end

return M
