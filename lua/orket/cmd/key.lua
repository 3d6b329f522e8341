-- key.lua: `orket key …`: access keys for programs: of a user, or of a service, which is no person.

local auth = require("orket.core.auth")
local cjson = require("cjson")
local cli_report = require("orket.view.cli_report")
local errors = require("orket.errors")
local key_expiry = require("orket.people.key_expiry")
local local_time = require("orket.view.format.local_time")
local options = require("orket.options")
local owner = require("orket.project.owner")
local readonly = require("orket.view.readonly")
local roster = require("orket.people.roster")
local sys = require("orket.core.sys")
local table_view = require("orket.view.format.table_view")

local M = {}

M.usage = [[
usage: orket key list [-C DIR] [--json]
       orket key add [-C DIR] [--json] [--user NAME] [--allow WORDS] [--days N] NAME
       orket key revoke [-C DIR] [--json] ID

Access keys for programs that talk to the service (orket serve). A new one is shown once, alone on the first
line; its hash is kept.
  --user NAME    it acts in this user's name, as far as the user may; without it, it is a service's: no
                 person, so it decides nothing
  --allow WORDS  with commas between: read (default), run, and for a user's key act and admin
  --days N       how long it is good, 1 to 366 (default 90)
  -C DIR         the project (default: found upwards from here)
  --json         the answer as one JSON line
exit: 0 done, 1 failed or refused, 2 usage
]]

local COLUMNS = { table_view.text("key", "id"), table_view.text("name"),
  { "of", function(row) return row.user or "a service" end },
  { "may", function(row) return table.concat(row.scope, ",") end },
  { "good until", function(row)
    return row.revoked_at and "revoked" or local_time.minute(row.expires_at)
  end } }

local function list(store, args)
  table_view.list(COLUMNS, roster.sorted_keys(roster.read(store)), { json = args.json,
    shown = roster.shown_key, none = "There are no access keys. orket key add NAME makes one." })
  return 0
end

local function words_of(text_of_words)
  local words = {}
  for word in (text_of_words or "read"):gmatch("[^,]+") do
    words[#words + 1] = word
  end
  return setmetatable(words, cjson.array_mt)
end

-- The key's text is shown when the event that names it is there.
local function add(args)
  local id, key, code, fix = auth.make_key((args.C or ".") .. "/.orket")
  if not id then
    return cli_report.failure(errors.new(code, key, fix))
  end
  local result, err = owner.ask(args.C or ".", { act = "key.add", id = id, name = args.name, user = args.user,
    scope = words_of(args.allow), expires_at = key_expiry.in_days(args.days), who = sys.user() })
  if not result then
    return cli_report.failure(err)
  end
  local ok
  ok, err = errors.check(key:print())
  return ok and cli_report.answer(args, result) or cli_report.failure(err)
end

local function revoke(args)
  local result, err = owner.ask(args.C or ".", { act = "key.revoke", id = args.id, who = sys.user() })
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

local FORMS = {
  list = { {}, {} },
  add = { { user = "value", allow = "value", days = "value" }, { "name" }, add },
  revoke = { {}, { "id" }, revoke },
}

local function parse(argv)
  local form = FORMS[table.remove(argv, 1)]
  if not form then
    return nil, "list, add or revoke"
  end
  local known = { C = "value", json = "flag" }
  for name, kind in pairs(form[1]) do
    known[name] = kind
  end
  local args, message = options.parse(argv, known, form[2])
  if args then
    args.days = math.tointeger(tonumber(args.days or key_expiry.DAYS))
    if not args.days or args.days < 1 or args.days > key_expiry.DAYS_MOST then
      return nil, "--days is 1 to " .. key_expiry.DAYS_MOST
    end
  end
  return args and { perform = form[3], args = args }, message
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local command, message = parse(argv)
  if not command then
    return options.refuse(M.usage, message)
  elseif not command.perform then
    return readonly.run(M.usage, list, command.args)
  end
  return command.perform(command.args)
end

return M
