-- controls.lua: the keys of the live board. An act of a person goes the way of the commands: a request to the
-- owner, which is this process or another one; what was not shown to its end is not approved. The terminal is
-- left as it was found.

local async = require("orket.async")
local errors = require("orket.errors")
local inbox = require("orket.reports.inbox")
local keyboard = require("orket.async.keyboard")
local keys = require("orket.view.live.keys")
local owner = require("orket.project.owner")
local pager = require("orket.view.live.pager")
local turn_lines = require("orket.view.live.turn_lines")
local turn_record = require("orket.history.turn_record")
local sys = require("orket.core.sys")
local terminal = require("orket.core.terminal")
local text = require("orket.view.format.text")

local M = {}

local Controls = {}
Controls.__index = Controls

local TYPED_MAX = 4000 -- bytes of an answer
local STDIN = 0
local KEYS = "j/k select  a approve  d deny  r answer  t log  q stop  ? help"
local KEYS_COLUMNS = 78 -- a narrower window has no room for them

local HELP = {
  "j, k, arrows  select a card",
  "a             review what a card asks for, all of it; then Y approves it once",
  "d             review it, then deny it with a reason",
  "r             answer a question, or retry a parked card",
  "t, Enter      what is said in the card's turns from the last one on, as it comes",
  "q             stop after the replies under way; again: at once",
  "^C            the same; ^Z stops the run until fg", "",
  "Without a selection a, d and r take what has waited longest.",
}

-- ---- what is shown ----

-- Runs of this process wait for who reads.
local function set_reviewed(self, is_read)
  for _, run in ipairs(self.shown.list) do
    run.reviewed = is_read
    if not is_read and run.check_end then
      run:check_end()
    end
  end
end

local function close_pager(self)
  self.pager, self.item, self.prompt = nil, nil, nil
  set_reviewed(self, false)
end

local function open_pager(self, title, body, item)
  self.pager, self.item = pager.new(title, body), item
  set_reviewed(self, item ~= nil)
end

-- What the selected card waits for, else what has waited longest.
local function waiting(self, kinds)
  local oldest
  for _, item in ipairs(inbox.list(self.store, self.dir)) do
    if kinds[item.kind] and item.card == self.selected then
      return item
    end
    oldest = oldest or kinds[item.kind] and item
  end
  return oldest
end

local function review(self, kinds, nothing)
  local item = waiting(self, kinds)
  if not item then
    self.said = nothing
    return nil
  end
  open_pager(self, item.title, pager.wrapped(item.lines), item)
  return item
end

-- ---- acts ----

local function send(self, request)
  self.is_sending = true
  local result, err = owner.ask(self.dir, request)
  self.is_sending = false
  if err then
    self.view:note(errors.line(err))
  end
  close_pager(self)
  return result
end

local function halt(self)
  self.question = nil
  for _, run in ipairs(self.shown.list) do
    local result = not run.is_over and send(self, { act = "halt", run = run.id, who = sys.user() })
    if result then
      self.halted = true
      self.view:note(result.message)
    end
  end
end

local function leave(self)
  self.question = nil
  self.view.left()
end

local PROMPT = { -- what is typed to each kind, as a line of orket inbox
  approval = { "deny because", function(line) return "deny " .. line end },
  question = { "answer", function(line) return "answer " .. line end },
  unknown = { "happened TEXT, did-not or again", function(line) return line end },
  parked = { "Enter tries again; or an answer", function(line)
    return line == "" and "retry" or "answer " .. line
  end },
}

local function ask_for_line(self)
  self.prompt = { label = PROMPT[self.item.kind][1], line = "" }
end

local function send_line(self)
  local request = inbox.request(self.item,
    PROMPT[self.item.kind][2]((self.prompt.line:gsub("^%s+", ""):gsub("%s+$", ""))))
  if request then
    send(self, request)
  end
end

-- ---- keys ----

