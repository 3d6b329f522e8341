-- read_result.lua: the rest of a result that was too long for one answer.

local function run(args)
  local result, failure = turn.result(args.handle, args.from)
  if not result then
    return { error = failure }
  end
  return result
end

return {
  name = "read_result",
  description = "Read on in a long result of an earlier call: its cut.handle, from cut.next.",
  types = { "issue", "plan" },
  operations = { "turn.result" },
  schema = {
    type = "object",
    properties = {
      handle = { type = "string", pattern = "^r[1-9][0-9]{0,5}$" },
      from = { type = "integer", minimum = 0, description = "first byte, 0 when left out" },
    },
    required = { "handle" },
    additionalProperties = false,
  },
  run = run,
}
