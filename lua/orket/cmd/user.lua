-- user.lua: `orket user …`: who may sign in to the service, and as what.

local async = require("orket.async")
local auth = require("orket.core.auth")
local cli_report = require("orket.view.cli_report")
local errors = require("orket.errors")
local local_time = require("orket.view.format.local_time")
local options = require("orket.options")
local owner = require("orket.project.owner")
local readonly = require("orket.view.readonly")
local roster = require("orket.people.roster")
local sys = require("orket.core.sys")
local table_view = require("orket.view.format.table_view")
local tables = require("orket.util.tables")

local M = {}

M.usage = [[
usage: orket user list [-C DIR] [--json]
       orket user add [-C DIR] [--json] [--role ROLE] [--stdin | --no-password | --of PROJECT] NAME
       orket user role [-C DIR] [--json] NAME ROLE
       orket user password [-C DIR] [--json] [--stdin] NAME
       orket user disable|enable|remove [-C DIR] [--json] NAME

Who may sign in to the service (orket serve). A password is asked for on the terminal, which does not show it.
  --role ROLE    viewer (default), developer, admin, or a role of the organization ("people")
  --stdin        the password is a line of standard input
  --no-password  a user without one: known by the name of the account on this machine, or by a key
  --of PROJECT   who signs in at another project of the same server, as the user of this name there
  disable        signs the user out at once; keys are no good until enable
  -C DIR         the project (default: found upwards from here)
  --json         the answer as one JSON line
exit: 0 done, 1 failed or refused, 2 usage
]]

local function way_in(row)
  if row.disabled then
    return "disabled"
  elseif row.home then
    return "at " .. row.home
  end
  return row.secret and "password" or "no password"
end

local COLUMNS = { table_view.text("user", "name"), table_view.text("role"), { "may sign in", way_in },
  table_view.time("since", "created_at", 1, local_time.minute),
  { "signed in", function(row) return row.signed_in_at and local_time.minute(row.signed_in_at) or "" end,
    spare = 2 } }

local function list(store, args)
  table_view.list(COLUMNS, roster.sorted_users(roster.read(store)), { json = args.json,
    shown = roster.shown_user, none = "There are no users. orket user add NAME makes one." })
  return 0
end

-- ---- passwords ----

-- Asked for twice on a terminal, which does not show what is typed.
local function typed(args)
  local prompt = "Password of " .. args.name .. ": "
  local first, err = errors.check(auth.read_password(prompt, args.stdin or false))
  if not first or args.stdin then
    return first, err
  end
  local second
  second, err = errors.check(auth.read_password("Again: ", false))
  if second and not first:equals(second) then
    return nil, errors.new("ERR_USAGE", "the two passwords differ", "run it again")
  end
  return second and first, err
end

-- The id of the password that was given; it is kept before the event names it.
local function kept(args)
  local password, err = typed(args)
  if not password then
    return nil, err
  end
  return errors.check(async.await(auth.keep_password, (args.C or ".") .. "/.orket", password))
end

-- ---- the acts ----

local ACTS = {}

function ACTS.add(args)
  local secret, err
  if not args["no-password"] and not args.of then
    secret, err = kept(args)
  end
  local request = { act = "user.add", name = args.name, role = args.role or "viewer", secret = secret,
    home = args.of }
  return not err and request or nil, err
end

function ACTS.password(args)
  local secret, err = kept(args)
  return secret and { act = "user.change", name = args.name, secret = secret }, err
end

function ACTS.role(args)
  return { act = "user.change", name = args.name, role = args.role }
end

function ACTS.disable(args)
  return { act = "user.change", name = args.name, disabled = true }
end

function ACTS.enable(args)
  return { act = "user.change", name = args.name, disabled = false }
end

function ACTS.remove(args)
  return { act = "user.remove", name = args.name }
end

local OPTIONS = { C = "value", json = "flag" }
local OWN = { add = { role = "value", stdin = "flag", ["no-password"] = "flag", of = "value" },
  password = { stdin = "flag" } }
local OPERANDS = { list = {}, role = { "name", "role" } }

local function parse(argv)
  local word = table.remove(argv, 1)
  if word ~= "list" and not ACTS[word] then
    return nil, "list, add, role, password, disable, enable or remove"
  end
  local known = {}
  for _, source in ipairs({ OPTIONS, OWN[word] or {} }) do
    for name, kind in pairs(source) do
      known[name] = kind
    end
  end
  local args, message = options.parse(argv, known, OPERANDS[word] or { "name" })
  if args and #tables.keys(tables.pick(args, { "stdin", "no-password", "of" })) > 1 then
    return nil, "--stdin, --no-password and --of exclude each other"
  end
  return args and { word = word, args = args }, message
end

local function perform(word, args)
  local request, err = ACTS[word](args)
  local result
  if request then
    request.who = sys.user()
    result, err = owner.ask(args.C or ".", request)
  end
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local command, message = parse(argv)
  if not command then
    return options.refuse(M.usage, message)
  elseif command.word == "list" then
    return readonly.run(M.usage, list, command.args)
  end
  return perform(command.word, command.args)
end

return M
