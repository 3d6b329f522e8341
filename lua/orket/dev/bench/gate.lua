-- gate.lua: `orket bench gate`: what one decision of the gate costs. The answers are compared with a
-- plain oracle before anything is timed: a quick wrong gate is worth nothing.

local bench = require("orket.core.bench")
local cjson = require("cjson")
local tables = require("orket.util.tables")
local options = require("orket.options")
local policy = require("orket.dev.bench.policy")

local M = {}

M.usage = [[
usage: orket bench gate [--policy] [--decisions N]

Judges parsed write_file calls (five fields, a resolved path) against 20 tools, card statuses and 100
organization rules, a fifth of them refused; prints one line BENCH {"ns_per_decision":…}. With --policy: a
policy of 100 rules in Lua, inside an open box.
]]

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

-- ---- the config ----

local ROLES = { "requirements_analyst", "lead_architect", "coder", "code_reviewer", "operations_lead" }
local TOP = { "src", "docs", "tests", "bench", "tools", "web", "data", "lib", "etc", "var" }

local function write_file()
  return {
    operations = array({ "fs.write" }),
    schema = {
      type = "object", additionalProperties = false, required = array({ "path", "content" }),
      properties = {
        path = { type = "string", format = "path", minLength = 1 },
        content = { type = "string", maxLength = 1000000 },
        mode = { enum = array({ "replace", "append" }) },
        line = { type = "integer", minimum = 0, maximum = 100000 },
        create = { type = "boolean" },
      },
    },
  }
end

local function tools()
  local config, names = { write_file = write_file() }, { "write_file" }
  for i = 2, 20 do
    names[i] = "tool_" .. i
    config[names[i]] = { schema = { type = "object" }, operations = array({ "fs.read" }) }
  end
  return config, names
end

