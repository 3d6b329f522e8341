-- update_issue_status.lua: how this turn ends: the proposed status of the card.

local function run(args)
  local moved, failure = card.move(args.status, args.reason, args.why)
  if not moved then
    return { error = failure }
  end
  return { proposed = args.status }
end

return {
  name = "update_issue_status",
  description = "Propose the card's next status and end the turn: ready_for_testing when work is complete; "
    .. "in a review done, or in_progress to send it back. Say why.",
  operations = { "card.move" },
  schema = {
    type = "object",
    properties = {
      status = {
        enum = {
          "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review", "done",
          "canceled",
        },
      },
      reason = {
        enum = { "resource", "dependency", "review", "input", "system" },
        description = "needed for blocked and waiting_for_developer",
      },
      why = { type = "string", maxLength = 4000, description = "what was done, or what is missing" },
    },
    required = { "status" },
    additionalProperties = false,
  },
  run = run,
}