local function select(self, by)
  local cards, at = self.view:cards(), 0
  for i, card in ipairs(cards) do
    at = card.id == self.selected and i or at
  end
  if #cards > 0 then
    local first = by > 0 and 1 or #cards
    self.selected = cards[at == 0 and first or math.max(1, math.min(#cards, at + by))].id
  end
end

local function transcript(self)
  local id = self.selected or self.view:busiest()
  local rows, err = {}, nil
  if id then
    rows, err = turn_record.turns(self.store, self.dir, id)
  end
  local row = rows and rows[#rows]
  if not row then
    self.said = err and errors.line(err) or "no model has been asked about " .. (id or "any card")
    return
  end
  local title = string.format("%s from %s/%s on (orket transcript %s shows all)", id, row.run, row.turn, id)
  self.pager = pager.follow(title, turn_lines.new(self.store, row, function()
    return self.view:coming(id)
  end))
end

local function quit(self)
  local stops = self.halted or self.shown:are_stopping()
  if not stops and not self.view.left then
    return halt(self)
  end
  local what = stops and "Give up the replies under way?  Y stop at once" or "Stop the run?  Y stop"
  self.question = { what .. (self.view.left and "  q leave this board" or "") .. "  Esc go on",
    { Y = halt, q = self.view.left and leave } }
end

local APPROVAL, OTHER = { approval = true }, { question = true, unknown = true, parked = true }

local BOARD = { j = function(self) select(self, 1) end, k = function(self) select(self, -1) end, q = quit,
  t = transcript }
BOARD.down, BOARD.up, BOARD.enter = BOARD.j, BOARD.k, transcript

function BOARD.a(self)
  return review(self, APPROVAL, "no approval is pending")
end

function BOARD.d(self)
  if review(self, APPROVAL, "no approval is pending") then
    ask_for_line(self)
  end
end

function BOARD.r(self)
  if review(self, OTHER, "no card waits for an answer") then
    ask_for_line(self)
  end
end

BOARD["?"] = function(self)
  open_pager(self, "Keys", pager.wrapped(HELP))
end

local PAGER = {
  j = function(self) self.pager:move(1) end, k = function(self) self.pager:move(-1) end,
  space = function(self) self.pager:move(0, 1) end, b = function(self) self.pager:move(0, -1) end,
  esc = close_pager, q = close_pager,
}

function PAGER.t(self)
  if self.pager.grows then
    close_pager(self)
  end
end

function PAGER.l(self)
  self.pager:move(math.huge)
end

PAGER.down, PAGER.up, PAGER["page down"], PAGER["page up"] = PAGER.j, PAGER.k, PAGER.space, PAGER.b

local function is_approval(self)
  return self.item and self.item.kind == "approval"
end

function PAGER.Y(self)
  if is_approval(self) and self.pager:is_read() then
    send(self, inbox.request(self.item, "approve"))
  end
end

function PAGER.N(self)
  if is_approval(self) then
    ask_for_line(self)
  end
end

local SCROLLS = { up = true, down = true, ["page up"] = true, ["page down"] = true }

local function type_into(prompt, words)
  prompt.line = #prompt.line + #words <= TYPED_MAX and prompt.line .. words or prompt.line
end

local function press_prompt(self, key)
  local prompt = self.prompt
  if key == "enter" then
    send_line(self)
  elseif key == "esc" then
    close_pager(self)
  elseif SCROLLS[key] then
    PAGER[key](self)
  elseif key == "backspace" then
    prompt.line = prompt.line:sub(1, (utf8.offset(prompt.line, -1) or 1) - 1)
  elseif key == "space" or utf8.len(key) == 1 then
    type_into(prompt, key == "space" and " " or key)
  end
end

local function press_question(self, key)
  local act = self.question[2][key]
  if act then
    act(self)
  elseif key == "esc" then
    self.question = nil
  end
end

local function press(self, key)
  self.said = nil
  if self.is_sending then
    return
  elseif key == "redraw" then
    self.view:redraw()
  elseif self.question then
    press_question(self, key)
  elseif self.prompt then
    press_prompt(self, key)
  else
    local act = (self.pager and PAGER or BOARD)[key]
    if act then
      act(self)
    end
  end
end

local function hear(self, bytes)
  for _, one in ipairs(self.keys:feed(bytes)) do
    if one.paste and self.prompt then
      type_into(self.prompt, text.clean(one.paste))
    elseif one.key then
      press(self, one.key) -- what is typed ahead approves nothing: only a picture that was drawn was read
    end
  end
  self.view:draw()
end

-- ---- the terminal ----

local function give_back(self)
  if self.stop then
    self.stop()
  end
  if self.handle then
    self.handle:close()
  end
  self.handle, self.stop = nil, nil
end

local function take(self)
  give_back(self)
  self.handle, self.keys = terminal.keys(STDIN), keys.new()
  self.stop = self.handle and keyboard.listen(STDIN, function(bytes)
    hear(self, bytes)
  end)
  if not self.stop then
    give_back(self)
  end
end

local function on_job_control(self, name)
  if name == "sigtstp" then
    give_back(self)
    return keyboard.suspend()
  end
  take(self)
  self.view:redraw()
end

---Keys from now on, when a person is at the standard input.
---@param view table the live view
---@param project table
---@param shown table the runs that it shows
---@return table|nil controls
function M.start(view, project, shown)
  if not sys.is_tty(STDIN) then
    return nil
  end
  local self = setmetatable({ view = view, shown = shown, store = project.store, dir = project.dir },
    Controls)
  self.stop_signals = async.on_signals({ "sigtstp", "sigcont" }, function(name)
    on_job_control(self, name)
  end)
  take(self)
  return self
end

---The terminal as it was found.
function Controls:close()
  self.stop_signals()
  give_back(self)
end

-- ---- the picture ----

local function last_line(self)
  if self.is_sending then
    return "…"
  elseif self.prompt then
    return self.prompt.label .. " > " .. text.tail(self.prompt.line,
      math.max(1, self.columns - #self.prompt.label - 6)) .. "_"
  elseif not is_approval(self) then
    local to_end = self.pager.grows and not self.pager.is_at_end and "   l to its end" or ""
    return "space, b, j, k scroll" .. to_end .. "   Esc closes"
  elseif self.pager:is_read() then
    return "Y approve once   N deny with a reason   Esc later"
  end
  return "N deny with a reason   Esc later   (Y approves it once its end was shown)"
end

---What stands in place of the board; nil when that is to be seen.
---@param columns integer
---@param rows integer
---@return string[]|nil lines
function Controls:lines(columns, rows)
  self.columns = columns
  return self.pager and self.pager:rows(columns, rows, function()
    return last_line(self)
  end)
end

---The last line of the board; nil when no key is heard.
---@return string|nil
function Controls:keys_line()
  if not self.handle then
    return nil
  end
  local line = self.columns < KEYS_COLUMNS and "a d r t  q stop  ? help" or KEYS
  return self.question and self.question[1] or self.said or line
end

return M
