-- attack_permission_delta_spec.lua: changed scripts that would make more possible without anybody's yes:
-- every field that a role, a tool, a policy or a node declares, widened and narrowed; programs that do
-- something else behind the same words; decisions that hide behind values nobody would try.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local PROBE = world.orket.read("tests/support/scripts/probe.lua")

local READER = world.orket.read("tests/support/scripts/reader.lua")

local POLICY = world.orket.read("tests/support/scripts/house_policy.lua")

local function coder()
  return (world.orket.read("roles/coder.lua"):gsub("tools = {", 'tools = { "probe", "reader", ', 1))
end

local FILES = {
  ["tools/probe.lua"] = PROBE, ["tools/reader.lua"] = READER, ["nodes/policy/house.lua"] = POLICY,
  ["roles/coder.lua"] = coder(),
  ["roles/helper.lua"] = 'return { tools = { "read_file" }, prompt = function() return { system = "a", user = "b" } end }',
}

-- what is changed, file, words, other words, what the delta says of it (nil: it can do no more)
local DECLARED = {
  { "a tool more", "roles/helper.lua", '"read_file"', '"read_file", "write_file"', "helper did not have it" },
  { "a tool less", "roles/coder.lua", '"probe", ', "", nil },
  { "the words of a prompt", "roles/coder.lua", "You are a programmer", "You are an administrator", nil },
  { "a status more", "tools/probe.lua", '{ "in_progress" }', '{ "in_progress", "code_review" }',
    "not for cards that are code_review" },
  { "a status less", "tools/probe.lua", '{ "in_progress" }', "{}", nil },
  { "no statuses declared", "tools/probe.lua", 'statuses = { "in_progress" },', "",
    "not for cards that are code_review" },
  { "an operation more", "tools/probe.lua", '"fs.read", "fs.write"', '"fs.read", "fs.write", "card.comment"',
    "it may ask for card.comment" },
  { "an operation less", "tools/probe.lua", '"fs.read", "fs.write"', '"fs.write"', nil },
  { "not outward", "tools/probe.lua", "outward = true", "outward = false", "reaches outward" },
  { "outward not said", "tools/probe.lua", "outward = true, ", "", "reaches outward" },
  { "not untrusted", "tools/probe.lua", "untrusted = true, ", "", "what it brings in is untrusted" },
  { "a label less", "tools/probe.lua", '"web", "mail"', '"web"', "what it brings in is mail" },
  { "no labels", "tools/probe.lua", 'labels = { "web", "mail" },', "", "what it brings in is" },
  { "a label more", "tools/probe.lua", '"web", "mail"', '"web", "mail", "forge"', nil },
  { "what a tool is called", "tools/probe.lua", 'description = "probe"', 'description = "another"', nil },
  -- schema
  { "open", "tools/probe.lua", "additionalProperties = false", "additionalProperties = true",
    "additionalProperties" },
  { "nothing required", "tools/probe.lua", 'required = { "path" }, ', "", "required" },
  { "more required", "tools/probe.lua", 'required = { "path" }', 'required = { "path", "text" }', nil },
  { "a property more", "tools/probe.lua", "free = {", "other = { type = 'string' }, free = {",
    "/properties/other is new" },
  { "a property less", "tools/probe.lua", 'free = { description = "whatever" },', "", nil },
  { "no path any more", "tools/probe.lua", 'format = "path", ', "", "format" },
  { "another pattern", "tools/probe.lua", "^[a-z/]+$", "^[a-z/.]+$", "pattern" },
  { "no pattern", "tools/probe.lua", ', pattern = "^[a-z/]+$"', "", "pattern" },
  { "a pattern more", "tools/probe.lua", "maxLength = LIMIT", "maxLength = LIMIT, pattern = '^a'", nil },
  { "longer", "tools/probe.lua", "maxLength = 100", "maxLength = 101", "maxLength" },
  { "shorter", "tools/probe.lua", "maxLength = 100", "maxLength = 99", nil },
  { "a bound by its local", "tools/probe.lua", "LIMIT = 10", "LIMIT = 11", "maxLength" },
  { "a lower bound by its local", "tools/probe.lua", "LIMIT = 10", "LIMIT = 9", nil },
  { "shorter than short", "tools/probe.lua", "minLength = 2", "minLength = 1", "minLength" },
  { "not so short", "tools/probe.lua", "minLength = 2", "minLength = 3", nil },
  { "a value more", "tools/probe.lua", '"a", "b"', '"a", "b", "c"', "enum" },
  { "a value less", "tools/probe.lua", '"a", "b"', '"b"', nil },
  { "another type", "tools/probe.lua", 'type = "integer"', 'type = "number"', "type" },
  { "a type more", "tools/probe.lua", 'text = { type = "string"', 'text = { type = { "string", "null" }',
    "type" },
  { "a type at all", "tools/probe.lua", 'description = "whatever"', 'type = "string"', nil },
  { "larger", "tools/probe.lua", "maximum = 5", "maximum = 6", "maximum" },
  { "smaller", "tools/probe.lua", "maximum = 5", "maximum = 4", nil },
  { "less than little", "tools/probe.lua", "minimum = 1", "minimum = 0", "minimum" },
  { "not so little", "tools/probe.lua", "minimum = 1", "minimum = 2", nil },
  { "every number", "tools/probe.lua", ", multipleOf = 1", "", "multipleOf" },
  { "longer items", "tools/probe.lua", "maxLength = 5", "maxLength = 6", "items/maxLength" },
  { "any items", "tools/probe.lua", 'items = { type = "string", maxLength = 5 }, ', "", "items" },
  { "more items", "tools/probe.lua", "maxItems = 3", "maxItems = 4", "maxItems" },
  { "fewer items", "tools/probe.lua", "maxItems = 3", "maxItems = 2", nil },
  { "no items", "tools/probe.lua", "minItems = 1", "minItems = 0", "minItems" },
  { "the same items", "tools/probe.lua", "uniqueItems = true", "uniqueItems = false", "uniqueItems" },
  { "more properties", "tools/probe.lua", "maxProperties = 6", "maxProperties = 7", "maxProperties" },
  { "what a free property must not be", "tools/probe.lua", 'description = "whatever"',
    "['not'] = { type = 'string' }", nil },
  -- what a tool does
  { "another file", "tools/probe.lua", "fs.write(args.path,", 'fs.write("other.txt",',
    "its run changed: what it does with fs.write" },
  { "fixed content", "tools/probe.lua", 'args.text or ""', '"#!/bin/sh"', "its run changed" },
  { "another helper", "tools/probe.lua", "local function run(args)", "local function run(args) unused()",
    "its run changed" },
  { "another run beside", "tools/probe.lua", "run = run,", "run = run, ['run'] = unused,",
    "its run changed" },
  { "something when it is loaded", "tools/probe.lua", "local LIMIT = 10",
    "local LIMIT = 10 fs.write = fs.delete", "its run changed" },
  { "another world around it", "tools/probe.lua", "", "", nil,
    whole = "local _ENV = { fs = fs, card = card }\n" .. PROBE, says = "its run changed" },
  { "comments and blanks", "tools/probe.lua", "local function run(args)",
    "--[[ here ]]\nlocal   function run(args) -- and there", nil },
  { "a function that nobody asks", "tools/probe.lua", "return 1 end", "return 2 end", nil },
  { "another self-test", "tools/probe.lua", "run = run,",
    "run = run, self_test = function() assert(true) end,", nil },
  { "what a tool answers that only reads", "tools/reader.lua", "{ text = fs.read(args.path) }",
    '{ text = fs.read("other.txt") }', nil },
  { "a shipped tool of one's own", "tools/write_file.lua", "", "", nil,
    whole = (world.orket.read("tools/write_file.lua"):gsub("args%.content%)", '"other")', 1)),
    says = "its run changed" },
  { "a shipped tool with another description", "tools/write_file.lua", "", "", nil,
    whole = (world.orket.read("tools/write_file.lua"):gsub("Write a whole", "Replace a whole", 1)) },
}

