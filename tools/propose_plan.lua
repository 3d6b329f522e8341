-- propose_plan.lua: a whole plan, put before a person.

local function run(args)
  local made, failure = plan.make(args)
  if not made then
    return { error = failure }
  end
  return { rock = made.rock, epics = made.epics, issues = made.issues }
end

local ID = { type = "string", maxLength = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$" }
local NAME = { type = "string", minLength = 1, maxLength = 200 }
local TEXT = { type = "string", maxLength = 20000 }

local VERIFICATION = {
  type = "object",
  description = "how the finished work is tried: one command, exit code 0 is a pass; or a fixture that "
    .. "exists",
  properties = {
    argv = {
      type = "array", items = { type = "string", maxLength = 4000 }, minItems = 1, maxItems = 50,
      description = "program and arguments; it runs where the files are: "
        .. '["/bin/sh", "-c", "sh hello.sh | grep -q hello"]',
    },
    description = NAME,
    fixture = { type = "string", maxLength = 200,
      description = "instead: one of the fixtures that there are" },
  },
  minProperties = 1,
  additionalProperties = false,
}

local ISSUE = {
  type = "object",
  properties = {
    id = ID,
    name = NAME,
    seat = { type = "string", maxLength = 64, description = "who does the work: a seat of the team" },
    description = TEXT,
    requirements = {
      type = "array", items = { type = "string", minLength = 1, maxLength = 1000 }, minItems = 1,
      maxItems = 100, description = "what has to be true when it is done",
    },
    depends_on = {
      type = "array", items = ID, maxItems = 100,
      description = "issues of the same epic that have to be done before",
    },
    priority = { enum = { 1, 2, 3 }, description = "3 high, 2 medium, 1 low" },
    verification = VERIFICATION,
  },
  required = { "id", "name", "seat", "requirements" },
  additionalProperties = false,
}

local EPIC = {
  type = "object",
  properties = {
    id = ID, name = NAME, description = TEXT,
    issues = { type = "array", items = ISSUE, minItems = 1, maxItems = 100 },
  },
  required = { "id", "name", "issues" },
  additionalProperties = false,
}

return {
  name = "propose_plan",
  description = "Put the whole plan before a person: a rock, its epics in the order in which they run, "
    .. "their issues. A refusal names all that is wrong with it; call again with the whole plan.",
  operations = { "plan.make" },
  types = { "plan" },
  schema = {
    type = "object",
    properties = {
      id = ID, name = NAME, description = TEXT,
      epics = { type = "array", items = EPIC, minItems = 1, maxItems = 20 },
    },
    required = { "id", "name", "epics" },
    additionalProperties = false,
  },
  run = run,
}
