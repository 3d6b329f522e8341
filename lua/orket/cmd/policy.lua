-- policy.lua: `orket policy`: the policies of the house as they serve, what changed scripts make possible, and the
-- acts of a person on them.

local cjson = require("cjson")
local look = require("orket.look")
local notice = require("orket.growth.notice")
local options = require("orket.options")
local owner = require("orket.owner")
local projects = require("orket.project")
local report = require("orket.report")
local serving = require("orket.serving")
local statuses = require("orket.policy.status")
local sys = require("orket.core.sys")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket policy [-C DIR] [--json] status
       orket policy [-C DIR] [--json] delta
       orket policy [-C DIR] [--json] accept GENERATION

The policies of the house (docs/policies.md), and the scripts that wait because they make more possible.
  status    which policies serve and since when, which files do not and why, what waits
  delta     what the scripts as they are now make possible that those that serve do not:
            role, status, tool(arguments): before -> after, why
  accept    lets the generation that waits serve; delta names it
  -C DIR    the project (default: the current directory)
exit: 0 done, 1 failed or refused, 2 usage
]]

local act = {}

-- ---- status ----

local function policy_line(one)
  return string.format("  %s  %s  %s%s%s", one.path, one.shipped and "shipped" or (one.hash or ""):sub(1, 12),
    one.since and "since " .. one.since or "has not served yet",
    one.self_test == "passed" and ", self-test passed" or "", one.file ~= "serves" and ", its file is " .. one.file or "")
end

local function print_status(status, dir)
  local now = status.serving
  print(now and "generation " .. now.generation .. " serves since " .. now.since or "nothing has served yet; the files are:")
  for _, one in ipairs(status.policies) do
    print(text.line(policy_line(one)))
  end
  for _, one in ipairs(status.problems) do
    print(text.line(string.format("%s:%d does not serve: %s", one.path, one.line, one.message)))
  end
  if status.waiting then
    print(text.line(notice.sentence(status.waiting.generation, status.waiting.delta, dir)))
  end
end

function act.status(args)
  return look.run(M.usage, function(store, _, dir)
    local status, err = statuses.of(store, dir)
    if not status then
      return nil, err
    elseif args.json then
      print(text.json(status))
    else
      print_status(status, args.C)
    end
    return 0
  end, args)
end

-- ---- delta ----

local function waiting_now(project)
  local _, problems = project:load_scripts()
  if #problems > 0 then
    return nil, problems
  end
  local ok, err = serving.settle(project)
  if not ok and not project.waiting then
    return nil, err
  end
  local waiting = project.waiting
  return {
    generation = waiting and waiting.generation.id or project.generation.id, against = waiting and waiting.against or nil,
    delta = setmetatable(waiting and waiting.delta or {}, cjson.array_mt),
  }
end

local function print_delta(found, dir)
  if #found.delta == 0 then
    print("the scripts as they are now make nothing possible that was not")
    return
  end
  for _, row in ipairs(found.delta) do
    print(text.line(notice.line(row)))
  end
  print("accept it with: " .. notice.command(found.generation, dir))
end

function act.delta(args)
  local project <close>, err = projects.open(args.C or ".", {})
  local found
  if project then
    found, err = waiting_now(project)
  end
  if not found then
    return report.failure(err)
  elseif args.json then
    print(text.json(found))
  else
    print_delta(found, args.C)
  end
  return 0
end

-- ---- a person's acts ----

function act.accept(args)
  if not args.a then
    return options.refuse(M.usage, "missing GENERATION")
  end
  local result, err = owner.ask(args.C or ".", { act = "accept", generation = args.a, who = sys.user() })
  if not result then
    return report.failure(err)
  end
  return report.answer(args, result)
end

-- ---- the command ----

local MOST = { status = 0, delta = 0, accept = 1 }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "act", "a?", "b?" })
  if args and not act[args.act] then
    args, message = nil, "there is no policy " .. args.act
  elseif args and (MOST[args.act] < 1 and args.a or MOST[args.act] < 2 and args.b) then
    args, message = nil, "unexpected argument " .. (MOST[args.act] < 1 and args.a or args.b)
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  return act[args.act](args)
end

return M
