-- talk.lua: a turn of a conversation as it happens: the words as they come, and what is looked at.

local text = require("orket.view.text")

local M = {}

local View = {}
View.__index = View

local LOOKED = { look_at_board = "looks at the board" }

---@param options {stream: boolean, quiet: boolean}  stream: the words are shown as they come
---@return table view
function M.new(options)
  local self = setmetatable({ quiet = options.quiet, is_live = options.stream, words = "", heard = "" }, View)
  if options.stream then
    self.on_delta = function(_, words)
      self.words, self.heard = self.words .. words, self.heard .. words
      io.stdout:write(text.block(words))
      io.stdout:flush()
    end
  end
  return self
end

local function told(event)
  local body = event.body
  if event.kind == "call.allowed" then
    return LOOKED[body.tool]
  elseif event.kind == "call.refused" or event.kind == "operation.refused" then
    return "refused (" .. (body.rule or "?") .. "): " .. text.line(body.why or "")
  elseif event.kind == "step.failed" or event.kind == "turn.looped" or event.kind == "budget.reached" or event.kind == "model.paused" then
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
    local line = told(event) or self.is_live and event.kind == "turn.started" and event.body.role .. " reads and thinks"
    if line then
      self:line("· " .. line)
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
  io.stdout:write(line, "\n")
  io.stdout:flush()
end

---True when these words were the last ones that were shown as they came.
---@param words string
---@return boolean
function View:has_shown(words)
  return self.heard:sub(-#words) == words
end

function View:note(message)
  if not self.quiet then
    self:line("orket: " .. text.clean(message))
  end
end

function View.finish() end

return M
