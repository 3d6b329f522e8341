-- init.lua: `orket init DIR`: writes a minimal working project, also beside files that are there.

local cjson = require("cjson")
local demo = require("orket.demo_project")
local fs = require("orket.core.fs")
local list = require("orket.list")
local options = require("orket.options")
local store = require("orket.core.store")
local sys = require("orket.core.sys")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket init [--demo] DIR

Writes a minimal project: an organization, a team of a coder and a guard, an environment, one epic, and the
key that signs its runs (.orket/key, for this user's eyes alone). ORKET_MODEL_URL and ORKET_MODEL, when set, are written
as the models' address and name. DIR may hold other files: none is changed, but .gitignore gets the directories that Orket writes.
  --demo    recorded replies for its epic as well, which demo/run.sh plays: the project runs without a model server
exit: 0 written, 1 there is a project, or DIR cannot be written, 2 usage
]]

local FILES = {
  ["config/organization.json"] = [[
{
  "name": "My organization",
  "vision": "Small programs that work.",
  "ethos": "Written, tested, reviewed.",
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
{"argv": ["/bin/sh", "{verification}/hello.sh"]}
]],
  ["verification/hello.sh"] = [[
# Runs in the card's directory. Exit code 0 = passed.
said=$(sh ./hello.sh world) || exit 1
[ "$said" = "hello, world" ] || { echo "expected 'hello, world', got '$said'"; exit 1; }
]],
}

local IGNORED = "/.orket/\n/workspace/\n" -- by git
local IGNORE_MAX = 64 * 1024 * 1024

local NEXT = [[
Wrote a project to %s. Next:
  edit config/organization.json   which model server (an Ollama on this machine, as written)
  orket validate %s
  orket run -C %s hello
]]

local NEXT_DEMO = [[
Wrote a project to %s. Next:
  sh %s/demo/run.sh         runs it with recorded replies instead of a model: no server is asked
  orket show -C %s hello-1  what happened
Then name your model server in config/organization.json, and: orket run --again -C %s hello
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
  for _, path in ipairs(list.keys(files)) do
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
  before = before and before .. (before:find("[^\n]$") and "\n" or "") or ""
  for line in IGNORED:gmatch("[^\n]+") do
    if not ("\n" .. before):find("\n" .. line .. "\n", 1, true) then
      before = before .. line .. "\n"
    end
  end
  return before
end

local function write_all(root, files)
  local ignored, problem = ignoring(root)
  if not ignored then
    return nil, problem
  end
  for _, path in ipairs(list.keys(files)) do
    local content = path == "config/organization.json" and of_environment(files[path]) or files[path]
    local written, message = root:add(path, content)
    if not written then
      return nil, path .. ": " .. message
    end
  end
  return root:write(".gitignore", ignored)
end

local function files_of(args)
  local files = {}
  for _, part in ipairs({ FILES, args.demo and demo.files or {} }) do
    for path, content in pairs(part) do
      files[path] = content
    end
  end
  return files
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { demo = "flag" }, { "dir" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local root <close>, problem = fs.root(args.dir, { create = true })
  if not root then
    return fail(problem)
  end
  local files = files_of(args)
  local path = taken(root, files)
  if path then
    return fail(args.dir .. " has " .. path .. " already", "orket validate " .. args.dir .. " checks a project that is there; name another directory for a new one")
  end
  local ok
  ok, problem = write_all(root, files)
  if not ok then
    return fail(problem)
  end
  local key, why, _, fix = store.key(args.dir .. "/.orket")
  if not key then
    return fail(why, fix)
  end
  io.write((args.demo and NEXT_DEMO or NEXT):format(args.dir, args.dir, args.dir, args.dir))
  return 0
end

return M
