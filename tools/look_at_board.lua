-- look_at_board.lua: the board, for a conversation about it.

local function run(args)
  local seen, failure = board.read(args)
  if not seen then
    return { error = failure }
  end
  return seen
end

return {
  name = "look_at_board",
  description = "Look at the board: cards (all, or those of a status), one card with its text and history, "
    .. "what waits for a person, what was refused (reports), what it cost (costs).",
  operations = { "board.read" },
  types = { "plan" },
  schema = {
    type = "object",
    properties = {
      what = { enum = { "cards", "card", "waiting", "reports", "costs" } },
      card = { type = "string", maxLength = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description = "its id; for reports: only of this one" },
      status = {
        enum = {
          "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review",
          "done", "canceled", "archived",
        },
      },
    },
    required = { "what" },
    additionalProperties = false,
  },
  run = run,
}
