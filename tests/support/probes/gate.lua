-- gate.lua: a gate over the tree DIR, ways to ask it, and the tests of gate_spec.lua inside the binary.

local async = require("orket.async")
local cjson = require("cjson")
local doc = require("orket.core.doc")
local fs = require("orket.core.fs")
local gate = require("orket.core.gate")
local help = dofile("tests/support/gate.lua")
local DIR = os.getenv("DIR")
local root = assert(fs.root(DIR))
local g = assert(gate.build(help.law()))

local function same(want, got, what)
  if want ~= got then
    error((what or "") .. " expected " .. tostring(want) .. ", got " .. tostring(got), 2)
  end
end
local function call(tool, arguments) -- a person says yes to whatever is asked
  local allowed, refusal, asked = g:call(help.request(tool, arguments, root))
  if asked then
    same(true, asked:accept(asked:hash()))
    return asked
  elseif not allowed then
    error(refusal.rule .. ": " .. refusal.why, 2)
  end
  return allowed
end
local function permit(tool, operation)
  local p, refusal = g:operation(call(tool, { path = operation.path }), operation)
  if not p then
    error(refusal.rule .. ": " .. refusal.why, 2)
  end
  return p
end
local function perform(p)
  local result
  p:perform(function(...)
    same(nil, result, "called back twice")
    result = table.pack(...)
  end)
  return table.unpack(result, 1, result.n)
