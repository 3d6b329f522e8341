-- changed_files.lua: `orket diff CARD`: what a card or an epic changed, as a unified diff.

local file_diff = require("orket.view.format.file_diff")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local tree_diff = require("orket.reports.tree_diff")
local tree_state = require("orket.workspace.tree_state")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket diff [-C DIR] [--stat | --json] CARD[@EVENT]

What an issue changed against the files that it started from, or what an epic changed against its first files,
as a unified diff. The files come from the journal: their directory need not be there. What goes into a file
or a pipe is a patch that git apply takes, binary files included; patch takes the texts of it.
  @EVENT    as it was after that event: a number of orket log, or RUN/TURN.N
  -C DIR    the project (default: found upwards from here)
  --stat    a line per file
  --json    {"card","at","files":[{"path","status","binary","added","removed","diff"}]}
exit: 0 done, 1 failed, 2 usage
]]

local function write(state, all)
  if sys.is_tty(1) then
    for _, one in ipairs(all) do
      io.write(wrap.fitted(file_diff.text(one, true)))
    end
    return
  end
  local is_executable = state:executables()
  for _, one in ipairs(all) do
    io.write(file_diff.patch(one, is_executable[one.path]))
  end
end

local function show(store, args, dir)
  local state <close>, err = tree_state.open(store, dir, args.card)
  local all
  if state then
    all, err = tree_diff.files(state)
  end
  if not all then
    return nil, err
  elseif args.json then
    io.write(text.json(tree_diff.rows(state, all)) .. "\n")
  elseif args.stat then
    io.write(file_diff.stat(all))
  else
    write(state, all)
  end
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv, { C = "value", stat = "flag", json = "flag" },
    { "card" }))
end

return M
