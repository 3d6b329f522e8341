-- add_issue_comment.lua: a comment on the card.

local function run(args)
  local added, failure = card.comment(args.comment)
  if not added then
    return { error = failure }
  end
  return { added = true }
end

return {
  name = "add_issue_comment",
  description = "Add a comment to this card, for people and for whoever works on it next.",
  operations = { "card.comment" },
  schema = {
    type = "object",
    properties = { comment = { type = "string", minLength = 1, maxLength = 10000 } },
    required = { "comment" },
    additionalProperties = false,
  },
  run = run,
}
