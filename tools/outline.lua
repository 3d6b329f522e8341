-- outline.lua: what the source files of a tree define, those first that are used most.

local TOKENS = 8192

return {
  name = "outline",
  description = "List what source files define (functions, classes, types, with signatures and lines), those "
    .. "first that other files use most, as many as fit. Python, JavaScript, TypeScript, C, Lua.",
  operations = { "code.outline" },
  aliases = { path = { "directory", "dir" }, tokens = { "max_tokens" } },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096, default = ".",
        description = "a directory or a file, relative to the card's directory",
      },
      tokens = { type = "integer", minimum = 50, maximum = TOKENS,
        description = "about how long the outline may be, 1024 when left out" },
      glob = { type = "string", minLength = 1, maxLength = 1000,
        description = "only files that fit, as in .gitignore, from path on" },
      ignored = { type = "boolean", description = "true: also what ignore files leave out" },
    },
    additionalProperties = false,
  },
  run = function(args)
    local options = { tokens = args.tokens, glob = args.glob, ignored = args.ignored }
    local found, failure = code.outline(args.path or ".", options)
    if not found then
      return { error = failure }
    end
    return found
  end,
}
