-- inbox.lua: `orket inbox`: what waits for a person, one by one.

local alerts = require("orket.reports.alerts")
local approvals = require("orket.governance.approvals.approvals")
local cjson = require("cjson")
local inbox = require("orket.reports.inbox")
local local_time = require("orket.view.format.local_time")
local options = require("orket.options")
local owner = require("orket.project.owner")
local parked = require("orket.reports.parked")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")
local strings = require("orket.util.strings")

local M = {}

M.usage = [[
usage: orket inbox [-C DIR] [--json]

What waits for a person, what expires first foremost: approvals and plans, operations of which the outcome is
unknown, questions, parked work, scripts that wait to be accepted, pushes that failed. On a terminal it is
gone through one by one: the whole content, then your answer; elsewhere each is listed with the commands that
answer it. Runs that stopped on the way are named behind them.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON array, for programs; nothing is asked
exit: 0 done, or nothing waits; 1 failed, or an answer was refused; 2 usage; 3 something still waits
]]

-- ---- shown ----

local function show(item)
  wrap.print(text.visible(item.title))
  for _, line in ipairs(item.lines) do
    wrap.print("    " .. line)
  end
  if item.first then
    wrap.print("    " .. item.first)
  end
  if item.expires_at then
    wrap.print("  " .. local_time.expiry(item.expires_at, approvals.seconds_left(item)))
  end
end

local function list(items)
  for i, item in ipairs(items) do
    if i > 1 then
      wrap.print("")
    end
    show(item)
    for _, command in ipairs(item.commands) do
      wrap.print("  " .. command)
    end
  end
end

-- ---- one by one ----

-- A request, "later" or "quit".
local function ask(item)
  while true do
    io.write(inbox.hint(item), ", later or quit > ")
    io.flush()
    local line = io.read("l")
    local said = "quit"
    if line then
      said = utf8.len(line) and strings.trimmed(line) or "?"
    end
    if said:find("^q%f[%A]") or said:find("^quit%f[%A]") then
      return "quit"
    elseif said == "" or said:find("^later%f[%A]") then
      return "later"
    end
    local meant = inbox.request(item, said)
    if meant then
      return meant
    end
    wrap.print((said == "?" and "" or "not understood: " .. text.line(said) .. ". ")
      .. "Type one of these words, whole: " .. inbox.hint(item)
      .. "; later goes to the next one, quit ends.")
  end
end

local function go_through(args, items)
  local code, left = 0, 0
  for i, item in ipairs(items) do
    wrap.print(("%s%d of %d: %s"):format(i > 1 and "\n" or "", i, #items, item.kind))
    show(item)
    local said = ask(item)
    if said == "quit" then
      left = left + #items - i + 1
      break
    elseif said == "later" then
      left = left + 1
    else
      local result, err = owner.ask(args.C or ".", said)
      code = math.max(code, result and cli_report.answer(args, result) or cli_report.failure(err))
      if result and item.commands[3] then
        wrap.print("  " .. item.commands[3])
      end
    end
  end
  if code == 1 then
    return 1
  end
  return left > 0 and 3 or 0
end

local function read(args)
  local dir = args.C or "."
  local store <close>, err = reader.open(dir)
  if not store then
    return nil, err
  end
  return { items = inbox.list(store, dir),
    stopped = alerts.stopped(store, reader.runs(store, dir), parked.option(args.C)) }
end

local function print_all(found)
  local items = found.items
  if #items == 0 then
    wrap.print("Nothing waits for you.")
  end
  list(items)
  for i, one in ipairs(found.stopped) do
    wrap.print((i == 1 and "\n" or "") .. text.line(one.text))
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local found, err = read(args)
  if not found then
    return cli_report.failure(err)
  end
  local items = found.items
  if args.json then
    print(text.json(setmetatable(items, cjson.array_mt)))
  elseif #items > 0 and sys.is_tty(0) and sys.is_tty(1) then
    return go_through(args, items)
  else
    print_all(found)
  end
  return #items > 0 and 3 or 0
end

return M
