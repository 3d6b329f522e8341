-- read_file.lua: a text file, whole or from an offset on; an image or a PDF is shown to the model as it is.

local LIMIT = 32 * 1024 -- bytes of one answer

-- Of a PDF its text would do where it cannot be shown; an image has none.
local function show(path, otherwise)
  local shown, failure = fs.attach(path)
  return shown or otherwise or { error = failure }
end

local function run(args)
  local offset = args.offset or 0
  local content, about = fs.read(args.path, { offset = offset, limit = math.min(args.limit or LIMIT, LIMIT) })
  if not content and about.code == "ERR_UTF8" and offset == 0 then
    return show(args.path)
  elseif not content then
    return { error = about }
  end
  local text = { content = content, bytes = about.bytes,
    next_offset = about.more and offset + about.bytes or nil }
  return offset == 0 and content:find("^%%PDF%-%d") and show(args.path, text) or text
end

return {
  name = "read_file",
  description = "Read a text file of this card's directory. A long file comes in parts: "
    .. "read on from next_offset. An image or a PDF is shown to you, if you take such files.",
  operations = { "fs.read", "fs.attach" },
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
