-- write_file.lua: a whole file, new or replaced.

local function run(args)
  local written, failure = fs.write(args.path, args.content)
  if not written then
    return { error = failure }
  end
  return { path = written.path, bytes = written.bytes, warnings = written.warnings }
end

return {
  name = "write_file",
  description = "Write a whole text file in this card's directory, replacing what was there. "
    .. "Directories are made as needed.",
  operations = { "fs.write" },
  statuses = { "in_progress" },
  aliases = { path = { "file_path", "filename", "file" }, content = { "contents", "text" } },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096,
        description = "relative to the card's directory",
      },
      content = { type = "string", maxLength = 1000000, description = "the complete content" },
    },
    required = { "path", "content" },
    additionalProperties = false,
  },
  run = run,
}
