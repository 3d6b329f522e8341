-- propose_issue.lua: one more issue in an epic, put before a person.

local function run(args)
  local made, failure = board.create(args)
  if not made then
    return { error = failure }
  end
  return { id = made.id }
end

local ID = { type = "string", maxLength = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$" }

return {
  name = "propose_issue",
  description = "Put a new issue of an epic before the person; it is made when they say yes.",
  operations = { "board.create" },
  types = { "plan" },
  schema = {
    type = "object",
    properties = {
      epic = ID,
      seat = { type = "string", minLength = 1, maxLength = 64,
        description = "who does the work: a seat of the epic's team" },
      summary = { type = "string", minLength = 5, maxLength = 200, description = "one line" },
      description = { type = "string", maxLength = 20000,
        description = "what is wanted, and how it can be tested" },
      depends_on = { type = "array", items = ID, maxItems = 100 },
      priority = { enum = { 1, 2, 3 }, description = "3 high, 2 medium, 1 low" },
    },
    required = { "epic", "seat", "summary" },
    additionalProperties = false,
  },
  run = run,
}
