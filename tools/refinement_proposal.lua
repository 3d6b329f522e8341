-- refinement_proposal.lua: a better way of working, put forward.

local LONGEST = 2000

local function run(args)
  if args.example_for and #args.proposal > LONGEST then
    return { error = { code = "ERR_TOO_LARGE", message = "an example has at most " .. LONGEST .. " bytes",
      fix = "propose its core" } }
  end
  local done, failure = card.refine(args)
  if not done then
    return { error = failure }
  end
  return { proposed = true }
end

return {
  name = "refinement_proposal",
  description = "Propose a better prompt, rule or way of working, from what this card taught. People decide.",
  operations = { "card.refine" },
  schema = {
    type = "object",
    properties = {
      subject = {
        type = "string", minLength = 1, maxLength = 200,
        description = "what it is about: a role, a tool, a rule",
      },
      proposal = { type = "string", minLength = 1, maxLength = 10000 },
      example_for = {
        type = "string", minLength = 1, maxLength = 64,
        description = "when the proposal is an example of good work: "
          .. "the role that should be shown exactly this text",
      },
      evidence = { type = "string", maxLength = 10000, description = "what happened here" },
    },
    required = { "subject", "proposal" },
    additionalProperties = false,
  },
  run = run,
}
