-- find_symbol.lua: where a name is defined in source files, and where it is used.

return {
  name = "find_symbol",
  description = "Find where a function, class, type or method is defined (place, signature, last line) and "
    .. "the lines that use its name. Python, JavaScript, TypeScript, C, Lua.",
  operations = { "code.find" },
  aliases = { name = { "symbol", "query" }, path = { "directory", "dir" } },
  schema = {
    type = "object",
    properties = {
      name = { type = "string", minLength = 1, maxLength = 200,
        description = "the name alone; of M.f, Class.method and x:y the last part counts" },
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096, default = ".",
        description = "a directory or a file, relative to the card's directory",
      },
      glob = { type = "string", minLength = 1, maxLength = 1000,
        description = "only files that fit, as in .gitignore, from path on" },
      ignored = { type = "boolean", description = "true: also what ignore files leave out" },
    },
    required = { "name" },
    additionalProperties = false,
  },
  run = function(args)
    local options = { glob = args.glob, ignored = args.ignored }
    local found, failure = code.find(args.path or ".", args.name, options)
    if not found then
      return { error = failure }
    end
    return found
  end,
}
