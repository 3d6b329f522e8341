-- create_issue.lua: a new card in the same epic.

local function run(args)
  local created, failure = card.create(args)
  if not created then
    return { error = failure }
  end
  return { id = created.id }
end

return {
  name = "create_issue",
  description = "Create a new issue in this epic, for work that is not part of this card.",
  operations = { "card.create" },
  schema = {
    type = "object",
    properties = {
      seat = {
        type = "string", minLength = 1, maxLength = 128, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description = "who is to do it: a seat of the team",
      },
      summary = { type = "string", minLength = 5, maxLength = 200, description = "one line" },
      description = { type = "string", maxLength = 20000,
        description = "what is wanted, and how it can be tested" },
      depends_on = {
        type = "array", items = { type = "string", maxLength = 64 }, maxItems = 100,
        description = "ids of cards that have to be done before",
      },
      priority = { type = "number", minimum = 0, maximum = 10, description = "3 high, 2 medium, 1 low" },
    },
    required = { "seat", "summary" },
    additionalProperties = false,
  },
  run = run,
}
