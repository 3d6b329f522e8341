-- people.lua: `orket answer|approve|deny|move|comment|retry|trust|halt`: a person acts on a card, under the
-- same rules.

local cjson = require("cjson")
local options = require("orket.options")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

local ENDING = [[
  -C DIR    the project (default: found upwards from here)
  --json    the answer as one JSON line
exit: 0 done, 1 failed or refused, 2 usage
]]

local USAGE = {
  answer = [[
usage: orket answer [-C DIR] [--json] CARD TEXT

Answers a parked card's question: TEXT becomes a comment, and the card goes on where it was.
When the outcome of an operation is unknown (orket show CARD says which), TEXT begins with the answer,
and the model reads what follows:
  happened  it did: the turn goes on with what follows as its result
  did-not   it did not: the tool gets an error
  again     it is done again
]],
  approve = [[
usage: orket approve [-C DIR] [--json] [--why TEXT] ID...

Says yes to what an agent asks for: to exactly that, once, until it expires. Everything is judged again before
it happens, and a file that has changed since makes the answer void.
  ID        of the question, or its card's (orket approvals); each of several is answered and reported
            by itself
  --why     a sentence for the record
]],
  deny = [[
usage: orket deny [-C DIR] [--json] [--why TEXT] ID...

Says no to what an agent asks for; it reads TEXT and goes on without it.
  ID        of the question, or its card's (orket approvals); each of several is answered and reported
            by itself
  --why     what the agent should know
]],
  comment = [[
usage: orket comment [-C DIR] [--json] [--label NAME] CARD TEXT

Adds a comment to a card; its next turn reads it.
  --label   TEXT was written elsewhere (a forge, a mail): it carries this label, such as untrusted
]],
  move = [[
usage: orket move [-C DIR] [--json] [--reason REASON] [--why TEXT] CARD STATUS

Moves a card manually, as far as the state machine lets a person (orket law prints it).
  STATUS    ready, in_progress, blocked, waiting_for_developer, ready_for_testing, code_review, done,
            canceled or archived
  --reason  why a card waits, for blocked and waiting_for_developer: resource, dependency, review, input
            or system
  --why     a sentence for the record
]],
  retry = [[
usage: orket retry [-C DIR] [--json] CARD
       orket retry [-C DIR] [--json] --all [--reason REASON]

Tries a parked card again, with a fresh count of retries. What waits for an answer is not retried by --all.
  --all     every card that waits for a model, for another resource, or for the system to work again
  --reason  with --all: the cards that wait for this instead: resource, system, review, input or dependency
]],
  trust = [[
usage: orket trust [-C DIR] [--json] CARD [PATH]

Answers for what came from outside, so that it carries labels no longer: the file PATH as CARD wrote it (of an
epic: as it was merged, or was there before), or all that is said on CARD. A turn that is under way keeps its
own.
]],
  halt = [[
usage: orket halt [-C DIR] [--json] [RUN]

Drains RUN, or all that are under way: nothing new starts, open turns go on with the next run.
]],
}

local OPERANDS = {
  answer = { "card", "text..." },
  approve = { "card*" },
  deny = { "card*" },
  comment = { "card", "text..." },
  move = { "card", "status" },
  retry = { "card?" },
  trust = { "card", "path?" },
  halt = { "run?" },
}

-- What is wrong with a text of the command line.
local function fault_of(name, value)
  if not utf8.len(value) then
    return name:upper() .. " is not UTF-8"
  elseif not value:find("%S") then
    return name:upper() .. " is empty"
  end
end

local function check(args)
  for name, value in pairs(args) do
    -- a directory may have any name
    local all = type(value) == "table" and value or { value }
    for _, one in ipairs(name ~= "C" and all or {}) do
      local fault = type(one) == "string" and fault_of(name, one)
      if fault then
        return nil, fault
      end
    end
  end
  return args
end

local function parse(act, argv)
  local known = { C = "value", json = "flag" }
  if act == "move" then
    known.reason, known.why = "value", "value"
  elseif act == "approve" or act == "deny" then
    known.why = "value"
  end
  known.label = act == "comment" and "value" or nil
  known.all = act == "retry" and "flag" or nil
  known.reason = known.reason or known.all and "value"
  local args, message = options.parse(argv, known, OPERANDS[act])
  if args then
    args, message = check(args)
  end
  if args and act == "retry" then
    message = not args.card == not args.all and "CARD or --all" or args.reason and not args.all
      and "--reason goes with --all"
    args = not message and args or nil
  end
  return args, message
end

local function print_all(args, result)
  for _, list in ipairs({ result.retried, result.failed }) do
    setmetatable(list, cjson.array_mt)
  end
  cli_report.answer(args, result)
  for _, one in ipairs(args.json and {} or result.failed) do
    io.stderr:write("orket: ", text.line(one.card .. ": " .. one.message), "\n")
  end
  return #result.failed == 0 and 0 or 1
end

local function ask(act, args, card)
  return owner.ask(args.C or ".", {
    act = act, card = card, text = args.text, status = args.status, reason = args.reason, why = args.why,
    run = args.run, label = args.label, path = args.path, who = sys.user(),
  })
end

-- Each question is answered and reported by itself: one that fails does not keep the others from their
-- answer.
local function answer_each(act, args)
  local code = 0
  for _, id in ipairs(args.card) do
    local result, err = ask(act, args, id)
    if result then
      cli_report.answer(args, result)
    else
      code = cli_report.failure(err)
    end
    if err and args.json and #args.card > 1 then
      print(text.json({ id = id, error = err }))
    end
  end
  return code
end

local function command(act)
  return function(argv)
    local args, message = parse(act, argv)
    if not args then
      return options.refuse(USAGE[act] .. ENDING, message)
    end
    if type(args.card) == "table" then
      return answer_each(act, args)
    end
    local result, err = ask(args.all and "retry.all" or act, args, args.card)
    if not result then
      return cli_report.failure(err)
    end
    return (args.all and print_all or cli_report.answer)(args, result)
  end
end

for act in pairs(USAGE) do
  M[act] = { run = command(act), usage = USAGE[act] .. ENDING }
end

return M
