-- search_files.lua: the lines that hold a text or fit an expression, or the names of files.

local LIMIT, CONTEXT = 100, 10

local function run(args)
  local found, failure = fs.search(args.path or ".", args.text, {
    limit = math.min(args.limit or LIMIT, LIMIT), regex = args.regex, any_case = args.any_case,
    glob = args.glob, ignored = args.ignored, context = args.context, skip = args.skip,
  })
  if not found then
    return { error = failure }
  end
  return found
end

return {
  name = "search_files",
  description = "Find lines in the files beneath a directory: those that hold a text, or fit a regular "
    .. "expression. Without text: the names of the files, by glob. What ignore files (.gitignore) leave out "
    .. "is not searched; `ignored` of the result counts it. Read on from next with skip.",
  operations = { "fs.search" },
  aliases = { text = { "pattern", "query" }, path = { "directory", "dir", "directory_path" },
    limit = { "max_results" }, glob = { "include" } },
  schema = {
    type = "object",
    properties = {
      text = { type = "string", minLength = 1, maxLength = 1000,
        description = "what to look for, as it stands; left out: names of files" },
      regex = { type = "boolean", description = "true: text is an ECMA-262 expression for one line" },
      any_case = { type = "boolean", description = "true: a and A are the same" },
      glob = { type = "string", minLength = 1, maxLength = 1000,
        description = "only files that fit, as in .gitignore, from path on: *.c, src/**/*.lua, !*.md" },
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096, default = ".",
        description = "relative to the card's directory",
      },
      ignored = { type = "boolean", description = "true: also what ignore files leave out" },
      context = { type = "integer", minimum = 0, maximum = CONTEXT,
        description = "lines shown before and after each" },
      limit = { type = "integer", minimum = 1, maximum = LIMIT, description = "matches at most" },
      skip = { type = "integer", minimum = 0, description = "how many of the first to leave out" },
    },
    additionalProperties = false,
  },
  run = run,
}
