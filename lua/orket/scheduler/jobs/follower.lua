-- follower.lua: a job as a command beside the owner follows it: which runs have begun, up to which event the
-- journal has come, what models write at this moment, how it ended. It is asked again and again, and answers
-- as soon as there is something new. Only text of models is queued, no more than fits into an answer.

local async = require("orket.async")
local cjson = require("cjson")

local M = {}

local WORDS_MOST = 256 * 1024 -- bytes of text that wait to be fetched; more are lost

---@class Follower
---@field job Job
---@field words table[] {card, text, progress} that were not fetched yet
local Follower = {}
Follower.__index = Follower

local function wake(self)
  local resume = self.resume
  self.resume = nil
  if resume then
    resume(true)
  end
end

---@param job Job
---@param store Store of the owner
---@param client LineClient whose connection it lasts for
---@return Follower
function M.new(job, store, client)
  local self = setmetatable({ job = job, runs = 0, seq = 0, sent = 0, words = {}, size = 0 }, Follower)
  self.unsubscribe = store:subscribe(function(event)
    self.seq = event.seq
    wake(self)
  end)
  job:follow(self)
  client.on_close(function()
    self:close()
  end)
  return self
end

---It is not asked any more.
function Follower:close()
  self.job:leave(self)
  self.unsubscribe()
  wake(self)
end

---The job has another run, or is over.
function Follower:notify()
  wake(self)
end

---Text of a model, in a turn of the job.
---@param turn Turn
---@param text string
---@param progress LlmProgress
function Follower:add_text(turn, text, progress)
  self.size = self.size + #text
  if self.size <= WORDS_MOST then
    table.insert(self.words, { card = turn.card.id, text = text, progress = { thoughts = progress.thoughts,
      beside = progress.beside, calls = progress.calls, tool = progress.tool, path = progress.path } })
    wake(self)
  end
end

local function has_news(self)
  return self.seq > self.sent or #self.job.runs > self.runs or self.words[1] or self.job.is_over
end

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

---What is new. Waits for it. In a task.
---@return {seq: integer, runs: table[], words: table[], over: boolean, card: string?, note: string?,
---  failure: Error?, ended: RunEnd?, error: Error|Error[]|nil} news  failure: of what was to be done first
function Follower:next()
  wake(self) -- a request before this one that still waits
  if not has_news(self) then
    async.suspend(function(resume)
      self.resume = resume
    end)
  end
  local job, from = self.job, self.runs
  local reply = { seq = self.seq, runs = array(table.move(job.runs, from + 1, #job.runs, 1, {})),
    words = array(self.words), over = job.is_over or false, card = job.card, note = job.note,
    failure = job.failure, ended = job.ended, error = job.error }
  self.sent, self.runs, self.words, self.size = self.seq, #job.runs, {}, 0
  if reply.over then
    self:close()
  end
  return reply
end

return M
