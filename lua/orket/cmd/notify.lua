-- notify.lua: `orket notify`: to whom notifications go, what came of the last one, and one that is a test.

local cli_report = require("orket.view.cli_report")
local cjson = require("cjson")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local errors = require("orket.errors")
local notifications = require("orket.notify.notifications")
local options = require("orket.options")
local reader = require("orket.project.reader")
local senders = require("orket.notify.senders")
local sys = require("orket.core.sys")
local targets = require("orket.notify.targets")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket notify [-C DIR] [--json] [list]
       orket notify [-C DIR] [--json] test [NAME]

Notifications of what waits for a person, is done or reached a cap: `notify` in config/organization.json
(docs/notifications.md).
  list     the targets, and what came of the last notification to each
  test     sends one that says only that it arrives, to NAME or to all
  -C DIR   the project (default: found upwards from here)
exit: 0 done, 1 failed or not taken, 2 usage
]]

-- What each target was last sent, or did not take; nothing where there is no journal yet.
local function last_of(dir)
  local store <close> = reader.open(dir)
  local last = {}
  for _, row in ipairs(store and store:read("deliveries", {}) or {}) do
    last[row.body.target] = { id = row.body.id, at = row.at, taken = row.kind == "notice.sent",
      code = row.body.code, message = row.body.message }
  end
  return last
end

local function outcome(row)
  if not row.last then
    return "nothing sent yet"
  end
  local what = row.last.id .. " at " .. row.last.at
  return row.last.taken and "last " .. what or "did not take " .. what .. ": " .. row.last.message
end

-- A query may hold a secret.
local function without_query(url)
  return url and url:gsub("%?.*", "")
end

local act = {}

function act.list(args, organization)
  local rows, last = setmetatable({}, cjson.array_mt), last_of(args.C or ".")
  for i, name in ipairs(targets.names(organization)) do
    local entry = organization.notify[name]
    rows[i] = { name = name, kind = entry.kind, url = without_query(entry.url),
      events = entry.events or notifications.EVENTS,
      last = last[name] }
  end
  if args.json then
    print(text.json(rows))
  elseif #rows == 0 then
    print("no target: notify in config/organization.json names who is notified")
  end
  for _, row in ipairs(args.json and {} or rows) do
    local to = row.kind .. (row.url and " " .. row.url or "")
    print(text.line(("%s  %s  %s; %s"):format(row.name, to, table.concat(row.events, ", "), outcome(row))))
  end
  return 0
end

local function test_one(args, organization, name)
  local target, err = targets.open(organization, name)
  local ok
  if target then
    ok, err = senders.send(target, notifications.test(args.C or ".", sys.now()))
  end
  return { name = name, taken = ok or false, error = err }
end

local function chosen(args, organization)
  if args.name and not (organization.notify or {})[args.name] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no target " .. args.name,
      "orket notify lists them")
  end
  local hidden, err = concealed.hold(args.C or ".", organization) -- before anything runs in a jail
  return hidden and (args.name and { args.name } or targets.names(organization)), err
end

function act.test(args, organization)
  local names, err = chosen(args, organization)
  if not names then
    return nil, err
  end
  local rows, code = setmetatable({}, cjson.array_mt), 0
  for i, name in ipairs(names) do
    rows[i] = test_one(args, organization, name)
    code = rows[i].taken and code or 1
    if not args.json then
      print(text.block(rows[i].taken and name .. " took it" or name .. ": " .. errors.line(rows[i].error)))
    end
  end
  if args.json then
    print(text.json(rows))
  end
  return code
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "act?", "name?" })
  local perform = args and act[args.act or "list"]
  if args and not perform then
    message = "there is no notify " .. args.act
  elseif args and args.name and args.act ~= "test" then
    perform, message = nil, "unexpected argument " .. args.name
  end
  if not perform then
    return options.refuse(M.usage, message)
  end
  local loaded, err = config.load(args.C or ".")
  local code
  if loaded then
    code, err = perform(args, loaded.organization)
  end
  return code or cli_report.failure(err)
end

return M
