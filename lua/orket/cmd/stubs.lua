-- stubs.lua: `orket stubs`: what restricted scripts may call, for the Lua language server.

local embed = require("orket.core.embed")
local options = require("orket.options")
local project_file = require("orket.project.files.project_file")
local cli_report = require("orket.view.cli_report")

local M = {}

M.usage = [[
usage: orket stubs [-C DIR]

Writes .luals/: what roles, nodes and tools may call (some, brief, fs, card, proc …), with their descriptions,
as this program runs them, and a .luarc.json that shows them to LuaLS unless there is one. Repeat it after an
update.
exit: 0 written, 1 failed, 2 usage
]]

local PLACE = ".luals/"
local SETTINGS = [[
{
  "runtime": {"version": "Lua 5.4"},
  "workspace": {"library": [".luals"], "ignoreDir": [".orket", "workspace"]},
  "diagnostics": {"globals": ["cjson", "perform"]}
}
]]

local function write(dir)
  for _, path in ipairs(embed.list("lua/box/")) do
    local written, err = project_file.replace(dir, PLACE .. path:match("[^/]*$"),
      "---@meta\n" .. embed.read(path))
    if not written then
      return nil, err
    end
  end
  local added, err = project_file.add(dir, ".luarc.json", SETTINGS)
  if added or err.code == "ERR_EXISTS" then
    return true, added and "wrote .luals/ and .luarc.json"
      or 'wrote .luals/; add ".luals" to workspace.library in .luarc.json'
  end
  return nil, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local written, said = write(args.C or ".")
  if not written then
    return cli_report.failure(said)
  end
  print(said)
  return 0
end

return M
