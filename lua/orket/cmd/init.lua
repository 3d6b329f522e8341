-- init.lua: `orket init DIR`: writes a minimal working project, also beside files that are there.

local cjson = require("cjson")
local demo_project = require("orket.project.new.demo_project")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local options = require("orket.options")
local project_commands = require("orket.project.new.project_commands")
local project_dir = require("orket.project.project_dir")
local store = require("orket.core.store")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket init [--demo] DIR

Writes a minimal project: an organization, a team of a coder and a guard, an environment, one epic, and the
key that signs its runs (.orket/key, for this user's eyes alone). ORKET_MODEL_URL and ORKET_MODEL, when set,
are written as the models' address and name. DIR may hold other files: none is changed, but .gitignore gets
the directories that Orket writes; its usual checks (make test, npm run test, pytest, cargo test, go test)
become the commands that agents may run, in a jail without network (process_rules.commands). In a git
repository with a commit its epics start from that repository's last commit ("source"). It may lie in another
project, which is noted, but not in its workspace/, where agents write.
  --demo    recorded replies for its epic as well, which demo/run.sh plays: the project runs without a
            model server
exit: 0 written, 1 there is a project, or DIR cannot be written, 2 usage
]]

local FILES = {
  ["config/organization.json"] = [[
{
  "name": "My organization",
  "models": {
    "coder": {"base_url": "http://127.0.0.1:11434/v1", "model": "qwen2.5-coder:7b"},
    "reviewer": {"base_url": "http://127.0.0.1:11434/v1", "model": "llama3.1:8b"}
  },
  "process_rules": {
    "limits": {"concurrency": 2}
  }
}
]],
  ["config/teams/standard.json"] = [[
{
  "name": "Standard",
  "seats": {
    "coder": {"name": "Coder", "roles": ["coder"], "model": "coder"},
    "guard": {"name": "Integrity guard", "roles": ["integrity_guard"], "model": "reviewer"}
  }
}
]],
  ["config/environments/standard.json"] = [[
{"name": "Standard", "temperature": 0.2, "timeout": 300}
]],
  ["config/epics/hello.json"] = [[
{
  "name": "Hello",
  "description": "A first program, to see the team at work.",
  "team": "standard",
  "environment": "standard",
  "issues": [
    {
      "id": "hello-1",
      "name": "Write hello.sh",
      "seat": "coder",
      "priority": "high",
      "description": "A shell script that greets.",
      "requirements": "hello.sh NAME prints exactly: hello, NAME",
      "verification": {"fixture_path": "hello.json"}
    }
  ]
}
]],
  ["verification/hello.json"] = [[
{
  "kind": "command",
  "cases": [
    {"name": "greets the world", "argv": ["sh", "hello.sh", "world"], "expect": {"stdout": "hello, world\n"}},
    {"name": "greets Ann", "argv": ["sh", "hello.sh", "Ann"], "expect": {"stdout": "hello, Ann\n"}}
  ]
}
]],
}

local IGNORED = "/.orket/\n/workspace/\n" -- by git
local IGNORE_MAX = 64 * 1024 * 1024

local NEXT = [[
Wrote a project to %s
Next:
  orket setup -C %s    finds a model and writes it (now: an Ollama on this machine)
  orket validate %s
  orket run -C %s hello
]]

local NEXT_DEMO = [[
Wrote a project to %s
Next:
  sh %s/demo/run.sh         runs it with recorded replies instead of a model: no server is asked
  orket show -C %s hello-1  what happened
Then find a model with orket setup -C %s, and: orket run --again -C %s hello
]]

local function fail(message, fix)
  io.stderr:write("orket: ", text.block(message), "\n", fix and "  fix: " .. text.block(fix) .. "\n" or "")
  return 1
end

local function quoted(value)
  return (cjson.encode(value):gsub("%%", "%%%%"))
end

-- The models of the template, at the address and of the name that the environment says.
local function of_environment(template)
  local url, name = sys.env("ORKET_MODEL_URL"), sys.env("ORKET_MODEL")
  if url and url ~= "" then
    template = template:gsub('("base_url": )"[^"]*"', "%1" .. quoted(url))
  end
  if name and name ~= "" then
    template = template:gsub('("model": )"[^"]*:[^"]*"', "%1" .. quoted(name))
  end
  return template
end

-- The first of its files that is there already.
local function taken(root, files)
  for _, path in ipairs(tables.keys(files)) do
    if root:kind(path) then
      return path
    end
  end
  return root:kind(".orket") and ".orket"
