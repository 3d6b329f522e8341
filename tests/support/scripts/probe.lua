-- probe.lua: a tool, of whose permissions each part can be changed, for attack_permission_delta_spec.lua.
-- luacheck: ignore 211/unused

local LIMIT = 10
local function unused() return 1 end
local function run(args)
  local done, failure = fs.write(args.path, args.text or "")
  return done and { path = done.path } or { error = failure }
end
return {
  description = "probe", operations = { "fs.read", "fs.write" }, statuses = { "in_progress" },
  untrusted = true, outward = true, labels = { "web", "mail" },
  schema = {
    type = "object", additionalProperties = false, required = { "path" }, maxProperties = 6,
    properties = {
      path = { type = "string", format = "path", minLength = 2, maxLength = 100, pattern = "^[a-z/]+$" },
      text = { type = "string", maxLength = LIMIT },
      kind = { enum = { "a", "b" } },
      count = { type = "integer", minimum = 1, maximum = 5, multipleOf = 1 },
      names = { type = "array", items = { type = "string", maxLength = 5 }, minItems = 1, maxItems = 3, uniqueItems = true },
      free = { description = "whatever" },
    },
  },
  run = run,
}
