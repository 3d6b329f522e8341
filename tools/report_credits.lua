-- report_credits.lua: what the work on the card has cost.

local function run(args)
  local done, failure = card.credits(args.amount)
  if not done then
    return { error = failure }
  end
  return { reported = args.amount }
end

return {
  name = "report_credits",
  description = "Report credits spent on this card; they are added to its account.",
  operations = { "card.credits" },
  schema = {
    type = "object",
    properties = { amount = { type = "number", exclusiveMinimum = 0, maximum = 1000000000 } },
    required = { "amount" },
    additionalProperties = false,
  },
  run = run,
}
