-- people.lua: `orket answer|move|comment|retry|halt`: a person acts on a card, under the same law.

local options = require("orket.options")
local owner = require("orket.owner")
local report = require("orket.report")
local sys = require("orket.core.sys")

local M = {}

local USAGE = {
  answer = "usage: orket answer [-C DIR] [--json] CARD TEXT\n\nAnswers a parked card's question; it goes on where it was.\n",
  comment = "usage: orket comment [-C DIR] [--json] CARD TEXT\n",
  move = "usage: orket move [-C DIR] [--json] [--reason REASON] [--why TEXT] CARD STATUS\n",
  retry = "usage: orket retry [-C DIR] [--json] CARD\n\nTries a parked card again.\n",
  halt = "usage: orket halt [-C DIR] [RUN]\n\nDrains the running run: open turns go on with the next one.\n",
}

local OPERANDS = {
  answer = { "card", "text..." },
  comment = { "card", "text..." },
  move = { "card", "status" },
  retry = { "card" },
  halt = { "run?" },
}

local function command(act)
  return function(argv)
    local known = { C = "value", json = "flag", reason = "value", why = "value" }
    local args, message = options.parse(argv, known, OPERANDS[act])
    if not args then
      return options.refuse(USAGE[act], message)
    end
    local result, err = owner.ask(args.C or ".", {
      act = act, card = args.card, text = args.text, status = args.status, reason = args.reason, why = args.why,
      run = args.run, who = sys.user(),
    })
    if not result then
      return report.failure(err)
    end
    return report.answer(args, result)
  end
end

for act in pairs(USAGE) do
  M[act] = { run = command(act) }
end

return M
