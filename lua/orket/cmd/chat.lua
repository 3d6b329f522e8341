-- chat.lua: `orket chat`: a conversation about the board with a seat that can look and propose.

local async = require("orket.async")
local conversation = require("orket.planning.conversation")
local edit = require("orket.core.edit")
local errors = require("orket.errors")
local options = require("orket.options")
local planning = require("orket.planning.planning")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local session = require("orket.project.session")
local chat_format = require("orket.cmd.chat.chat_format")
local slash = require("orket.cmd.chat.slash")
local sys = require("orket.core.sys")
local strings = require("orket.util.strings")
local talk_view = require("orket.view.live.talk_view")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket chat [-C DIR] [--json] [--role ROLE] [--team NAME] [--environment NAME]
       orket chat [-C DIR] [--json] --resume [ID] | --list

A conversation with a seat of the team: it looks at the board and proposes issues, changes and plans, which
you take or not. What you said yes to passes the gate and the state machine in the role's name.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON line per answer and question
  --role    who talks (default: operations_lead); it has to list look_at_board
  --team, --environment   needed when there are several
  --resume  goes on with a conversation: ID, or the last one
  --list    the conversations
A line is a message; without a terminal they come from standard input, and after a question y, or why not.
A line that begins with / and a word is for orket itself: /help, /run CARD, /approve [ID], /quit; with --json
it is not. ^C gives up the reply, ^D ends.
exit: 0 done, 1 failed, 2 usage, 3 a question waits for its answer, or the conversation stopped without one
]]

local Chat = {}
Chat.__index = Chat

-- ---- what is done ----

local function run(self, act)
  self.view = talk_view.new({ stream = self.is_terminal, quiet = self.args.json })
  local code, ran = session.run({ C = self.args.C, view = self.view }, act)
  self.failed = self.failed or code == 1
  if ran.failure and self.args.json then
    chat_format.print_json(self, "error", { error = ran.failure })
  end
  return ran.card
end

local function say(self, message)
  local args = self.args
  local said = run(self, { act = "talk.say", card = self.id, text = message, role = not self.id and args.role
    or nil, team = not self.id and args.team or nil, environment = not self.id and args.environment or nil })
  self.id = self.id or said
  return said
end

local function answer(self, question, said)
  return run(self, { act = "talk.answer", card = self.id, question = question, answer = said.answer,
    why = said.why })
end

-- ---- the person ----

local function prompt_of(talk)
  if chat_format.is_destructive(talk.operation) then
    return "this cannot be undone: type " .. talk.operation.card .. " to say yes, or why not > "
  end
  return "y, or why not > "
end

-- What a line means as the answer to a question: only what says yes in full is one.
local function meant(talk, line)
  local word = strings.trimmed(line)
  local yes = chat_format.is_destructive(talk.operation) and word == talk.operation.card
    or not chat_format.is_destructive(talk.operation) and (word:lower() == "y" or word:lower() == "yes")
  local is_plain_no = word == "" or word:lower() == "n" or word:lower() == "no"
  return { answer = yes and "approved" or "denied", why = not yes and not is_plain_no and word or nil }
end

-- Looks, and answers questions, until it is the person's turn to speak; false at the end of the input.
local function settle(self)
  while true do
    local talk, err = chat_format.look(self)
    if not talk then
      cli_report.failure(err)
      return false
    end
    chat_format.print_replies(self, talk)
    self.waits = chat_format.has_stopped(talk)
    if not talk.question then
      chat_format.why(self, talk)
      return true
    end
    chat_format.question(self, talk)
    local line = self:line(prompt_of(talk))
    if not line then
      self.asked = true
      return false
    elseif conversation.check(line) then
      answer(self, talk.question.id, meant(talk, line))
    end
  end
end

-- A line; nil at the end of the input, "" for one that was given up.
function Chat:line(prompt)
  if not self.editor then
    return io.read("l")
  end
  local line, err = errors.check(async.await(self.editor.line, self.editor, prompt, ""))
  if line then
    return line
  end
  print("")
  return err.code == "ERR_CANCELED" and "" or nil
end

-- A line that is for orket itself, and not for the seat.
local function commanded(self, line)
  return not self.args.json and slash.perform(self, line) or nil
end

local function converse(self)
  if self.id and not settle(self) then
    return
  end
  while true do
    local line = self:line("you > ")
    local command = line and commanded(self, line)
    if not line or command == "quit" then
      return
    elseif not command and line:find("%S") then
      local ok, err = conversation.check(line)
      if not ok then
        cli_report.failure(err)
        self.failed = true
      elseif say(self, line) and not settle(self) then
        return
      elseif not self.id then
        return
      end
    end
  end
end

-- A reply that was cut off goes on first.
local function resume(self)
  local store <close>, err = reader.open(self.args.C or ".")
  if not store then
    return nil, err
  end
  local ids = planning.ids(store, "CHAT")
  self.id = self.args.id or ids[#ids]
  if not self.id then
    return nil, errors.new("ERR_NOT_FOUND", "there is no conversation yet", "orket chat begins one")
  end
  local talk
  talk, err = conversation.find(store, self.id)
  if not talk then
    return nil, err
  end
  self.seen = #talk.said > 0 and talk.said[#talk.said].seq or 0
  return talk
end

local function go_on(self)
  local talk, err = resume(self)
  if not talk then
    return nil, err
  elseif talk.card.status == "in_progress" or talk.card.status == "ready" then
    run(self, { act = "talk.go_on", card = self.id })
  end
  return true
end

local function talk(args)
  local self = setmetatable({ args = args, seen = 0, is_terminal = sys.is_tty(0) and sys.is_tty(1)
    and not args.json }, Chat)
  local ok, err = true, nil
  if args.resume then
    ok, err = go_on(self)
  end
  if ok and self.is_terminal then
    self.editor, err = errors.check(edit.open((args.C or ".") .. "/.orket/chat_history"))
    ok = self.editor
  end
  if not ok then
    return cli_report.failure(err)
  end
  if self.is_terminal then
    wrap.print(slash.greeting(args))
  end
  converse(self)
  if self.editor then
    self.editor:close()
  end
  if self.asked or self.waits then
    return 3
  end
  return self.failed and 1 or 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, {
    C = "value", json = "flag", role = "value", team = "value", environment = "value", resume = "flag",
    list = "flag",
  }, { "id?" })
  if args and args.id and not args.resume then
    args, message = nil, "unexpected argument " .. args.id
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  if args.list then
    local ok, err = chat_format.list(args)
    return ok and 0 or cli_report.failure(err)
  end
  return talk(args)
end

return M
