-- nominate_card.lua: a card put forward for attention.

local function run(args)
  local done, failure = card.nominate(args)
  if not done then
    return { error = failure }
  end
  return { nominated = args.card }
end

return {
  name = "nominate_card",
  description = "Put a card forward: it should be done soon, split, or given to another seat. People decide.",
  operations = { "card.nominate" },
  schema = {
    type = "object",
    properties = {
      card = { type = "string", minLength = 1, maxLength = 64, description = "the card's id" },
      reason = { type = "string", minLength = 1, maxLength = 4000 },
    },
    required = { "card", "reason" },
    additionalProperties = false,
  },
  run = run,
}
