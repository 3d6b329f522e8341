-- branch.lua: `orket branch EPIC`: an epic's work as commits in the repository that it started from.

local branches = require("orket.repository.branch")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local fs = require("orket.core.fs")
local options = require("orket.options")
local reader = require("orket.project.reader")
local readonly = require("orket.view.readonly")
local epic_source = require("orket.repository.epic_source")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket branch [-C PROJECT] [--json] EPIC

Writes the work of an epic into the repository that it started from ("source" of the epic), as the branch
orket/EPIC: one commit for each card whose changes were merged, by the card's seat, on the commit that the
epic started from. The same work gives the same commits. No worktree and no other branch is touched.
  -C PROJECT  the project (default: found upwards from here)
  --json      {"epic","repo","branch","base","head","commits"}
exit: 0 done, 1 failed, 2 usage
]]

-- Jails have to hide the project before git may run in one.
local function write(store, dir, card, source)
  local loaded, err = config.load(dir)
  local held
  if loaded then
    held, err = concealed.hold(dir, loaded.organization)
  end
  if not held then
    return nil, err
  end
  local root <close> = fs.root(dir)
  local repository <close>, why = epic_source.open({ root = root }, source.repo)
  if not repository then
    return nil, why
  end
  return branches.write(repository, store, card.id)
end

local function show(branch, card, source, args)
  local name = branch.ref:match("^refs/heads/(.*)$")
  if args.json then
    print(text.json({
      epic = card.id, repo = source.repo, branch = name, base = branch.base, head = branch.head,
      commits = branch.commits,
    }))
  elseif #branch.commits == 0 then
    wrap.print(("%s has merged nothing yet: there is no branch"):format(text.line(card.id)))
  else
    local count = #branch.commits == 1 and "1 commit" or #branch.commits .. " commits"
    wrap.print(("%s: %s, now %s, in %s"):format(text.line(name), count, branch.head:sub(1, 12),
      text.line(source.repo)))
  end
end

local function run(store, args, dir)
  local card, err = reader.card(store, args.epic)
  local source, branch
  if card then
    source, err = branches.source_of(store, card)
  end
  if source then
    branch, err = write(store, dir, card, source)
  end
  if not branch then
    return nil, err
  end
  show(branch, card, source, args)
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, run, options.parse(argv, { C = "value", json = "flag" }, { "epic" }))
end

return M
