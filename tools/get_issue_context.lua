-- get_issue_context.lua: the card as it is now.

local function run()
  local context, failure = card.context()
  if not context then
    return { error = failure }
  end
  return context
end

return {
  name = "get_issue_context",
  description = "Read this card as it is now: fields, dependencies, comments, last verification.",
  operations = { "card.context" },
  schema = { type = "object", additionalProperties = false },
  run = run,
}
