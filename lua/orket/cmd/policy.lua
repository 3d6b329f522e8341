-- policy.lua: `orket policy`: the policies of the organization as they serve, what changed scripts make
-- possible, and the acts of a person on them.

local canary = require("orket.scripts.canary")
local cjson = require("cjson")
local config = require("orket.project.config")
local errors = require("orket.errors")
local fixtures = require("orket.governance.policy.fixtures")
local policy_history = require("orket.governance.policy.policy_history")
local config_record = require("orket.scripts.serving.config_record")
local readonly = require("orket.view.readonly")
local notice = require("orket.scripts.permission_delta.notice")
local options = require("orket.options")
local owner = require("orket.project.owner")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local serving = require("orket.scripts.serving")
local statuses = require("orket.governance.policy.status")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [=[
usage: orket policy [-C DIR] [--json] status
       orket policy [-C DIR] [--json] delta
       orket policy [-C DIR] [--json] accept GENERATION
       orket policy [-C DIR] [--json] test PATH
       orket policy [-C DIR] [--json] diff [GENERATION [GENERATION]]
       orket policy [-C DIR] [--json] rollback [GENERATION]

The policies of the organization (docs/policies.md), and the scripts that wait because they make more
possible.
  status    which policies serve and since when, which files do not and why, what waits
  delta     what the scripts as they are now make possible that those that serve do not:
            role, status, tool(arguments): before -> after, why; and what the configuration
            makes possible that the last run's did not; then the texts that wait, as a diff
  accept    lets the generation that waits serve; delta names it
  test      runs the fixtures of a file or a directory, and says which lines of the policies they reached
  diff      what changed between two generations: texts, and what may be done; of one to the one that serves;
            without a name, of the one that serves to the one that waits, or from its predecessor
  rollback  writes the policies of an earlier generation back into the files; default: those before these
  -C DIR    the project (default: found upwards from here)
exit: 0 done, 1 failed or refused (test: a fixture failed), 2 usage
]=]

local act = {}

-- ---- status ----

local function file_note(one)
  if one.file == "serves" then
    return ""
  end
  return ", its file is " .. one.file .. (one.waits and " and waits" or "")
end

local function policy_line(one)
  return string.format("  %s  %s  %s%s%s", one.path, one.shipped and "shipped" or (one.hash or ""):sub(1, 12),
    one.since and "since " .. one.since or "has not served yet",
    one.self_test == "passed" and ", self-test passed" or "", file_note(one))
end

local function print_status(status, dir)
  local now = status.serving
  print(now and "generation " .. now.generation .. " serves since " .. now.since
    or "nothing has served yet; the files are:")
  for _, one in ipairs(status.policies) do
    print(text.line(policy_line(one)))
  end
  for _, one in ipairs(status.problems) do
    print(text.line(string.format("%s:%d does not serve: %s", one.path, one.line, one.message)))
  end
  if status.waiting then
    print(text.line(notice.sentence(status.waiting.generation, status.waiting.delta, dir)))
    print(text.line("  waits: " .. table.concat(status.waiting.files, ", ")))
  end
end

local function print_canary(store)
  local told = canary.line(store)
  if told then
    print(text.line(told))
  end
end

function act.status(args)
  return readonly.run(M.usage, function(store, _, dir)
    local status, err = statuses.of(store, dir)
    if not status then
      return nil, err
    end
    status.canary = canary.status(store)
    if args.json then
      print(text.json(status))
    else
      print_status(status, args.C)
      print_canary(store)
    end
    return 0
  end, args)
end

-- ---- delta ----

local function texts_of(generation)
  local texts = {}
  for path, entry in pairs(generation.files) do
    texts[path] = entry.text
  end
  return texts
end

-- What a person reads before accepting: all that differs from what serves, whole.
local function changes_of(waiting)
  local changed = setmetatable({}, cjson.array_mt)
  if waiting and waiting.before then
    for i, one in ipairs(policy_history.changed(texts_of(waiting.before), texts_of(waiting.generation),
      tostring)) do
      changed[i] = { path = one.path, diff = one.diff, is_new = one.was == nil, is_gone = one.now == nil }
    end
  end
  return changed
end

local function print_changes(changed)
  for _, one in ipairs(changed) do
    local new, gone = one.is_new and " (new)" or "", one.is_gone and " (gone)" or ""
    print("--- " .. one.path .. new .. gone)
    print(text.block(one.diff))
  end
end

local function waiting_now(project)
  local _, problems = project:load_scripts()
  if #problems > 0 then
    return nil, problems
  end
  local ok, err = serving.settle(project)
  if not ok and not project.waiting then
    return nil, err
  end
  local waiting, changed = project.waiting, config_record.changed(project)
  return {
    changed = changes_of(waiting),
    config = changed and { was = changed.was, now = changed.now, delta = changed.delta },
    generation = waiting and waiting.generation.id or project.generation.id, against = waiting
      and waiting.against or nil,
    delta = setmetatable(waiting and waiting.delta or {}, cjson.array_mt),
    narrows = setmetatable(waiting and waiting.narrows or {}, cjson.array_mt),
  }
