-- prompt.lua: `orket prompt CARD`: what would be sent to a model for a card, exactly.

local diff = require("orket.util.diff")
local errors = require("orket.errors")
local policy_history = require("orket.governance.policy.policy_history")
local notice = require("orket.scripts.permission_delta.notice")
local options = require("orket.options")
local preview = require("orket.dev.preview")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local scripts = require("orket.scripts.scripts")
local serving = require("orket.scripts.serving")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket prompt [-C DIR] [--json] [--role ROLE] [--diff GENERATION] CARD

What the next turn of CARD would send first: the messages and the tools, byte for byte, by the scripts that
would serve now. Nothing is asked, nothing is written. A model that calls in its text is shown what it would
read.
  -C DIR    the project (default: found upwards from here)
  --json    {"card","role","seat","review","model","generation","messages","tools","tokens",...}
  --role    as this role (default: the one that the router chooses)
  --diff    how what GENERATION (the beginning of its name) would send differs: - now, + GENERATION
exit: 0 done, 1 failed, 2 usage
]]

local SHOWN = { "card", "seat", "role", "review", "note", "generation", "arm", "model", "calls", "labels",
  "messages", "tools", "bytes", "tokens",
  "calibrated" }

-- ---- another generation ----

local function other_of(project, word)
  local waiting = project.waiting and project.waiting.generation
  if waiting and #word >= 4 and waiting.id:sub(1, #word) == word then
    return waiting
  end
  local id, err = policy_history.find(project.store, word)
  if not id then
    return nil, err
  end
  local generation = id == project.generation.id and project.generation or scripts.recorded(project.store, id,
    project:rules())
  if not generation then
    return nil, errors.new("ERR_NOT_FOUND", "the generation " .. id .. " cannot be built any more")
  end
  return generation
end

local function sent(one)
  return { model = one.model, messages = one.messages, tools = one.tools }
end

-- ---- shown ----

local function print_message(message)
  print("\n== " .. text.clean(message.role))
  for line in (tostring(message.content or "") .. "\n"):gmatch("(.-)\n") do
    print(text.clean(line))
  end
end

local function print_preview(one)
  print(string.format("%s  %s as %s%s, %s, scripts %s%s", text.clean(one.card), text.clean(one.seat),
    text.clean(one.role), one.review and " (review)" or "", text.clean(one.model), one.generation,
    one.arm and ", arm " .. text.clean(one.arm) or ""))
  if one.note then
    print("note: " .. one.note)
  end
  for _, message in ipairs(one.messages) do
    print_message(message)
  end
  print("\n== tools")
  for _, tool in ipairs(one.tools) do
    print(text.line(tool["function"].name .. ": " .. tool["function"].description))
  end
  print(string.format("\n%d bytes, about %d tokens%s", one.bytes, one.tokens,
    one.calibrated > 0 and string.format(", by what %s counted for %d replies", text.clean(one.model),
      one.calibrated) or ""))
end

local function show(one, against, json)
  local shown = {}
  for _, name in ipairs(SHOWN) do
    shown[name] = one[name]
  end
  if against then
    shown.against = against.generation
    shown.diff = table.concat(diff.hunks(diff.lines(sent(one)), diff.lines(sent(against))), "\n")
  end
  if json then
    print(text.json(shown))
  elseif against then
    print("- " .. one.generation .. "\n+ " .. against.generation)
    print(shown.diff == "" and "nothing differs" or text.block(shown.diff))
  else
    print_preview(one)
  end
end

-- ---- the command ----

local function look(project, args)
  project:load_scripts()
  if not project.generation then
    return nil, errors.new("ERR_CONFIG", "the scripts do not build", "orket validate says what is wrong")
  end
  local ok, err = serving.settle(project)
  local other
  if ok and args.diff then
    other, err = other_of(project, args.diff)
    ok = other
  end
  if not ok then
    return nil, err
  end
  local one, others = preview.of(project, args.card, { role = args.role, others = { other } })
  if one and project.waiting and not project.waiting.auto then
    one.note = (one.note and one.note .. "; " or "") .. "the files' scripts wait: "
      .. notice.command(project.waiting.generation.id, args.C)
  end
  if not one then
    return nil, others
  end
  return one, others[1]
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", role = "value", diff = "value" },
    { "card" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", {})
  local one, other
  if project then
    one, other = look(project, args)
    err = other
  end
  if not one then
    return cli_report.failure(err)
  end
  show(one, other, args.json)
  return 0
end

return M
