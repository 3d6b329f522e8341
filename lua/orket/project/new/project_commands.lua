-- project_commands.lua: the commands that `orket init` names for what lies in a directory: its usual checks.
-- Which they are is said here alone: nothing of what a file holds becomes a part of them.

local cjson = require("cjson")

local M = {}

local READ_MAX = 1024 * 1024
local SECONDS = 120

local function has_target(text, name)
  return ("\n" .. text .. "\n"):find("\n" .. name .. "[ \t]*:[^=]") ~= nil
end

local function of_makefile(text)
  local list = {}
  for _, name in ipairs({ "test", "check", "lint" }) do
    list[#list + 1] = has_target(text, name) and { "make", name } or nil
  end
  return list
end

local function of_package(text)
  local package = cjson.decode(text)
  local scripts = type(package) == "table" and package.scripts
  local list = {}
  for _, name in ipairs({ "test", "lint" }) do
    list[#list + 1] = type(scripts) == "table" and type(scripts[name]) == "string" and { "npm", "run", name }
      or nil
  end
  return list
end

local function always(...)
  local list = { ... }
  return function()
    return list
  end
end

local PYTHON = always({ "python3", "-m", "pytest", "**" }, { "python3", "-m", "unittest", "**" })

-- The first file of a row that is there tells.
local ROWS = {
  { { "Makefile", "makefile", "GNUmakefile" }, of_makefile },
  { { "package.json" }, of_package },
  { { "pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini" }, PYTHON },
  { { "Cargo.toml" }, always({ "cargo", "test", "--offline", "**" },
    { "cargo", "check", "--offline", "**" }) },
  { { "go.mod" }, always({ "go", "test", "**" }, { "go", "vet", "**" }) },
}

local function found(root, names)
  for _, name in ipairs(names) do
    local text = root:kind(name) == "file" and root:read(name, READ_MAX)
    if text then
      return text
    end
  end
end

---@param root orket.fs.root of the directory
---@return {argv: string[], wall: integer, cpu: integer}[] commands  none where nothing is known
function M.of(root)
  local commands = {}
  for _, row in ipairs(ROWS) do
    local text = found(root, row[1])
    for _, argv in ipairs(text and row[2](text) or {}) do
      commands[#commands + 1] = { argv = argv, wall = SECONDS, cpu = SECONDS }
    end
  end
  return commands
end

---As lines of a configuration file.
---@param commands table[]
---@param indent string
---@return string
function M.text(commands, indent)
  local lines = {}
  for i, command in ipairs(commands) do
    lines[i] = ('%s{"argv": %s, "wall": %d, "cpu": %d}'):format(indent, cjson.encode(command.argv),
      command.wall, command.cpu)
  end
  return table.concat(lines, ",\n")
end

return M