end

local function print_configuration(changed)
  for i, row in ipairs(changed and changed.delta or {}) do
    print((i == 1 and "the configuration, recorded when the next run begins:\n" or "") .. "  "
      .. text.line(notice.line(row)))
  end
end

local function print_delta(found, dir)
  print_configuration(found.config)
  if #found.delta == 0 then
    print("the scripts as they are now make nothing possible that was not")
    return
  end
  for _, row in ipairs(found.delta) do
    print(text.line(notice.line(row)))
  end
  if #found.narrows > 0 then
    print(text.line(notice.narrowed(found.narrows)))
  end
  print_changes(found.changed)
  print("accept it with: " .. notice.command(found.generation, dir))
end

function act.delta(args)
  local project <close>, err = projects.open(args.C or ".", {})
  local found
  if project then
    found, err = waiting_now(project)
  end
  if not found then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(found))
  else
    print_delta(found, args.C)
  end
  return 0
end

-- ---- a person's acts ----

local function ask_owner(args)
  local result, err = owner.ask(args.C or ".", { act = args.act, generation = args.a, who = sys.user() })
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

act.accept, act.rollback = ask_owner, ask_owner

-- ---- fixtures ----

local function said(one)
  local rule, where = one.rule and " " .. one.rule or "", one.where and " (" .. one.where .. ")" or ""
  return (one.decision or "any decision") .. rule .. where
end

local function print_fixture(one)
  local why = one.got.why and ": " .. tostring(one.got.why) or ""
  print(text.line(one.ok and "ok      " .. one.name
    or "FAILED  " .. one.name .. ": expected " .. said(one.expected) .. ", got " .. said(one.got) .. why))
end

local function print_test(result)
  for _, one in ipairs(result.fixtures) do
    print_fixture(one)
  end
  for _, one in ipairs(result.coverage) do
    print(text.line(string.format("%s: %d of %d lines%s", one.policy, one.hit, one.lines,
      #one.missed > 0 and ", missed " .. table.concat(one.missed, ", ") or "")))
  end
  print(result.passed .. " passed, " .. result.failed .. " failed")
end

function act.test(args)
  local dir = args.C or "."
  local project = config.load(dir)
  local result, err = fixtures.test(args.a, project and {
    dir = dir, chosen = project.organization.process_rules.policy_node or "policy",
  })
  if not result then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(result))
  else
    print_test(result)
  end
  return result.ok and 0 or 1
end

-- ---- two generations ----

local function always()
  return true
end

-- The two that are meant.
local function pair_of(store, args)
  local now, waits = store:read("serving", {})[1], store:read("waiting", {})[1]
  if not now then
    return nil, errors.new("ERR_NOT_FOUND", "nothing has served yet", "orket run EPIC")
  elseif args.a then
    local from, err = policy_history.find(store, args.a)
    local to = now.generation
    if from and args.b then
      to, err = policy_history.find(store, args.b)
    end
    return from and to and { from, to }, err
  elseif waits then
    return { now.generation, waits.generation }
  end
  local before = policy_history.before(store, now.generation, always)
  if not before then
    return nil, errors.new("ERR_NOT_FOUND", "nothing served before " .. now.generation,
      "name two generations")
  end
  return { before, now.generation }
end

local function print_rows(title, rows)
  for i, row in ipairs(rows) do
    print((i == 1 and title .. ":\n" or "") .. "  " .. text.line(notice.line(row)))
  end
end

local function print_diff(found)
  print(found.from .. " -> " .. found.to)
  for _, one in ipairs(found.changed) do
    local came = one.now and " (new)" or " (gone)"
    print("--- " .. one.path .. (one.was and one.now and "" or came))
    print(text.block(one.diff))
  end
  print_rows("possible that was not", found.wider)
  print_rows("not possible any more", found.narrower)
end

function act.diff(args)
  return readonly.run(M.usage, function(store, _, dir)
    local project, err = config.load(dir)
    local pair
    if project then
      pair, err = pair_of(store, args)
    end
    if not pair then
      return nil, err
    end
    local found = policy_history.compare(store, project, pair[1], pair[2])
    if args.json then
      print(text.json(found))
    else
      print_diff(found)
    end
    return 0
  end, args)
end

-- ---- the command ----

local MOST = { status = 0, delta = 0, accept = 1, test = 1, rollback = 1, diff = 2 }
local NEEDS = { accept = "GENERATION", test = "PATH" }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "act", "a?", "b?" })
  if args and not act[args.act] then
    args, message = nil, "there is no policy " .. args.act
  elseif args and (MOST[args.act] < 1 and args.a or MOST[args.act] < 2 and args.b) then
    args, message = nil, "unexpected argument " .. (MOST[args.act] < 1 and args.a or args.b)
  end
  if args and NEEDS[args.act] and not args.a then
    args, message = nil, "missing " .. NEEDS[args.act]
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  return act[args.act](args)
end

return M
