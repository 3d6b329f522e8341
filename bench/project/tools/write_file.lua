-- write_file.lua: as shipped, but a reviewer may use it too: here the review is the work.
return {
  description = "Write a whole text file in this card's directory.",
  operations = { "fs.write" },
  schema = {
    type = "object",
    properties = {
      path = { type = "string", format = "path", minLength = 1, maxLength = 4096 },
      content = { type = "string", maxLength = 1000000 },
    },
    required = { "path", "content" },
    additionalProperties = false,
  },
  run = function(args)
    local written, failure = fs.write(args.path, args.content)
    return written and { path = written.path, bytes = written.bytes } or { error = failure }
  end,
}
