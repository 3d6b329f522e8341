-- apply.lua: `orket apply EPIC [DIR]`: what agents changed, applied to files of a person's own.

local apply = require("orket.workspace.apply")
local cjson = require("cjson")
local epic_source = require("orket.repository.epic_source")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local options = require("orket.options")
local readonly = require("orket.view.readonly")
local text = require("orket.view.format.text")
local tree_state = require("orket.workspace.tree_state")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket apply [-C PROJECT] [--check] [--json] CARD[@EVENT] [DIR]

Applies what an issue or an epic changed to the files of DIR, as you have them now: a file that you changed as
well is merged by its lines. All of it or nothing: a file that both changed in the same place, and one that
governs git or this project, leaves everything as it was. Files only: nothing is committed or staged.
  DIR         default: the working directory of the repository that the epic started from
  @EVENT      as it was after that event: a number of orket log, or RUN/TURN.N
  --check     prints what would be done, and does nothing
  -C PROJECT  the project (default: found upwards from here)
  --json      {"card","at","dir","applied","files":[{"path","action"}],"same","conflicts":[{"path","why"}]}
exit: 0 done, 1 failed or refused, 2 usage
]]

local function directory_of(store, args, dir, card)
  if args.dir then
    return args.dir
  end
  local source = store:read("source", { tree = card.epic or card.id })[1]
  local place, err
  if source then
    place, err = epic_source.worktree(dir, source)
  end
  return place, not place and (err or errors.new("ERR_USAGE", card.id .. " started from no repository",
    "name the directory to apply it to")) or nil
end

local function rows(list, ...)
  local out = setmetatable({}, cjson.array_mt)
  for i, one in ipairs(list) do
    local row = {}
    for _, name in ipairs({ ... }) do
      row[name] = one[name]
    end
    out[i] = row
  end
  return out
end

local function sentence(state, plan, args, place)
  local count = #plan.files == 1 and "1 file" or #plan.files .. " files"
  local word = args.check and "would be applied to" or "applied to"
  local same = plan.same > 0 and (", %d as it has to be"):format(plan.same) or ""
  return ("%s of %s %s %s%s"):format(count, text.line(state.card.id), word, text.line(place), same)
end

local function show(state, plan, args, place)
  local done = #plan.conflicts == 0 and not args.check
  if args.json then
    print(text.json({ card = state.card.id, at = state.at, dir = place, applied = done, same = plan.same,
      files = rows(plan.files, "path", "action"), conflicts = rows(plan.conflicts, "path", "why") }))
    return
  end
  for _, file in ipairs((done or args.check) and plan.files or {}) do
    print(("%-8s %s"):format(file.action, text.visible(file.path)))
  end
  if #plan.conflicts == 0 then
    wrap.print(sentence(state, plan, args, place))
  end
end

-- The plan, carried out unless it was only asked for, or has conflicts.
local function carry_out(state, args, root, home)
  local plan, err = apply.plan(state, root, home)
  local ok = plan
  if plan and #plan.conflicts == 0 and not args.check then
    ok, err = apply.write(root, plan)
  end
  return ok and plan, err
end

local function perform(state, args, place, dir)
  local root <close>, err = errors.check(fs.root(place))
  local home <close>, failed = errors.check(fs.root(dir))
  local plan
  if root and home then
    plan, err = carry_out(state, args, root, home:path())
  end
  if not plan then
    return nil, err or failed
  end
  show(state, plan, args, place)
  if #plan.conflicts > 0 then
    return nil, apply.refusal(plan)
  end
  return 0
end

local function run(store, args, dir)
  local state <close>, err = tree_state.open(store, dir, args.card)
  local place
  if state then
    place, err = directory_of(store, args, dir, state.card)
  end
  if not place then
    return nil, err
  end
  return perform(state, args, place, dir)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local known = { C = "value", check = "flag", json = "flag" }
  return readonly.run(M.usage, run, options.parse(argv, known, { "card", "dir?" }))
end

return M