end

-- What .gitignore is to hold afterwards; a file that is there is read before anything is written.
local function ignoring(root)
  local before, message, code = root:read(".gitignore", IGNORE_MAX)
  if not before and code ~= "ERR_NOT_FOUND" then
    return nil, ".gitignore: " .. message
  end
  before = before or ""
  before = before .. (before:find("[^\n]$") and "\n" or "")
  for line in IGNORED:gmatch("[^\n]+") do
    if not ("\n" .. before):find("\n" .. line .. "\n", 1, true) then
      before = before .. line .. "\n"
    end
  end
  return before
end

-- Where none are named agents run nothing.
local function with_commands(template, commands)
  if #commands == 0 then
    return template
  end
  local lines = ',\n    "commands": [\n' .. project_commands.text(commands, "      ") .. "\n    ]"
  return (template:gsub('"limits": %b{}', function(limits)
    return limits .. lines
  end))
end

-- Has the directory a repository with a commit in it?
local function is_repository(root)
  local git <close> = root:beneath(".git")
  if not git then
    return false
  end
  return git:kind("packed-refs") == "file" or #(git:list("refs/heads") or {}) > 0
end

-- Every epic starts from the repository that the project lies in.
local function with_source(template)
  return (template:gsub("\n}%s*$", ',\n  "source": {"repo": "."}\n}\n'))
end

local function note_source(is_source)
  if is_source then
    io.write(wrap.fitted("Epics start from the last commit of this repository (source); "
      .. "orket branch EPIC writes their work into it, as the branch orket/EPIC\n"))
  end
end

local function note_commands(commands)
  local names = {}
  for i, command in ipairs(commands) do
    names[i] = table.concat(command.argv, " ")
  end
  if #names > 0 then
    io.write(wrap.fitted("Agents may run, in a jail without network: " .. table.concat(names, ", ")
      .. " (process_rules.commands)\n"))
  end
end

local function write_all(root, files, commands, is_source)
  local ignored, problem = ignoring(root)
  if not ignored then
    return nil, problem
  end
  local organization = with_commands(of_environment(files["config/organization.json"]), commands)
  organization = is_source and with_source(organization) or organization
  for _, path in ipairs(tables.keys(files)) do
    local content = path == "config/organization.json" and organization or files[path]
    local written, message = root:add(path, content)
    if not written then
      return nil, path .. ": " .. message
    end
  end
  return root:write(".gitignore", ignored)
end

local function files_of(args)
  local files = {}
  for _, part in ipairs({ FILES, args.demo and demo_project.files or {} }) do
    for path, content in pairs(part) do
      files[path] = content
    end
  end
  return files
end

-- The project around a directory that need not be there yet.
local function around_of(dir)
  local parent = dir
  repeat
    parent = parent:gsub("/+$", ""):match("^(.*)/[^/]*$") or "."
    parent = parent == "" and "/" or parent
    local root <close> = fs.root(parent)
  until root or parent == "." or parent == "/"
  return (project_dir.find(parent))
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { demo = "flag" }, { "dir" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local around = around_of(args.dir)
  if around and around.in_workspace then
    return fail(args.dir .. " lies where the agents of " .. around.path .. " write",
      "name a directory outside of workspace/")
  end
  local root <close>, problem = fs.root(args.dir, { create = true })
  if not root then
    return fail(problem)
  end
  local files = files_of(args)
  local path = taken(root, files)
  if path then
    return fail(args.dir .. " has " .. path .. " already", "orket validate " .. args.dir
      .. " checks a project that is there; name another directory for a new one")
  end
  local ok
  local commands, is_source = project_commands.of(root), not args.demo and is_repository(root)
  ok, problem = write_all(root, files, commands, is_source)
  if not ok then
    return fail(problem)
  end
  local key, why, _, fix = store.key(args.dir .. "/.orket")
  if not key then
    return fail(why, fix)
  end
  if around then
    io.stderr:write(wrap.fitted(text.line("note: " .. args.dir .. " lies in the project " .. around.path
      .. "; commands in it now find the new one"), 2), "\n")
  end
  note_commands(commands)
  note_source(is_source)
  io.write(wrap.fitted(((args.demo and NEXT_DEMO or NEXT):gsub("%%s", (args.dir:gsub("%%", "%%%%"))))))
  return 0
end

return M
