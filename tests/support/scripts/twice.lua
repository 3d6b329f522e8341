-- twice.lua: a tool that asks for two operations, for approve_spec.lua.

local function run(args)
  card.comment("about to write")
  fs.write("first", args.text)
  fs.write("locked/" .. args.name, args.text)
  fs.write("last", args.text)
  return { written = true }
end
return {
  description = "writes three files", operations = { "fs.write", "card.comment" }, run = run,
  schema = { type = "object", properties = { name = { type = "string" }, text = { type = "string" } }, required = { "name", "text" } },
}
