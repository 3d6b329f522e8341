-- checkout.lua: `orket checkout CARD DIR`: the files of a card or an epic, written out from the journal.

local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local tree_state = require("orket.workspace.tree_state")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket checkout [-C PROJECT] [--force] [--json] CARD[@EVENT] DIR

Writes the files of an issue or an epic into DIR, as the journal has them: also when workspace/ is gone, with
the links of its repository that lead to one of them. DIR is made; one that holds something is refused.
  @EVENT      as they were after that event: a number of orket log, or RUN/TURN.N
  --force     also into a directory that holds something: equal names are overwritten, other files stay
  -C PROJECT  the project (default: found upwards from here)
  --json      {"card","at","dir","files","tree"}
exit: 0 done, 1 failed, 2 usage
]]

local function is_empty(root, args)
  local entries, message, code, fix = root:list(".", 1)
  if not entries then
    return errors.check(nil, message, code, fix)
  elseif #entries > 0 and not args.force then
    return nil, errors.new("ERR_EXISTS", args.dir .. " is not empty",
      "name a new directory, or add --force to overwrite equal names")
  end
  return true
end

local function write_one(state, root, path, is_executable)
  local bytes, err = state:bytes(state.manifest[path])
  local ok
  if bytes then
    ok, err = errors.check(root:write(path, bytes))
  end
  if ok and is_executable then
    ok, err = errors.check(root:make_executable(path))
  end
  return ok, err
end

-- Each file appears as a whole; one that cannot be written ends it, with how far it came.
local function write_all(state, root, to)
  local paths, is_executable = tables.keys(state.manifest), state:executables()
  for i, path in ipairs(paths) do
    local ok, err = write_one(state, root, path, is_executable[path])
    if not ok then
      return nil, errors.new(err.code, string.format("%s: %s (%d of %d files are in %s)", text.visible(path),
        err.message, i - 1, #paths, to),
        errors.fix_of(err))
    end
  end
  return #paths
end

-- What has the name of one has been overwritten as far as it may be.
local function write_links(state, root)
  local links = state:links()
  for _, path in ipairs(tables.keys(links)) do
    root:delete(path)
    local ok, err = errors.check(root:link(path, links[path]))
    if not ok then
      return nil, err
    end
  end
  return true
end

local function write_out(state, args)
  local root <close>, message, code, fix = fs.root(args.dir, { create = true })
  local ok, err = errors.check(root, message, code, fix)
  local count
  if ok then
    ok, err = is_empty(root, args)
  end
  if ok then
    count, err = write_all(state, root, args.dir)
    ok = count
  end
  if ok then
    ok, err = write_links(state, root)
  end
  return ok and count, err
end

local function checkout(store, args, dir)
  local state <close>, err = tree_state.open(store, dir, args.card)
  local count
  if state then
    count, err = write_out(state, args)
  end
  if not count then
    return nil, err
  elseif args.json then
    print(text.json({ card = state.card.id, at = state.at, dir = args.dir, files = count,
      tree = tree_files.hash(state.manifest) }))
  else
    wrap.print(string.format("%d files of %s are in %s", count, text.line(args.card), text.line(args.dir)))
  end
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local known = { C = "value", force = "flag", json = "flag" }
  return readonly.run(M.usage, checkout, options.parse(argv, known, { "card", "dir" }))
end

return M
