-- finish.lua: the fake model's last call: the work is done.
return {
  description = "Ends the work on this card.",
  operations = { "turn.finish" },
  schema = {
    type = "object",
    properties = {
      issue = { type = "string", maxLength = 64 },
      status = { enum = { "done" } },
      summary = { type = "string", maxLength = 2000 },
    },
    required = { "issue", "status" },
    additionalProperties = false,
  },
  run = function(args)
    return perform({ op = "turn.finish", status = args.status, summary = args.summary })
  end,
}