local function replaced(text, words, others)
  local at, last = text:find(words, 1, true)
  assert(at, words)
  return text:sub(1, at - 1) .. others .. text:sub(last + 1)
end

describe("a changed declaration of a script", function()
  local w

  setup(function()
    w = world.new({ files = FILES, issues = { { id = "A" } },
      mock = "function work() return say(finish()) end" })
    assert.equal(0, select(2, w:run()))
  end)

  teardown(function()
    w:close()
  end)

  local function delta()
    local text, code = w:orket("policy delta --json")
    assert.equal(0, code, text)
    return (cjson.encode(cjson.decode(text).delta):gsub("\\/", "/"))
  end

  for _, row in ipairs(DECLARED) do
    local what, path, words, others, says = table.unpack(row, 1, 5)
    says = says or row.says
    it((says and "waits for a person: " or "serves at once: ") .. what, function()
      w:write(path, row.whole or replaced(FILES[path], words, others))
      local said = delta()
      if FILES[path] then
        w:write(path, FILES[path])
      else
        os.remove(w.dir .. "/" .. path)
      end
      assert.equal(says == nil, said == "{}" or said == "[]", said)
      assert(not says or said:find(says, 1, true), said)
    end)
  end
end)

local function policy(body)
  return "local function decide(call, view)\n  local path, content = call.arguments.path or '', call.arguments.content\n" .. body
    .. "\nend\nreturn { decide = decide }\n"
