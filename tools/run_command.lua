-- run_command.lua: a program in the card's directory: a build, a test.

local SHOWN = 12000 -- bytes of each output that the model reads: the end tells most

local function last(text)
  if #text <= SHOWN then
    return text
  end
  local from = #text - SHOWN + 1
  while from <= #text and text:byte(from) & 0xC0 == 0x80 do
    from = from + 1
  end
  return "[cut]\n" .. text:sub(from)
end

local function run(args)
  local result, failure = proc.run(args.argv, { stdin = args.stdin, wall = args.seconds })
  if not result then
    return { error = failure }
  end
  result.stdout = last(result.stdout)
  result.stderr = last(result.stderr)
  return result
end

local function self_test()
  assert(last("abc") == "abc")
  local text = last(("x"):rep(SHOWN) .. "end")
  assert(text:sub(-3) == "end" and #text == SHOWN + 6)
end

return {
  name = "run_command",
  description = "Run a program in the card's directory, such as a build or a test, without a shell. "
    .. "Only commands that the organization names may run, most without a network. "
    .. "The files it changes are kept, but for new ones that .gitignore names.",
  operations = { "proc.run", "fs.write" },
  statuses = { "in_progress" },
  schema = {
    type = "object",
    properties = {
      argv = {
        type = "array", minItems = 1, maxItems = 200, items = { type = "string", maxLength = 8000 },
        description = "the program and its arguments, each for itself",
      },
      stdin = { type = "string", maxLength = 100000, description = "what it reads from standard input" },
      seconds = { type = "number", exclusiveMinimum = 0, maximum = 3600,
        description = "stop it after this time" },
    },
    required = { "argv" },
    additionalProperties = false,
  },
  run = run,
  self_test = self_test,
}
