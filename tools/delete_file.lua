-- delete_file.lua: one file, removed.

local function run(args)
  local deleted, failure = fs.delete(args.path)
  if not deleted then
    return { error = failure }
  end
  return { path = deleted.path, deleted = true }
end

return {
  name = "delete_file",
  description = "Delete one file of this card's directory.",
  operations = { "fs.delete" },
  statuses = { "in_progress" },
  aliases = { path = { "file_path", "filename", "file" } },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096,
        description = "relative to the card's directory",
      },
    },
    required = { "path" },
    additionalProperties = false,
  },
  run = run,
}