end

local function denies(condition)
  return policy("if " .. condition
    .. [[ then return { decision = "deny", rule = "r", why = "no", fix = "ask" } end]])
end

-- A policy of rules as data, and perhaps a function beside them.
local function data(rules, rest)
  return "return { deny = { " .. rules .. " }, " .. (rest or "") .. " }"
end

local GEN, VENDOR = '{ tool = "write_file", path = "gen/**", rule = "gen" }', '{ path = "vendor/**" }'
local LABELS = world.orket.read("nodes/policy/labels.lua")
local NOTHING = "return { decide = function() end }"
local TEXT = "its text changed, so that it may forbid less"
local BESIDE = "decide = function(call) if call.role == 'x' then return { decision = 'deny' } end end"

-- what is changed, the policy before and after, what the delta says; nil: it can do no more
local DECISIONS = {
  { "one exact path", denies('path == "x/y"'), NOTHING, TEXT },
  { "two things at once", denies('path == "x/y" and content == "z"'), NOTHING, TEXT },
  { "an exception that no reader would try", denies('path:find("^deep/")'),
    denies('path:find("^deep/") and path ~= ("deep/"):rep(2) .. "q"'), TEXT },
  { "a bound of a number", denies("(call.arguments.limit or 0) > 70"),
    denies("(call.arguments.limit or 0) > 71"), TEXT },
  { "a seat", denies('view.seat == "dev"'), denies('view.seat == "lead"'), TEXT },
  { "turns without labels", denies('call.tool == "write_file"'),
    denies('call.tool == "write_file"'):gsub("{ decide =", '{ when = "labels", decide ='), TEXT },
  { "a deny for an ask", denies('path == "x/y"'), denies('path == "x/y"'):gsub('"deny"', '"ask"'), TEXT },
  { "the sinks of labels", LABELS, LABELS:gsub("call.outward or call.destructive",
    "call.outward"):gsub("local function self_test.-\nend\n", "local function self_test() end\n"),
    TEXT, path = "nodes/policy/labels.lua" },
  { "nothing that is plain, with a rule more in its function", denies('path == "x/y"'),
    denies('path == "x/y" or path == "z"'), TEXT },
  -- rules as data
  { "a rule of two", data(GEN .. "," .. VENDOR), data(GEN), TEXT },
  { "a narrower glob", data(VENDOR), data('{ path = "vendor/*" }'), TEXT },
  { "all tools but one", data(VENDOR), data('{ path = "vendor/**", tool = "write_file" }'), TEXT },
  { "turns without labels, by data", data(VENDOR), data(VENDOR, 'when = "labels"'), TEXT },
  { "its function beside a new rule", data(GEN, BESIDE), data(GEN .. "," .. VENDOR), TEXT },
  { "a part of its function beside a new rule", data(GEN, BESIDE),
    data(GEN .. "," .. VENDOR, BESIDE:gsub("'x'", "'y'")), TEXT },
  { "a part of what its function reads beside a new rule", "local NO = { " .. GEN .. " } return { deny = { "
    .. GEN .. " }, decide = function() return NO[1] end }",
    "local NO = { } return { deny = { " .. GEN .. "," .. VENDOR
      .. " }, decide = function() return NO[1] end }", TEXT },
  { "a field that its function is given", data(GEN, "fields = { 'call.role' }, " .. BESIDE),
    data(GEN, "fields = { 'call.tool' }, " .. BESIDE), TEXT },
  { "rules that its text computes", "local all = {} for i = 1, 2 do all[i] = " .. GEN
    .. " end return { deny = all }",
    "local all = {} for i = 1, 3 do all[i] = " .. GEN .. " end return { deny = all }", TEXT },
  -- and what can do no more
  { "no rule, and gains one", data(GEN), data(GEN .. "," .. VENDOR) },
  { "no rule, in another order", data(GEN .. "," .. VENDOR), data(VENDOR .. "," .. GEN) },
  { "no rule, and says why", data(GEN),
    data('{ tool = "write_file", path = "gen/**", rule = "made", why = "it is generated" }') },
  { "no rule, and gains one beside its function", data(GEN, BESIDE), data(GEN .. "," .. VENDOR, BESIDE) },
  { "nothing, with a comment", denies('path == "x/y"'), "-- ours\n" .. denies('path == "x/y"') },
}

