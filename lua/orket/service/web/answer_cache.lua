-- answer_cache.lua: answers that the journal alone decides: each is made once until the journal moves, also
-- for those who ask for it while it is being made.

local async = require("orket.async")

local M = {}

local MOST, BYTES, ALL_BYTES = 64, 4 << 20, 32 << 20 -- answers that are kept; bytes of one; of all

---@class AnswerCache
---@field events table live_events
---@field at integer|nil the journal's last event, of which they are
---@field answers table<string, {body: string, etag: string|nil}> by target
---@field count integer
---@field bytes integer of all that are kept
---@field running table<string, table> tasks that make one, by target
local AnswerCache = {}
AnswerCache.__index = AnswerCache

---@param events table live_events
---@return AnswerCache
function M.new(events)
  return setmetatable({ events = events, answers = {}, count = 0, bytes = 0, running = {} }, AnswerCache)
end

local function forget_older(self)
  if self.at ~= self.events.last then
    self.at, self.count, self.bytes, self.answers, self.running = self.events.last, 0, 0, {}, {}
  end
end

-- One that was begun when the journal ended at `at`; what came since may not be in it.
local function keep(self, at, target, body, etag)
  local has_room = self.count < MOST and #body <= BYTES and self.bytes + #body <= ALL_BYTES
  if has_room and self.at == at and at == self.events.last then
    self.answers[target], self.count = { body = body, etag = etag }, self.count + 1
    self.bytes = self.bytes + #body
  end
end

local function traced(what)
  return type(what) == "table" and what or debug.traceback(what)
end

-- In a task of its own: it is made to its end, though who asked first leaves.
local function begin(self, target, make, ...)
  local running, at = self.running, self.at
  local task = async.spawn(function(...)
    local result = table.pack(xpcall(make, traced, ...))
    running[target] = nil
    if result[1] and result[2] then
      keep(self, at, target, result[2], result[3])
    end
    return result
  end, ...)
  running[target] = not task.done and task or nil
  return task
end

---The answer to a target: a kept one, one that is being made, or what make(...) answers. In a task.
---@param target string
---@param make fun(...): string|nil, string|Error|nil
---@return string|nil body
---@return string|Error|nil etag
function AnswerCache:answer(target, make, ...)
  forget_older(self)
  local known = self.answers[target]
  if known then
    return known.body, known.etag
  end
  local result, err = async.join(self.running[target] or begin(self, target, make, ...))
  if not result then
    return nil, err
  elseif not result[1] then
    error(result[2], 0)
  end
  return result[2], result[3]
end

return M
