-- request_excuse.lua: the card handed back to people.

local function run(args)
  local done, failure = card.excuse(args.reason)
  if not done then
    return { error = failure }
  end
  return { excused = true }
end

return {
  name = "request_excuse",
  description = "Hand the card back to people when you cannot go on: it waits for their answer. "
    .. "Ends the turn.",
  types = { "issue", "plan" },
  operations = { "card.excuse" },
  schema = {
    type = "object",
    properties = {
      reason = { type = "string", minLength = 1, maxLength = 4000,
        description = "the question, or what is missing" },
    },
    required = { "reason" },
    additionalProperties = false,
  },
  run = run,
}
