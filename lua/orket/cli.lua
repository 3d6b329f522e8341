-- cli.lua: the command line: finds the command's module, gives it its arguments.

local sys = require("orket.core.sys")

local M = {}

M.commands = { -- name -> { module, one line of help }
  try = { "orket.cmd.try", "put one wall to the test without a project" },
}

local function usage(out)
  out:write("usage: orket COMMAND [ARGUMENT...]\n\n")
  local names = {}
  for name in pairs(M.commands) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    out:write(string.format("  %-14s %s\n", name, M.commands[name][2]))
  end
  out:write("  version        print the version\n\norket COMMAND --help tells more.\n")
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local name = argv[1]
  if name == "version" or name == "--version" then
    print("orket " .. sys.version())
    return 0
  elseif name == "--help" or name == "help" then
    usage(io.stdout)
    return 0
  end
  local command = M.commands[name]
  if not command then
    usage(io.stderr)
    return 2
  end
  return require(command[1]).run(table.pack(table.unpack(argv, 2)))
end

return M
