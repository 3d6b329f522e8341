-- propose_change.lua: another status, seat or priority of a card, put before a person.

local function run(args)
  local changed, failure = board.change(args)
  if not changed then
    return { error = failure }
  end
  return changed
end

return {
  name = "propose_change",
  description = "Put a change of a card before the person: its status, seat or priority. It is made when "
    .. "they say yes, as far as the state machine lets you.",
  operations = { "board.change" },
  types = { "plan" },
  schema = {
    type = "object",
    properties = {
      card = { type = "string", maxLength = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$" },
      status = {
        enum = {
          "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review",
          "done", "canceled", "archived",
        },
      },
      reason = { enum = { "resource", "dependency", "review", "input", "system" },
        description = "of blocked and waiting_for_developer" },
      why = { type = "string", maxLength = 4000 },
      priority = { enum = { 1, 2, 3 } },
      seat = { type = "string", minLength = 1, maxLength = 64 },
    },
    required = { "card" },
    minProperties = 2,
    additionalProperties = false,
  },
  run = run,
}