describe("attack permission delta", function()
  for _, row in ipairs(DECISIONS) do
    local what, before, after, says = table.unpack(row, 1, 4)
    local path = row.path or "nodes/policy/house.lua"
    it("a policy that loses " .. what .. (says and " waits" or " serves at once"), function()
      local w <close> = world.new({ files = { [path] = before }, issues = { { id = "A" } },
        mock = "function work() return say(finish()) end" })
      w:run()
      w:write(path, after)
      local text, code = w:orket("policy delta --json")
      assert.equal(0, code, text)
      local said = cjson.encode(cjson.decode(text).delta)
      assert.equal(says == nil, said == "{}" or said == "[]", said)
      assert(not says or said:find(says, 1, true), said)
    end)
  end
end)

-- A shipped file with other words; its self-test, which might find that, is gone.
local function shipped(path, words, others)
  return (replaced(world.orket.read(path), words, others):gsub("local function self_test.-\nend\n",
    "local function self_test() end\n"))
end

local ROUTE = "local function route(card, team, history)\n"
local CHOOSE = "local function choose(_, card, models)\n"
local GUARD = 'if not proposal or proposal.status ~= "in_progress"'

-- what is changed, file, its text, what the delta says; nil: it can do no more
local WORK, MODEL, OUTCOME = "who works on a card, in which role, may differ",
  "which model a card's text goes to may differ",
  "what becomes of its cards may differ"
local CHOICES = {
  { "cards to a role that may do more", "nodes/router.lua", shipped("nodes/router.lua", ROUTE, ROUTE
    .. 'if not history.review and card.seat == "dev" then return { seat = "lead", role = "lead_architect" } end\n'), WORK },
  { "cards to no seat", "nodes/router.lua", shipped("nodes/router.lua", ROUTE,
    ROUTE .. "if card.priority < 1 then return nil end\n"), WORK },
  { "nothing but words", "nodes/router.lua", "-- ours\n" .. world.orket.read("nodes/router.lua"), nil },
  { "a role to another model", "nodes/models.lua",
    shipped("nodes/models.lua", CHOOSE, CHOOSE .. 'if _ == "coder" then return "z" end\n'), MODEL },
  { "more steps", "nodes/loop.lua", shipped("nodes/loop.lua", "steps = 50", "steps = 51"),
    "the bound steps is 51, before 50" },
  { "more seconds", "nodes/loop.lua", shipped("nodes/loop.lua", "seconds = 1800", "seconds = 1e5"),
    "the bound seconds is" },
  { "more than the organization allows", "nodes/loop.lua",
    shipped("nodes/loop.lua", "concurrency = concurrency,", "concurrency = 50,"), nil },
  { "fewer steps", "nodes/loop.lua", shipped("nodes/loop.lua", "steps = 50", "steps = 49"), nil },
  { "the guard's no", "roles/integrity_guard.lua",
    shipped("roles/integrity_guard.lua", GUARD,
    'if proposal and proposal.status == "in_progress" then return { status = "done" } end ' .. GUARD),
    OUTCOME },
  { "the guard's no to one card", "roles/integrity_guard.lua",
    shipped("roles/integrity_guard.lua", "local function route(_, reply)",
    'local function route(card, reply) if card.id == "A-7" then return { status = "done" } end'), OUTCOME },
  { "a card to another seat", "roles/coder.lua", shipped("roles/coder.lua", "route = brief.hand_over",
    'route = function(_, reply) return some(reply.proposal) and { status = reply.proposal.status, seat = "lead" } or nil end'), OUTCOME },
  { "a prompt's words", "roles/integrity_guard.lua",
    shipped("roles/integrity_guard.lua", "never judge your own work", "always judge your own work"), nil },
}

describe("attack permission delta", function()
  local w

  setup(function()
    w = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end", team = {
      name = "Team", seats = {
        dev = { name = "Dev", roles = { "coder" } }, dev2 = { name = "Dev 2", roles = { "coder" } },
        lead = { name = "Lead", roles = { "lead_architect" } },
        guard = { name = "Guard", roles = { "integrity_guard" } },
      },
    } })
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.models.z = organization.models.m
    organization.process_rules.default_llm = "m"
    w:write("config/organization.json", cjson.encode(organization))
    assert.equal(0, select(2, w:run()))
  end)

  teardown(function()
    w:close()
  end)

  local function said_of(path, text)
    w:write(path, text)
    local said, code = w:orket("policy delta --json")
    os.remove(w.dir .. "/" .. path)
    assert.equal(0, code, said)
    return cjson.encode(cjson.decode(said).delta)
  end

  for _, row in ipairs(CHOICES) do
    local what, path, text, says = table.unpack(row, 1, 4)
    it("what a node or a role chooses that gives " .. what .. (says and " waits" or " serves at once"),
      function()
      local said = said_of(path, text)
      assert.equal(says == nil, said == "{}" or said == "[]", said)
      assert(not says or said:find(says, 1, true), said)
    end)
  end
end)
