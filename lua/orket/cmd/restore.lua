-- restore.lua: `orket restore DIR`: a backup in the place of a database that is damaged or missing.

local async = require("orket.async")
local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")
local fs = require("orket.core.fs")
local lock = require("orket.core.lock")
local options = require("orket.options")
local places = require("orket.workspace.places")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local store = require("orket.core.store")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket restore [-C PROJECT] [--json] DIR
       orket restore [-C PROJECT] [--json] --accept-loss

Puts the backup in DIR (orket backup) in the place of the project's database, and the signing key where the
project has none; then what was built, workspace/EPIC/tree, is made from the journal. The backup is copied
and verified before anything is replaced; what is replaced, with the directories of workspace/ in which
work was done, is kept in .orket/replaced-N. Refused while a process owns the project, and when its database
is sound. Killed at any moment, the next orket restore finishes. The journal notes it as store.restored.
  --accept-loss  instead of a backup: go on with what is left of the database, when that is sound
  -C PROJECT     the project (default: found upwards from here)
  --json         what was restored, as one JSON object
exit: 0 restored, 1 failed or refused, 2 usage
]]

local function parse(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", ["accept-loss"] = "flag" },
    { "dir?" })
  if args and not args.dir == not args["accept-loss"] then
    return nil, "name either DIR or --accept-loss"
  end
  return args, message
end

-- The restored database says so itself.
local function note(path, from, result)
  local board <close>, err = errors.check(store.open(path))
  if not board then
    return nil, err
  end
  local stream = board:stream({ run = "board", turn = 0, actor = "human:" .. (sys.user() or "unknown"),
    role = "human" })
  local tx = stream:begin()
  tx:event("store.restored", nil, { from = from, seq = result.seq, lost = result.lost, kept = result.kept })
  return errors.check(async.await(tx.commit, tx))
end

-- What was built, from the journal; a run makes the directories of what it works on itself.
local function lay_out(dir)
  local project <close>, err = projects.open(dir, { own = true })
  if not project then
    return nil, #err > 0 and err[1] or err
  end
  for _, card in ipairs(project.store:read("board", {})) do
    if card.type == "epic" and project.store:read("tree", { tree = card.id })[1] then
      local ok
      ok, err = tree_files.seed(project, project.store, card.id, places.epic(card.id))
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

local function swap(dir, from)
  local held <close>, err = errors.check(lock.take(dir .. "/.orket"))
  if not held then
    return nil, err
  end
  local path = projects.database(dir)
  local result, noted
  result, err = errors.check(store.restore(path, from))
  if not result then
    return nil, err
  end
  noted, err = note(path, from and "backup" or "rest", result)
  return noted and result, err
end

local function restore(dir, from)
  local root <close>, err = errors.check(fs.root(dir))
  if not root then
    return nil, err
  end
  local result
  result, err = swap(dir, from)
  if not result then
    return nil, err
  end
  local ok
  ok, err = lay_out(dir)
  result.unbuilt = not ok and errors.line(err) or nil
  return result
end

local function show(result)
  print(string.format("restored up to commit %d%s", result.seq,
    result.lost and string.format("; what was durable up to commit %d is lost", result.lost) or ""))
  if result.kept then
    print("what was replaced is kept in .orket/" .. result.kept)
  end
  if result.unbuilt then
    print(text.block("the files in workspace/ are not all there: " .. result.unbuilt))
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = restore(args.C or ".", args.dir)
  if not result then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(result))
  else
    show(result)
  end
  return 0
end

return M
