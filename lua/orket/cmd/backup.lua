-- backup.lua: `orket backup DIR`: the journal and its key in another place.

local errors = require("orket.errors")
local fs = require("orket.core.fs")
local options = require("orket.options")
local project = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local store = require("orket.core.store")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket backup [-C PROJECT] [--json] DIR

Copies the project's database and its signing key into the new directory DIR; a run may go on meanwhile.
The copy is of one moment, is synced, and is verified like orket check does it before DIR gets its name;
what is damaged is not backed up. DIR holds the secret key: keep it as you keep .orket/. The project's own
files (config, roles, nodes, tools, verification) are not in it; the files of the cards follow from it.
orket restore DIR puts it back, here or in a copy of the project on another machine.
  -C PROJECT  the project (default: found upwards from here)
  --json      what was written, as one JSON object
exit: 0 written and verified, 1 failed, 2 usage
]]

local function backup(dir, to)
  local root <close>, err = errors.check(fs.root(dir))
  local kind
  if root then
    kind, err = errors.check(root:kind(".orket/orket.db"))
  end
  if not kind then
    return nil, err.code == "ERR_NOT_FOUND" and project.without_board(dir) or err
  end
  return errors.check(store.backup(project.database(dir), to))
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "dir" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local to = args.dir:gsub("(.)/+$", "%1")
  local result, err = backup(args.C or ".", to)
  if not result then
    return cli_report.failure(err)
  end
  result.dir = to
  if args.json then
    print(text.json(result))
  else
    print(text.line(string.format("%s: verified, up to commit %d, %.1f MB", to, result.seq,
      result.bytes / 1e6)))
  end
  return 0
end

return M
