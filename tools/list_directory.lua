-- list_directory.lua: what is in a directory.

local LIMIT = 500

local function run(args)
  local listed, failure = fs.list(args.path or ".", LIMIT)
  if not listed then
    return { error = failure }
  end
  local names = setmetatable({}, cjson.array_mt)
  for i, entry in ipairs(listed.entries) do
    names[i] = entry.type == "directory" and entry.name .. "/" or entry.name
  end
  return { entries = names, more = listed.more }
end

return {
  name = "list_directory",
  description = "List a directory of this card's files; the names of directories end in /.",
  operations = { "fs.list" },
  aliases = { path = { "directory", "dir", "directory_path" } },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096, default = ".",
        description = "relative to the card's directory",
      },
    },
    additionalProperties = false,
  },
  run = run,
}
