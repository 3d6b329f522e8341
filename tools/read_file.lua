-- read_file.lua: a text file, whole or from an offset on.

local LIMIT = 32 * 1024 -- bytes of one answer

local function run(args)
  local offset = args.offset or 0
  local content, about = fs.read(args.path, { offset = offset, limit = math.min(args.limit or LIMIT, LIMIT) })
  if not content then
    return { error = about }
  end
  return { content = content, bytes = about.bytes, next_offset = about.more and offset + about.bytes or nil }
end

return {
  name = "read_file",
  description = "Read a text file of this card's directory. A long file comes in parts: "
    .. "read on from next_offset.",
  operations = { "fs.read" },
  aliases = { path = { "file_path", "filename", "file" } },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096,
        description = "relative to the card's directory",
      },
      offset = { type = "integer", minimum = 0, description = "first byte, 0 when left out" },
      limit = { type = "integer", minimum = 1, maximum = LIMIT, description = "bytes at most" },
    },
    required = { "path" },
    additionalProperties = false,
  },
  run = run,
}
