-- slash.lua: what a person says to `orket chat` itself, and not to the seat: lines that begin with / and a
-- word.

local config = require("orket.project.config")
local conversation = require("orket.planning.conversation")
local inbox = require("orket.reports.inbox")
local tables = require("orket.util.tables")
local owner = require("orket.project.owner")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local session = require("orket.project.session")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local HELP = [[
/run CARD      runs an epic, a rock or an issue, as orket run does; the conversation goes on after it
/approve       what waits for a yes; /approve ID says it, as orket approve does
/help          this
/quit          ends, as ^D does; orket chat --resume goes on
everything else is said to the seat
]]

-- ---- the commands ----

local act = {}

function act.help()
  io.write((wrap.fitted(HELP)))
end

function act.quit()
  return "quit"
end

function act.run(chat, card)
  if card == "" then
    print("name what is to be run: /run CARD (orket board lists them)")
    return
  end
  session.run({ C = chat.args.C, card = card, plain = not chat.is_terminal })
end

local function print_waiting(chat)
  local store <close>, err = reader.open(chat.args.C or ".")
  if not store then
    return cli_report.failure(err)
  end
  local count = 0
  for _, item in ipairs(inbox.list(store, chat.args.C or ".")) do
    if item.kind == "approval" then
      count = count + 1
      wrap.print(text.visible(item.title))
      for _, line in ipairs(item.lines) do
        wrap.print("    " .. line)
      end
      print("  /approve " .. text.visible(item.id))
    end
  end
  if count == 0 then
    print("no approval is pending")
  end
end

function act.approve(chat, id)
  if id == "" then
    print_waiting(chat)
    return
  end
  local result, err = owner.ask(chat.args.C or ".", { act = "approve", card = id, who = sys.user() })
  if result then
    cli_report.answer(chat.args, result)
  else
    cli_report.failure(err)
  end
end

---Does what a line says, when it is a command: "quit" when the conversation is to end, true when it was
---another one; nil when it is a message, as a path or a sentence with a / is.
---@param chat Chat
---@param line string
---@return "quit"|true|nil
function M.perform(chat, line)
  local word, rest = line:match("^/(%a[%w-]*)%s*$"), ""
  if not word then
    word, rest = line:match("^/(%a[%w-]*)%s+(.-)%s*$")
  end
  if not word then
    return nil
  elseif not act[word] then
    print("there is no command /" .. text.line(word) .. ": /help lists them")
    return true
  end
  return act[word](chat, rest) or true
end

-- ---- the beginning ----

local function models_of(dir)
  local loaded = config.load(dir)
  local names = loaded and tables.keys(loaded.organization.models or {}) or {}
  local word = #names == 1 and ", model " or ", models "
  return #names > 0 and word .. table.concat(names, ", ", 1, math.min(#names, 3)) or ""
end

---What a person reads first on a terminal.
---@param args {C: string?, role: string?}
---@return string
function M.greeting(args)
  return text.block(string.format("orket chat with %s%s. It looks at the board and proposes; "
    .. "what it proposes is made only after your yes.\n/help lists commands, /quit or ^D ends.",
    args.role or conversation.ROLE, models_of(args.C or ".")))
end

return M
