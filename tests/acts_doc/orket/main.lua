-- main.lua: docs/acts.md, written from the registry of acts that the program itself uses.

local acts = require("orket.governance.acts")
local tables = require("orket.util.tables")

local HEAD = [[
# A person's acts

Written by `make docs` from `lua/orket/governance/acts.lua`, where each noun registers its acts. The command
line, the live board and the REPL send an act to the process that owns the project: one line of JSON to
`.orket/owner.sock`, one line back.

    {"act":"comment","card":"hello-1","text":"Use tabs."}
    {"result":{"card":"hello-1","status":"ready","message":"commented on hello-1, which is ready"}}
    {"error":{"code":"ERR_NOT_FOUND","class":"input","message":"…","fix":"…"}}

The answer to a request has `result` or `error`; the message of a result tells a person what happened. Without
an owner, the process that asks becomes it for the length of its request (`lua/orket/project/owner.lua`). An
act with a field that is not listed, or with one of another type, is refused with `ERR_USAGE` before anything
happens. A field with `?` may be absent.

Every act is open to processes of the project's own user in the same namespaces, as the kernel reports them,
and to no others; the name in the journal is that user's, whatever the request's `who` says. Owner: *run*
means that only a run that is under way performs the act, *any* that the asking process also can. A name that
is a user's may do what the user's role allows ([auth.md](auth.md#roles)).

Errors: besides those of the table each act may answer
%s,
an error of the environment (such as `ERR_STORE_FULL` or `ERR_OWNED`) and `ERR_BUG`.

| act | fields | what it does | errors | owner |
| --- | --- | --- | --- | --- |
]]

local function quoted(list, separator)
  return #list == 0 and "-" or "`" .. table.concat(list, separator or "`, `") .. "`"
end

local function fields_of(act)
  local list = {}
  for i, name in ipairs(tables.keys(act.fields)) do
    list[i] = name .. ": " .. act.fields[name]
  end
  return quoted(list)
end

return function()
  io.write((HEAD:format(quoted(acts.COMMON))))
  for _, name in ipairs(tables.keys(acts.all())) do
    local act = acts.all()[name]
    print(("| `%s` | %s | %s | %s | %s |"):format(
      name, fields_of(act), act.summary, quoted(act.errors), act.run and "run" or "any"))
  end
  return 0
end
