-- propose_requirements.lua: what a request comes to, so that it can be built and tested.

local function run(args)
  local done, failure = plan.specify(args)
  if not done then
    return { error = failure }
  end
  return { handed_over = true }
end

local LINE = { type = "string", minLength = 1, maxLength = 1000 }

return {
  name = "propose_requirements",
  description = "Hand over the requirements of a plan, one testable line each, and end the turn.",
  operations = { "plan.specify" },
  types = { "plan" },
  schema = {
    type = "object",
    properties = {
      requirements = {
        type = "array", items = LINE, minItems = 1, maxItems = 200,
        description = "what has to be true in the end: what goes in, what comes out, "
          .. "what happens on bad input",
      },
      assumptions = {
        type = "array", items = LINE, maxItems = 50,
        description = "what was decided because the request leaves it open",
      },
    },
    required = { "requirements" },
    additionalProperties = false,
  },
  run = run,
}
