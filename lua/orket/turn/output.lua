-- output.lua: a role that answers with data (`output`, docs/roles.md): a reply without calls is JSON of its
-- schema, and ends the turn; what does not fit is reported to the model, which is asked again.

local cjson = require("cjson")
local text_calls = require("orket.llm.text.text_calls")
local structured = require("orket.llm.text.structured")

local M = {}

local MOST = 512 * 1024 -- bytes of it: it stands in the event of its reply (STORE_BODY_MAX, core/io/store.h)
local LONG = "Your answer has %d bytes, and %d are the most. Write it again, shorter."

---The schema of a turn's role, compiled once per generation; nil when it has none.
---@param turn Turn
---@return Structured|nil
function M.of(turn)
  local source = turn.generation.roles[turn.role].about.output
  if source == nil then
    return nil
  end
  local all = turn.generation.outputs or {}
  turn.generation.outputs = all
  all[turn.role] = all[turn.role] or assert(structured.new(source))
  return all[turn.role]
end

-- The words of its message, which the journal keeps with all their marks.
local function words_of(reply)
  local content = cjson.decode(reply.message).content
  return content ~= cjson.null and content or ""
end

---Holds a reply against it: it gets `output`, canonical JSON, or a `problem`.
---@param turn Turn
---@param reply table
function M.judge(turn, reply)
  if #reply.calls > 0 or reply.problem then
    return
  end
  local expected, words = M.of(turn), words_of(reply)
  reply.output, reply.problem = structured.read(expected, words)
  if not reply.output then -- there may be thoughts before it
    local output = structured.read(expected, text_calls.words(words))
    reply.output, reply.problem = output, not output and reply.problem or nil
  end
  if reply.output and #reply.output > MOST then
    reply.output, reply.problem = nil, LONG:format(#reply.output, MOST)
  end
end

return M
