-- reader.lua: a tool that reads, for attack_permission_delta_spec.lua.

local function run(args)
  return { text = fs.read(args.path) }
end
return {
  description = "reads", operations = { "fs.read" },
  schema = { type = "object", properties = { path = { type = "string", format = "path" } }, required = { "path" }, additionalProperties = false },
  run = run,
}
