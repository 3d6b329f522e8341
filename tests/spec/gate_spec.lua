-- gate_spec.lua: the gate and its permits, from trusted Lua inside the binary; then everything that
-- somebody might try in order to get an effect without the gate's yes.

local orket = dofile("tests/support/orket.lua")

local PREAMBLE = orket.read("tests/support/probes/gate_world.lua")

local function probe(chunk)
  local dir = orket.directory()
  orket.write(dir .. "/outside/secret.txt", "outside")
  orket.write(dir .. "/tree/src/main.c", "int main(void)\n{\n    return 0; // needle\n}\n")
  orket.write(dir .. "/tree/vendor/lib.c", "needle in vendor\n")
  orket.write(dir .. "/tree/.env", "needle=in the environment\n")
  os.execute("ln -s ../outside " .. dir .. "/tree/way_out; ln -s src/main.c " .. dir .. "/tree/main_link")
  local text = orket.probe(PREAMBLE .. chunk .. "\nprint('fine')", "DIR=" .. dir .. "/tree ")
  orket.remove(dir)
  assert.equal("fine\n", text)
end

describe("the gate", function()
  it("shows of a call what it would show of one that it judged", function()
    probe([[
      local more = doc.new({ labels = { "a" }, risky = true })
      for _, path in ipairs({ "a.txt", "./x//b.txt", "\u{e9}/" .. ("y"):rep(300) }) do
        local text = cjson.encode({ path = path })
        local allowed = g:call(help.request("read_file", text, nil))
        local r = help.request("read_file", text, nil)
        local shown = g:show(r.role, r.card, "read_file", text, more)
        if allowed then
          same(allowed:view(more):encode(), shown:encode())
          same(allowed:view({ labels = { "a" }, risky = true }):encode(), shown:encode())
          more, allowed = doc.new(more:value()), nil
          collectgarbage()
        end
        same(path, shown:value().arguments.path)
      end
      same(nil, g:show("coder", { id = "A", type = "issue", status = "ready" }, "read_file", "{", nil))
      same(false, (pcall(g.show, g, "coder", { id = "A" }, "read_file", "{}", nil)))
    ]])
  end)

  it("allows a call and answers its arguments once parsed", function()
    probe([[
      local c = call("write_file", '{"path":"./src//new.c","content":"x"}')
      same("src/new.c", g:operation(c, { op = "fs.write", path = "./src//new.c", content = "x" }):path())
      same("./src//new.c", c:arguments():value().path)
      same("write_file", c:tool())
      same(64, #c:hash())
      same(c:hash(), call("write_file", { path = "./src//new.c", content = "x" }):hash())
      same(c:hash(), call("write_file", doc.new({ path = "./src//new.c", content = "x" })):hash())
    ]])
  end)

  it("refuses with rule, why and fix", function()
    probe([[
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
    ]])
  end)

  it("lets a missing file through to the tool, and judges it by its name", function()
    probe([[
      local c = call("read_file", { path = "nowhere/x" })
      local p = assert(g:operation(c, { op = "fs.read", path = "nowhere/x" }))
      local result, message, code = perform(p)
      same(nil, result)
      same("ERR_NOT_FOUND", code)
      same(nil, (g:operation(c, { op = "fs.read", path = "nowhere/.env" })))
      same("ERR_NOT_FILE", select(3, perform(permit("read_file", { op = "fs.read", path = "src" }))))
    ]])
  end)

  it("performs what it permitted", function()
    probe([[
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
    ]])
  end)

  it("searches off the loop, and passes over what the call may not read", function()
    probe([[
      async.main(function()
        local p = permit("search_files", { op = "fs.search", path = ".", text = "needle" })
        local found = assert(async.await(p.perform, p))
        same(1, #found.matches)
        same("src/main.c", found.matches[1].path)
        same(3, found.matches[1].line)
        same("    return 0; // needle", found.matches[1].text)
        p = permit("search_files", { op = "fs.search", path = "src/main.c", text = "main" })
        same(1, #assert(async.await(p.perform, p)).matches)
        p = permit("search_files", { op = "fs.search", path = ".", text = "\n    return" }) -- a text may have several lines
        found = assert(async.await(p.perform, p))
        same(1, #found.matches)
        same(2, found.matches[1].line)
        same(nil, found.more)
        p = permit("search_files", { op = "fs.search", path = "src", text = "nothing like it" })
        same("[]", cjson.encode(assert(async.await(p.perform, p)).matches))
        same("ERR_DENIED", select(3, async.await(p.perform, p)))
        return 0
      end)
    ]])
  end)

  it("reads a file that is shown as it is whole, and none of 100 MB", function()
    probe([[
      local name = DIR .. "/big.pdf"
      os.execute("printf '%%PDF-1.7' > " .. name .. "; printf 'a\\377b' > " .. DIR .. "/small")
      same("a\xffb", perform(permit("read_file", { op = "fs.attach", path = "small" })).content)
      os.execute("truncate -s 100M " .. name)
      same("ERR_TOO_LARGE", select(3, perform(permit("read_file", { op = "fs.attach", path = "big.pdf" }))))
    ]])
  end)

  it("hands card operations out as records", function()
    probe([[
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
    ]])
  end)
end)

describe("an operation that destroys", function()
  it("a call that destroys waits for a person, who says yes to exactly that", function()
    probe([[
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
    ]])
  end)

  it("an operation that destroys is asked about by itself when the call did not name it", function()
    probe([[
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
    ]])
  end)

  it("the table of operations tells which of them destroy", function()
    probe([[
      local nature = gate.nature("fs.delete")
      same(true, nature.destructive and nature.risky and not nature.outward)
      nature = gate.nature("fs.write")
      same(false, nature.destructive or nature.risky or nature.outward)
      same(nil, gate.nature("fs.chmod"))
    ]])
  end)
end)

describe("gate.explain", function()
  it("an explanation tells everything that is against a call, each check by itself", function()
    probe([[
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
      same("deny house.vendor, ask gate.confirm", rules(help.request("delete_file", { path = "vendor/lib.c" }, root)))
      local all = help.request("delete_file", { path = "vendor/lib.c" }, root)
      all.role, all.card, all.calls, all.scope = "integrity_guard", { id = "I", type = "issue", status = "done" }, 5000, { "src/**" }
      same("deny gate.role.tool, deny gate.card.status, deny gate.scope, deny house.vendor, deny gate.limit.calls, ask gate.confirm",
        rules(all))
      same("deny gate.tool.unknown, deny gate.args.json", rules({ role = "coder", card = help.card, tool = "x", arguments = "{" }))
      same("deny gate.tool.length, deny gate.role.unknown, deny gate.card.type, deny gate.args.json", rules({}))
      same("deny gate.card.type, deny gate.card.status, deny gate.args.schema, deny gate.path.escape",
        rules({ role = "coder", tool = "read_file", arguments = { path = 7 } }))
    ]])
  end)

  it("an explanation begins with what the gate itself says", function()
    probe([[
      for _, tool in ipairs({ "write_file", "read_file", "delete_file", "nothing", "update_issue_status" }) do
        for _, path in ipairs({ "a", "../a", "vendor/a", ".git/x", "x.exe", "src/main.c" }) do
          for _, status in ipairs({ "in_progress", "done" }) do
            local request = help.request(tool, { path = path }, root)
            request.card = { id = "I", type = "issue", status = status }
            local call, refusal = g:call(request)
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
    ]])
  end)
end)

describe("a rule that asks", function()
  it("a rule that asks says where it stands, and waits for a yes as well", function()
    probe([[
      local law = help.law()
      law.rules[1].effect, law.rules[1].where = "ask", "config/organization.json#/process_rules/gate/0"
      g = assert(gate.build(law))
      local _, refusal, asked = g:call(help.request("write_file", { path = "vendor/lib.c" }, root))
      same("config/organization.json#/process_rules/gate/0", refusal.where)
      asked:accept(asked:hash())
      local _, again, permit = g:operation(asked, { op = "fs.write", path = "vendor/lib.c", content = "x" })
      same("house.vendor", again.rule)
      same(true, permit:accept(permit:hash()))
      same(1, perform(permit).bytes)
    ]])
  end)
end)

describe("permits", function()
  it("no code makes a permit without the gate", function()
    probe([[
      local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
      same("locked", getmetatable(p))
      raises(setmetatable, {}, getmetatable(p))
      raises(setmetatable, p, {})
      local methods = { perform = p.perform, take = p.take, hash = p.hash, content = p.content, size = p.size, store = p.store, kind = p.kind, path = p.path }
      for name, method in pairs(methods) do
        for _, fake in ipairs({ {}, "x", 1, io.stdout, doc.new({}), root, g, call("read_file", { path = "a" }) }) do
          raises(method, fake, print)
        end
      end
      raises(function() p.used = false end)
      for _, attempt in ipairs({ rawget, rawset, next }) do
        raises(attempt, p, "used", false)
      end
      same(nil, gate.permit)
      same(nil, gate.new)
    ]])
  end)

  it("the debug library makes no permit of another userdata", function()
    probe([[
      local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
      local mt = debug.getmetatable(p)
      local perform_method = p.perform
      for _, victim in ipairs({ doc.new({ op = "fs.write" }), root, call("read_file", { path = "a" }) }) do
        local real = debug.getmetatable(victim)
        debug.setmetatable(victim, mt)
        raises(perform_method, victim, print)
        debug.setmetatable(victim, real)
      end
    ]])
  end)

  it("stores what was not written with a permit, or anywhere but in a transaction", function()
    probe([[
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
    ]])
  end)

  it("a permit is used once", function()
    probe([[
      local p = permit("write_file", { op = "fs.write", path = "a", content = "first" })
      same(5, perform(p).bytes)
      assert(root:delete("a"))
      local result, message, code = perform(p)
      same("ERR_DENIED", code)
      same(nil, (root:read("a")))
      same("ERR_DENIED", select(3, p:take()))
      local inside = permit("write_file", { op = "fs.write", path = "b", content = "first" })
      inside:perform(function(result)
        same(5, result.bytes)
        same("ERR_DENIED", select(3, perform(inside)))
      end)
      local failed = permit("read_file", { op = "fs.read", path = "missing" })
      same("ERR_NOT_FOUND", select(3, perform(failed)))
      assert(root:write("missing", "now it is there"))
      same("ERR_DENIED", select(3, perform(failed)))
    ]])
  end)

  it("a permit of a file operation is not taken, and one of a card operation is not performed", function()
    probe([[
      local p = permit("write_file", { op = "fs.write", path = "a", content = "x" })
      same("ERR_DENIED", select(3, p:take()))
      same(1, perform(p).bytes)
      local moved = assert(g:operation(call("update_issue_status", {}), { op = "card.comment", text = "x" }))
      same("ERR_DENIED", select(3, perform(moved)))
      same("x", moved:take().text)
    ]])
  end)

  it("an operation cannot be changed after it was judged", function()
    probe([[
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
    ]])
  end)

  it("a file that is swapped between judgement and effect is not written", function()
    probe([[
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
    ]])
  end)

  it("a file that is swapped between a call and its first operation is not written", function()
    probe([[
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
    ]])
  end)

  it("a call that is refused, finished or closed holds no files open", function()
    probe([[
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
    ]])
  end)

  it("no file is reached through a root that is closed or gone", function()
    probe([[
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
      short = nil
      collectgarbage()
      collectgarbage()
      same("x", perform(assert(g:operation(again, { op = "fs.read", path = "a" }))).content)
    ]])
  end)

  it("there is no permit of a file operation without a root", function()
    probe([[
      local c = assert(g:call(help.request("write_file", { path = "a", content = "x" })))
      same("allow", g:judge(c, { op = "fs.write", path = "a", content = "x" }).decision)
      same("gate.path.escape", g:judge(c, { op = "fs.write", path = "../a", content = "x" }).rule)
      local p, refusal = g:operation(c, { op = "fs.write", path = "a", content = "x" })
      same(nil, p)
      same("gate.path.unresolved", refusal.rule)
    ]])
  end)

  it("a call of another gate, or of a closed one, is refused", function()
    probe([[
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
    ]])
  end)

  it("malformed operations do not pass the gate", function()
    probe([[
      local c = call("write_file", { path = "a" })
      local loop = {}
      loop.self = loop
      local odd = {
        "fs.write", 7, true, cjson.null, {}, { 1 }, { op = "fs.write" }, { op = 7, path = "a" }, loop,
        { op = "fs.write", path = "a", content = print }, { op = "fs.write\0", path = "a", content = "x" },
        { op = "fs.write", path = { "a" }, content = "x" }, { op = "fs.write", path = "a", content = { x = 1 } },
        { op = "fs.write", path = "a", content = "\xff" }, { op = "FS.WRITE", path = "a", content = "x" },
        { op = "fs.write", path = "a\nb", content = "x" }, { op = "fs.write", path = ("a/"):rep(100), content = "x" },
        setmetatable({}, { __index = { op = "fs.write", path = "a", content = "x" } }),
      }
      for i, operation in ipairs(odd) do
        local p, refusal = g:operation(c, operation)
        same(nil, p, "operation " .. i)
        same("deny", refusal.decision)
      end
      same(nil, (root:read("a")))
    ]])
  end)

  it("rules that are not understood in full are refused", function()
    probe([[
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
        local built, message, code = gate.build(law)
        same(nil, built)
        same("string", type(message))
      end
    ]])
  end)

  it("no job of the gate outlives the program", function()
    probe([[
      local p = permit("search_files", { op = "fs.search", path = ".", text = "needle" })
      p:perform(function() error("called after the end") end)
    ]])
  end)
end)
