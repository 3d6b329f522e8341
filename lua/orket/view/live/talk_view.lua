-- talk_view.lua: a turn of a conversation as it happens: the words as they come, and what is looked at.

local error_hints = require("orket.llm.error_hints")
local outage_fold = require("orket.view.outage_fold")
local plain = require("orket.view.plain")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local View = {}
View.__index = View

local MAY_CALL = "[<{]" -- what comes from there on is shown when the reply is known to be an answer

local LOOKED = { look_at_board = "looks at the board" }

---@param options {stream: boolean, quiet: boolean}  stream: the words are shown as they come
---@return table view
function M.new(options)
  local self = setmetatable({ quiet = options.quiet, is_live = options.stream, words = "", heard = "",
    shown = 0, fold = outage_fold.new() }, View)
  if options.stream then
    self.on_delta = function(_, words)
      self:hear(words)
    end
  end
  return self
end

-- Shows what the reply has by now, up to this byte.
function View:show(to)
  local words = self.heard:sub(self.shown + 1, to)
  self.words, self.shown = self.words .. words, math.max(self.shown, to)
  io.stdout:write(text.block(words))
  io.stdout:flush()
end

---More of a reply has come.
---@param words string
function View:hear(words)
  if self.is_over then
    self.heard, self.shown, self.is_over = "", 0, false
  end
  self.heard = self.heard .. words
  self:show((self.heard:find(MAY_CALL, self.shown + 1) or #self.heard + 1) - 1)
end

---An answer, or what is not shown of it yet.
---@param words string
function View:answer(words)
  if words ~= "" and self.heard:sub(-#words) == words then
    self:show(#self.heard)
    self:close_line()
  else
    self:line(text.block(words))
  end
end

local function told(event)
  local body = event.body
  if event.kind == "step.reply" and body.finish == "length" then
    return error_hints.cut(body.model, body.usage)
  end
  if event.kind == "call.allowed" then
    return LOOKED[body.tool]
  elseif event.kind == "call.refused" or event.kind == "operation.refused" then
    return "refused (" .. (body.rule or "?") .. "): " .. text.line(body.why or "")
  elseif event.kind == "model.paused" then
    return plain.what(event)
  elseif event.kind == "step.failed" or event.kind == "budget.reached" then
    return text.line(body.why or body.message or body.code or event.kind)
  end
end

---@param project table
---@param run table
function View:attach(project, run)
  self.run = run
  if self.quiet then
    return
  end
  project.store:subscribe(function(event)
    self.is_over = self.is_over or event.kind == "step.reply"
    local line = told(event) or self.is_live and event.kind == "turn.started" and event.body.role
      .. " reads and thinks" or nil
    for _, one in ipairs((line or event.kind == "step.reply") and self.fold:lines(event, line) or {}) do
      self:line("· " .. one)
    end
  end)
end

---What comes next begins a line.
function View:close_line()
  io.stdout:write(self.words ~= "" and not self.words:find("\n$") and "\n" or "")
  io.stdout:flush()
  self.words = ""
end

---@param line string
function View:line(line)
  self:close_line()
  io.stdout:write(wrap.fitted(line), "\n")
  io.stdout:flush()
end

function View:note(message)
  if not self.quiet then
    self:line("orket: " .. text.clean(message))
  end
end

function View.finish() end

return M
