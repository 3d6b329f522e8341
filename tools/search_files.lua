-- search_files.lua: the lines that hold a text.

local LIMIT = 100

local function run(args)
  local found, failure = fs.search(args.path or ".", args.text, math.min(args.limit or LIMIT, LIMIT))
  if not found then
    return { error = failure }
  end
  return { matches = found.matches, files = found.files, more = found.more }
end

return {
  name = "search_files",
  description = "Find the lines that hold a text (no pattern) in the files beneath a directory.",
  operations = { "fs.search" },
  aliases = { text = { "pattern", "query" }, path = { "directory", "dir", "directory_path" },
    limit = { "max_results" } },
  schema = {
    type = "object",
    properties = {
      text = { type = "string", minLength = 1, maxLength = 1000,
        description = "what to look for, as it stands" },
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096, default = ".",
        description = "relative to the card's directory",
      },
      limit = { type = "integer", minimum = 1, maximum = LIMIT, description = "matches at most" },
    },
    required = { "text" },
    additionalProperties = false,
  },
  run = run,
}