end
local function raises(fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then
    error("did not raise", 2)
  end
  return message
end

local M = {}

function M.allows_call_answers_arguments()
  local c = call("write_file", '{"path":"./src//new.c","content":"x"}')
  same("src/new.c", g:operation(c, { op = "fs.write", path = "./src//new.c", content = "x" }):path())
  same("./src//new.c", c:arguments():value().path)
  same("write_file", c:tool())
  same(64, #c:hash())
  same(c:hash(), call("write_file", { path = "./src//new.c", content = "x" }):hash())
  same(c:hash(), call("write_file", doc.new({ path = "./src//new.c", content = "x" })):hash())
end

function M.refuses_rule_why_fix()
  local rows = {
    { "nothing", "{}", "gate.tool.unknown" },
    { ("x"):rep(129), "{}", "gate.tool.length" },
    { "write_file", "{", "gate.args.json" },
    { "write_file", nil, "gate.args.json" },
    { "write_file", '{"path":"a","path":"b"}', "gate.args.json" },
    { "write_file", { 1, 2 }, "gate.args.object" },
    { "write_file", { path = 1 }, "gate.args.schema" },
    { "write_file", { path = print }, "gate.args.json" },
    { "write_file", { path = "../x" }, "gate.path.escape" },
    { "write_file", { path = "/etc/passwd" }, "gate.path.escape" },
    { "write_file", { path = "way_out/x" }, "gate.path.escape" },
    { "read_file", { path = "way_out/secret.txt" }, "gate.path.escape" },
    { "read_file", { path = "a\0b" }, "gate.path.escape" },
    { "write_file", { path = ".env" }, "gate.path.name" },
    { "write_file", { path = "x/.git/hooks/pre-commit" }, "gate.path.name" },
    { "write_file", { path = "vendor/x.c" }, "house.vendor" },
    { "write_file", { path = "a", content = ("x"):rep(1000001) }, "gate.limit.content" },
    { "write_file", '{"path":"' .. ("x"):rep(4 << 20) .. '"}', "gate.limit.args" },
  }
  for _, row in ipairs(rows) do
    local c, refusal = g:call(help.request(row[1], row[2], root))
    same(nil, c)
    same(row[3], refusal.rule)
    same("deny", refusal.decision)
    same(true, #refusal.why > 0 and #refusal.fix + #refusal.why > 0, row[3])
  end
end

function M.lets_missing_file_through()
  local c = call("read_file", { path = "nowhere/x" })
  local p = assert(g:operation(c, { op = "fs.read", path = "nowhere/x" }))
  local result, _, code = perform(p)
  same(nil, result)
  same("ERR_NOT_FOUND", code)
  same(nil, (g:operation(c, { op = "fs.read", path = "nowhere/.env" })))
  same("ERR_NOT_FILE", select(3, perform(permit("read_file", { op = "fs.read", path = "src" }))))
end

function M.performs_permitted()
  local written = perform(permit("write_file", { op = "fs.write", path = "new/deep/a.txt", content = "héllo" }))
  same("new/deep/a.txt", written.path)
  same(6, written.bytes)
  local read = perform(permit("read_file", { op = "fs.read", path = "new/deep/a.txt" }))
  same("héllo", read.content)
  same(nil, read.more)
  read = perform(permit("read_file", { op = "fs.read", path = "new/deep/a.txt", limit = 2 }))
  same("h", read.content, "no half characters")
  same(true, read.more)
  read = perform(permit("read_file", { op = "fs.read", path = "new/deep/a.txt", offset = 3 }))
  same("llo", read.content)
  local list = perform(permit("list_directory", { op = "fs.list", path = "src" }))
  same("main.c", list.entries[1].name)
  same("file", list.entries[1].type)

  same("new/deep/a.txt", perform(permit("delete_file", { op = "fs.delete", path = "new/deep/a.txt" })).path)
  same("ERR_NOT_FOUND", select(3, perform(permit("read_file", { op = "fs.read", path = "new/deep/a.txt" }))))
  same("src/main.c", permit("read_file", { op = "fs.read", path = "main_link" }):path())
end

function M.searches_off_loop_passes()
  async.main(function()
    local p = permit("search_files", { op = "fs.search", path = ".", text = "needle" })
    local found = assert(async.await(p.perform, p))
    same(1, #found.matches)
    same("src/main.c", found.matches[1].path)
    same(3, found.matches[1].line)
    same("    return 0; // needle", found.matches[1].text)
    p = permit("search_files", { op = "fs.search", path = "src/main.c", text = "main" })
    same(1, #assert(async.await(p.perform, p)).matches)
    -- a text may have several lines
    p = permit("search_files", { op = "fs.search", path = ".", text = "\n    return" })
    found = assert(async.await(p.perform, p))
    same(1, #found.matches)
    same(2, found.matches[1].line)
    same(nil, found.more)
    p = permit("search_files", { op = "fs.search", path = "src", text = "nothing like it" })
    same("[]", cjson.encode(assert(async.await(p.perform, p)).matches))
    same("ERR_DENIED", select(3, async.await(p.perform, p)))
    return 0
  end)
end

function M.reads_shown_file_whole()
  local name = DIR .. "/big.pdf"
  os.execute("printf '%%PDF-1.7' > " .. name .. "; printf 'a\\377b' > " .. DIR .. "/small")
  same("a\xffb", perform(permit("read_file", { op = "fs.attach", path = "small" })).content)
  os.execute("truncate -s 100M " .. name)
  same("ERR_TOO_LARGE", select(3, perform(permit("read_file", { op = "fs.attach", path = "big.pdf" }))))
end

function M.hands_card_operations_out()
  local c = call("update_issue_status", {})
  local p = assert(g:operation(c, { op = "card.move", status = "ready_for_testing", why = "done with it" }))
  same("card.move", p:kind())
  same(nil, p:path())
  same('{"status":"ready_for_testing","why":"done with it"}', cjson.encode(p:take()))
  same("ERR_DENIED", select(3, p:take()))
  local refused, why = g:operation(c, { op = "card.move", status = "done" })
  same(nil, refused)
  same("fsm.edge", why.rule)
  same("gate.op.undeclared", select(2, g:operation(c, { op = "fs.read", path = "a" })).rule)
  same("allow", g:judge(c, { op = "card.comment", text = "hello" }).decision)
  same("gate.op.form", g:judge(c, { op = "card.comment" }).rule)
end

function M.call_destroys_waits_person()
  local _, refusal, asked = g:call(help.request("delete_file", { path = "src/main.c" }, root))
  same("ask", refusal.decision)
  same("gate.confirm", refusal.rule)
  local other = call("delete_file", { path = "src/other.c" })
  local operation = { op = "fs.delete", path = "src/main.c" }
  assert(raises(g.operation, g, asked, operation):find("a person has to say yes", 1, true))
  same(false, asked:accept(other:hash()))
  same(false, asked:accept(""))
  raises(asked.accept, asked)
  raises(g.operation, g, asked, operation)
  same("ask", g:judge(asked, operation).decision)
  same(true, asked:accept(asked:hash()))
  same("src/main.c", perform(assert(g:operation(asked, operation))).path)
  same(nil, (root:read("src/main.c")))
end

function M.operation_destroys_asked_about()
  local c = call("delete_file", { path = "src" })
  local nothing, refusal, asked = g:operation(c, { op = "fs.delete", path = "src/main.c" })
  same(nil, nothing)
  same("gate.confirm", refusal.rule)
  same("ERR_DENIED", select(3, perform(asked)))
  local again = select(3, g:operation(c, { op = "fs.delete", path = "src/main.c" }))
  local unlike = select(3, g:operation(c, { op = "fs.delete", path = "src/other.c" }))
  same(false, asked:accept(c:hash()))
  same(false, asked:accept(unlike:hash()))
  same("ERR_DENIED", select(3, perform(asked)))
  same(true, asked:accept(again:hash()))
  same("src/main.c", perform(asked).path)
  same("ERR_DENIED", select(3, perform(asked)))
  same("src", assert(g:operation(c, { op = "fs.delete", path = "./src" })):path())
end

function M.table_operations_tells_them()
  local nature = gate.nature("fs.delete")
  same(true, nature.destructive and nature.risky and not nature.outward)
  nature = gate.nature("fs.write")
  same(false, nature.destructive or nature.risky or nature.outward)
  same(nil, gate.nature("fs.chmod"))
end

function M.explanation_tells_everything_against()
  local law = help.law()
  law.rules[2] = { id = "all", effect = "ask", tools = { "write_file" }, why = "everything is asked about" }
  g = assert(gate.build(law))
  local function rules(request)
    local list = {}
    for i, refusal in ipairs(g:explain(request)) do
      list[i] = refusal.decision .. " " .. refusal.rule
    end
    return table.concat(list, ", ")
  end
  same("", rules(help.request("read_file", { path = "src/main.c" }, root)))
  same("deny gate.path.name", rules(help.request("read_file", { path = ".env" }, root)))
  same("deny gate.secret, deny gate.path.escape, ask house.all",
    rules(help.request("write_file", { path = "../x", content = "AK" .. "IAIOSFODNN7EXAMPLE" }, root)))
  same("deny house.vendor, ask gate.confirm",
    rules(help.request("delete_file", { path = "vendor/lib.c" }, root)))
  local all = help.request("delete_file", { path = "vendor/lib.c" }, root)
  all.role, all.card, all.calls, all.scope = "integrity_guard", { id = "I", type = "issue", status = "done" },
    5000, { "src/**" }
  same("deny gate.role.tool, deny gate.card.status, deny gate.scope, deny house.vendor, deny gate.limit.calls, ask gate.confirm",
    rules(all))
  same("deny gate.tool.unknown, deny gate.args.json",
    rules({ role = "coder", card = help.card, tool = "x", arguments = "{" }))
  same("deny gate.tool.length, deny gate.role.unknown, deny gate.card.type, deny gate.args.json", rules({}))
  same("deny gate.card.type, deny gate.card.status, deny gate.args.schema, deny gate.path.escape",
    rules({ role = "coder", tool = "read_file", arguments = { path = 7 } }))
end

function M.explanation_begins_gate_itself()
  for _, tool in ipairs({ "write_file", "read_file", "delete_file", "nothing", "update_issue_status" }) do
    for _, path in ipairs({ "a", "../a", "vendor/a", ".git/x", "x.exe", "src/main.c" }) do
      for _, status in ipairs({ "in_progress", "done" }) do
        local request = help.request(tool, { path = path }, root)
        request.card = { id = "I", type = "issue", status = status }
        local _, refusal = g:call(request)
        local list, denies = g:explain(request), nil
        for _, one in ipairs(list) do
          denies = denies or one.decision == "deny" and one or nil
        end
        local first = denies or list[1]
        same(refusal and refusal.rule, first and first.rule)
        same(refusal and refusal.why, first and first.why)
      end
    end
  end
end

function M.rule_asks_says_where()
  local law = help.law()
  law.rules[1].effect, law.rules[1].where = "ask", "config/organization.json#/process_rules/gate/0"
  g = assert(gate.build(law))
  local _, refusal, asked = g:call(help.request("write_file", { path = "vendor/lib.c" }, root))
  same("config/organization.json#/process_rules/gate/0", refusal.where)
  asked:accept(asked:hash())
  local _, again, question = g:operation(asked, { op = "fs.write", path = "vendor/lib.c", content = "x" })
  same("house.vendor", again.rule)
  same(true, question:accept(question:hash()))
  same(1, perform(question).bytes)
end

function M.no_code_makes_permit()
  local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
  same("locked", getmetatable(p))
  raises(setmetatable, {}, getmetatable(p))
  raises(setmetatable, p, {})
  local methods = { perform = p.perform, take = p.take, hash = p.hash, content = p.content, size = p.size,
    store = p.store, kind = p.kind, path = p.path }
  for _, method in pairs(methods) do
    for _, fake in ipairs({ {}, "x", 1, io.stdout, doc.new({}), root, g,
      call("read_file", { path = "a" }) }) do
      raises(method, fake, print)
    end
  end
  raises(function() p.used = false end)
  for _, attempt in ipairs({ rawget, rawset, next }) do
    raises(attempt, p, "used", false)
  end
  same(nil, gate.permit)
  same(nil, gate.new)
end

function M.debug_library_makes_no()
  local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
  local mt = debug.getmetatable(p)
  local perform_method = p.perform
  for _, victim in ipairs({ doc.new({ op = "fs.write" }), root, call("read_file", { path = "a" }) }) do
    local real = debug.getmetatable(victim)
    debug.setmetatable(victim, mt)
    raises(perform_method, victim, print)
    debug.setmetatable(victim, real)
  end
end

function M.stores_what_it_wrote()
  local tx = { blob = function(self, bytes) self.bytes = bytes return "name" end }
  local p = permit("write_file", { op = "fs.write", path = "a", content = "caf\u{e9}" })
  same(5, p:size())
  raises(p.store, p, tx) -- not performed
  assert(perform(p))
  same("name", p:store(tx))
  same("caf\u{e9}", tx.bytes)
  for _, other in ipairs({ "x", 1, io.stdout, root, {} }) do
    raises(p.store, p, other)
  end
  local full = permit("write_file", { op = "fs.write", path = "src", content = "a directory is there" })
  same(nil, (perform(full)))
  raises(full.store, full, tx)
  local read = permit("read_file", { op = "fs.read", path = "a" })
  assert(perform(read))
  same(nil, read:size())
  raises(read.store, read, tx)
end

function M.permit_used_once()
  local p = permit("write_file", { op = "fs.write", path = "a", content = "first" })
  same(5, perform(p).bytes)
  assert(root:delete("a"))
  local _, _, code = perform(p)
  same("ERR_DENIED", code)
  same(nil, (root:read("a")))
  same("ERR_DENIED", select(3, p:take()))
  local inside = permit("write_file", { op = "fs.write", path = "b", content = "first" })
  inside:perform(function(written)
    same(5, written.bytes)
    same("ERR_DENIED", select(3, perform(inside)))
  end)
  local failed = permit("read_file", { op = "fs.read", path = "missing" })
  same("ERR_NOT_FOUND", select(3, perform(failed)))
  assert(root:write("missing", "now it is there"))
  same("ERR_DENIED", select(3, perform(failed)))
end

function M.permit_file_operation_taken()
  local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
  same("ERR_DENIED", select(3, p:take()))
  same(1, perform(p).bytes)
  local moved = assert(g:operation(call("update_issue_status", {}), { op = "card.comment", text = "x" }))
  same("ERR_DENIED", select(3, perform(moved)))
  same("x", moved:take().text)
end

function M.operation_cannot_be_changed()
  local op = { op = "fs.write", path = "a", content = "judged" }
  local p = permit("write_file", op)
  local before = p:hash()
  op.path, op.content = "vendor/a", "other"
  same(before, p:hash())
  same("judged", p:content())
  same("a", perform(p).path)
  same("judged", root:read("a"))
  local arguments = { path = "a" }
  local c = call("read_file", arguments)
  arguments.path = "../x"
  same("a", c:arguments():value().path)
end

function M.file_swapped_between_judgement()
  assert(root:write("dir/a", "inside"))
  local p = permit("read_file", { op = "fs.read", path = "dir/a" })
  local w = permit("write_file", { op = "fs.write", path = "dir/b", content = "mine" })
  local d = permit("delete_file", { op = "fs.delete", path = "dir/a" })
  os.rename(DIR .. "/dir", DIR .. "/moved")
  os.execute("ln -s ../outside " .. DIR .. "/dir")
  same("inside", perform(p).content)
  perform(w)
  same("mine", root:read("moved/b"))
  perform(d)
  same(nil, (root:read("moved/a")))
  local outside = fs.root(DIR .. "/../outside")
  same(1, #outside:list("."))
  same("outside", outside:read("secret.txt"))
  os.remove(DIR .. "/dir")
  local deep = permit("write_file", { op = "fs.write", path = "fresh/c", content = "mine" })
  os.execute("ln -s ../outside " .. DIR .. "/fresh")
  same(nil, (perform(deep)))
  same(1, #outside:list("."))
end

function M.file_swapped_between_call()
  assert(root:write("dir/a", "inside"))
  local r, w = call("read_file", { path = "dir/a" }), call("write_file", { path = "dir/b" })
  local d, x = call("delete_file", { path = "dir/a" }), call("write_file", { path = "dir/x" })
  os.rename(DIR .. "/dir", DIR .. "/moved")
  os.execute("ln -s ../outside " .. DIR .. "/dir")
  local function first(c, operation)
    return perform(assert(g:operation(c, operation)))
  end
  same("inside", first(r, { op = "fs.read", path = "dir/a" }).content)
  same("dir/b", first(w, { op = "fs.write", path = "dir/b", content = "mine" }).path)
  same("mine", root:read("moved/b"))
  first(d, { op = "fs.delete", path = "dir/a" })
  same(nil, (root:read("moved/a")))
  -- what comes later, or asks for another path, finds what is there now
  for c, operation in pairs({
    [r] = { op = "fs.read", path = "dir/a" }, [w] = { op = "fs.write", path = "dir/b", content = "" },
    [d] = { op = "fs.delete", path = "dir/a" }, [x] = { op = "fs.write", path = "./dir/x", content = "" },
  }) do
    same("gate.path.escape", select(2, g:operation(c, operation)).rule)
  end
  same("gate.path.escape", select(2, g:operation(x, { op = "fs.write", path = "dir/x", content = "" })).rule)
  same(1, #fs.root(DIR .. "/../outside"):list("."))
end

function M.call_refused_finished_closed()
  collectgarbage("stop")
  local function count()
    return #fs.root("/proc/self/fd"):list(".")
  end
  local before, kept = count(), {}
  for i = 1, 50 do
    g:call(help.request("write_file", { path = ".env" }, root))
    g:call(help.request("read_file", { path = "nowhere" }, root))
    call("read_file", { path = "src/main.c" }):close()
    kept[i] = call("read_file", { path = "src/main.c" })
    g:operation(kept[i], { op = "fs.read", path = ".env" })
    perform(permit("read_file", { op = "fs.read", path = "src/main.c" }))
    perform(permit("list_directory", { op = "fs.list", path = "src" }))
  end
  same(true, count() < before + 50, "descriptors:")
end

function M.no_file_reached_through()
  assert(root:write("a", "x"))
  local c = call("read_file", { path = "a" })
  local p = assert(g:operation(c, { op = "fs.read", path = "a" }))
  root:close()
  same("x", perform(p).content)
  local refused, why = g:operation(c, { op = "fs.read", path = "a" })
  same(nil, refused)
  same("gate.path.unresolved", why.rule)
  raises(g.call, g, help.request("read_file", { path = "a" }, root))
  local short = assert(fs.root(DIR))
  local again = g:call(help.request("read_file", { path = "a" }, short))
  short = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  same("x", perform(assert(g:operation(again, { op = "fs.read", path = "a" }))).content)
end

function M.there_no_permit_file()
  local c = assert(g:call(help.request("write_file", { path = "a", content = "x" })))
  same("allow", g:judge(c, { op = "fs.write", path = "a", content = "x" }).decision)
  same("gate.path.escape", g:judge(c, { op = "fs.write", path = "../a", content = "x" }).rule)
  local p, refusal = g:operation(c, { op = "fs.write", path = "a", content = "x" })
  same(nil, p)
  same("gate.path.unresolved", refusal.rule)
end

function M.call_another_gate_closed()
  local other, g2 = gate.build(help.law()), gate.build(help.law())
  local c, c2 = call("read_file", { path = "a" }), g2:call(help.request("read_file", { path = "a" }, root))
  raises(other.operation, other, c, { op = "fs.read", path = "a" })
  raises(g.operation, g, {}, { op = "fs.read", path = "a" })
  local p = assert(g:operation(c, { op = "fs.read", path = "src/main.c" }))
  do
    local closing <close> = g
  end
  raises(g.operation, g, c, { op = "fs.read", path = "a" })
  same(true, perform(p).bytes > 0)
  p = assert(g2:operation(c2, { op = "fs.read", path = "src/main.c" }))
  do
    local closing <close> = c2
  end
  raises(c2.hash, c2)
  raises(p.hash, p)
  raises(p.perform, p, print)
  raises(g2.operation, g2, c2, { op = "fs.read", path = "src/main.c" })
end

function M.malformed_operations_do_pass()
  local c = call("write_file", { path = "a" })
  local loop = {}
  loop.self = loop
  local odd = {
    "fs.write", 7, true, cjson.null, {}, { 1 }, { op = "fs.write" }, { op = 7, path = "a" }, loop,
    { op = "fs.write", path = "a", content = print }, { op = "fs.write\0", path = "a", content = "x" },
    { op = "fs.write", path = { "a" }, content = "x" }, { op = "fs.write", path = "a", content = { x = 1 } },
    { op = "fs.write", path = "a", content = "\xff" }, { op = "FS.WRITE", path = "a", content = "x" },
    { op = "fs.write", path = "a\nb", content = "x" }, { op = "fs.write", path = ("a/"):rep(100),
      content = "x" },
    setmetatable({}, { __index = { op = "fs.write", path = "a", content = "x" } }),
  }
  for i, operation in ipairs(odd) do
    local p, refusal = g:operation(c, operation)
    same(nil, p, "operation " .. i)
    same("deny", refusal.decision)
  end
  same(nil, (root:read("a")))
end

function M.rules_understood_full_refused()
  for _, spoil in ipairs({
    function(law) law.allow = true end,
    function(law) law.rules[1].effect = "allow" end,
    function(law) law.rules[1].path = { "x" } end,
    function(law) law.roles.human = { tools = law.roles.coder.tools } end,
    function(law) law.tools.read_file.schema.minimun = 1 end,
    function(law) law.tools.read_file.schema.properties.path.type = nil end,
    function(law) law.limits = { content = 2000000 } end,
    function(law) law.roles = nil end,
  }) do
    local law = help.law()
    spoil(law)
    local built, message = gate.build(law)
    same(nil, built)
    same("string", type(message))
  end
end

function M.no_job_gate_outlives()
  local p = permit("search_files", { op = "fs.search", path = ".", text = "needle" })
  p:perform(function() error("called after the end") end)
end

return M