-- Ten rules look at every call, 90 at one tool each; nearly all of them look at paths.
local function rules(names)
  local list = array({})
  for i = 1, 100 do
    local tool = i > 10 and array({ names[i % #names + 1] }) or nil
    list[i] = {
      id = "rule-" .. i, effect = i % 2 == 0 and "ask" or "deny", why = "rule " .. i, tools = tool,
      roles = i % 3 == 0 and array({ ROLES[i % #ROLES + 1], "coder" }) or nil,
      statuses = i % 4 == 0 and array({ "in_progress", "code_review" }) or nil,
      paths = array({ TOP[i % #TOP + 1] .. "/locked" .. i .. "/**", "**/*.lock" .. i }),
    }
  end
  return list
end

---The gate configuration of the bench.
---@return table
function M.config()
  local config, names = tools()
  local roles = { observer = { tools = array({ names[2] }) } }
  for _, role in ipairs(ROLES) do
    roles[role] = { tools = array(table.move(names, 1, #names, 1, {})) }
  end
  return { tools = config, roles = roles, rules = rules(names) }
end

-- ---- the calls ----

local function good(i)
  return {
    role = ROLES[i % #ROLES + 1], type = "issue", status = i % 3 == 0 and "code_review" or "in_progress",
    tool = "write_file", name = TOP[i % #TOP + 1] .. "/part" .. i % 7 .. "/file" .. i .. ".c",
    arguments = {
      path = "p" .. i, content = ("line " .. i .. "\n"):rep(20), mode = "replace", line = i, create = true,
    },
  }
end

local SPOIL = { -- each makes a good call a refused one
  function(call) call.role = "observer" end,
  function(call) call.status = "blocked" end,
  function(call) call.arguments.mode = "truncate" end,
  function(call) call.arguments.owner = "root" end,
  function(call) call.name = nil end,
  function(call) call.name = "src/.git/hooks/pre-commit" end,
  function(call) call.name, call.role = "docs/locked1/x", "coder" end,
  function(call) call.name = "lib/deep/down/x.lock7" end,
  function(call) call.tool = "write_files" end,
  function(call) call.name, call.role, call.status = "src/locked100/x.c", "coder", "in_progress" end,
}

---@param count integer
---@return table[]
function M.calls(count)
  local list = array({})
  for i = 1, count do
    list[i] = good(i)
    if i % 5 == 0 then
      SPOIL[i // 5 % #SPOIL + 1](list[i])
    end
    list[i].size = #cjson.encode(list[i].arguments)
  end
  return list
end

-- ---- the oracle: reads the config as it is written, knows this bench's schema and patterns only ----

local function fits_schema(arguments)
  for key in pairs(arguments) do
    if not tables.has({ "path", "content", "mode", "line", "create" }, key) then
      return false
    end
  end
  return type(arguments.path) == "string" and type(arguments.content) == "string"
    and tables.has({ "replace", "append" }, arguments.mode) and math.type(arguments.line) == "integer"
    and arguments.line >= 0 and arguments.line <= 100000 and type(arguments.create) == "boolean"
end

local function fits_path(pattern, name)
  local below = pattern:match("^(.*)/%*%*$")
  if below then
    return name == below or name:sub(1, #below + 1) == below .. "/"
  end
  local ending = pattern:match("^%*%*/%*(.*)$")
  return name:sub(-#ending) == ending
end

local function concerns(rule, call)
  local any = false
  for _, pattern in ipairs(rule.paths) do
    any = any or fits_path(pattern, call.name)
  end
  return any and (not rule.tools or tables.has(rule.tools, call.tool))
    and (not rule.roles or tables.has(rule.roles, call.role))
    and (not rule.statuses or tables.has(rule.statuses, call.status))
end

---The rule that decides a call.
---@param config table
---@param call table
---@return string
function M.oracle(config, call)
  if not config.tools[call.tool] then
    return "gate.tool.unknown"
  elseif not tables.has(config.roles[call.role].tools, call.tool) then
    return "gate.role.tool"
  elseif not tables.has({ "in_progress", "code_review" }, call.status) then
    return "gate.card.status"
  elseif not fits_schema(call.arguments) then
    return "gate.args.schema"
  elseif not call.name then
    return "gate.path.escape"
  elseif ("/" .. call.name .. "/"):find("/.git/", 1, true) then
    return "gate.path.name"
  end
  for _, effect in ipairs({ "deny", "ask" }) do
    for _, rule in ipairs(config.rules) do
      if rule.effect == effect and concerns(rule, call) then
        return "house." .. rule.id
      end
    end
  end
  return "gate.allow"
end

-- ---- the command ----

local function compare(config, calls, rules_found)
  local refused = 0
  for i, call in ipairs(calls) do
    local expected = M.oracle(config, call)
    if expected ~= rules_found[i] then
      return nil, ("call %d: the oracle says %s, the gate %s"):format(i, expected, rules_found[i])
    end
    refused = refused + (expected == "gate.allow" and 0 or 1)
  end
  return refused / #calls
end

local function tell(figures, difference)
  if not figures then
    io.stderr:write("orket: ", difference, "\n")
    return 1
  end
  print("BENCH " .. cjson.encode(figures))
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { decisions = "value", policy = "flag" }, {})
  local decisions = args and math.tointeger(tonumber(args.decisions or 1000000))
  if not args or not decisions or decisions < 1 then
    return options.refuse(M.usage, message or "--decisions is a whole number")
  end
  local config, calls = M.config(), M.calls(1000)
  if args.policy then
    return tell(policy.measure(config, calls, decisions))
  end
  local found, ns = bench.gate(config, calls, decisions)
  local share, difference = nil, ns
  if found then
    share, difference = compare(config, calls, found)
  end
  if not share then
    io.stderr:write("orket: ", difference, "\n")
    return 1
  end
  print("BENCH " .. cjson.encode({
    test = "policy", peer = "orket", n = decisions, denied_share = share,
    ns_per_decision = math.floor(ns + 0.5), per_s = math.floor(1e9 / ns),
  }))
  return 0
end

return M
