-- attack_model_spec.lua: a model that wants out: every reply is hostile, the run ends as it should.

local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")

describe("attack model", function()
  local dir

  after_each(function()
    hostile.remove(dir)
  end)

  it("a hostile model steers no terminal, whatever it says", function()
    dir = hostile.project()
    local text, code = hostile.run(dir, [=[
      local evil = "\27[2J\27]0;pwned\7\r\8\127\u{9b}31m\u{202e}x\u{85}\0y"
      return { { content = evil, reasoning = evil, calls = {
        { id = evil, name = "add_issue_comment", arguments = { comment = evil } },
        { id = evil, name = evil, arguments = { [evil] = evil } },
        { name = "write_file", arguments = { path = evil, content = evil } },
        { name = "write_file", arguments = { path = "a\u{9b}31mb", content = evil } },
        { name = "read_file", arguments = { path = "x\u{9b}" } },
      } }, { calls = { { name = "request_excuse", arguments = { reason = evil .. evil } } } } }
    ]=])
    assert.equal(3, code, text)
    for _, said in ipairs({ text, hostile.ask(dir, "show", "H-1"), hostile.ask(dir, "show", "--json H-1"),
      hostile.ask(dir, "board"), hostile.ask(dir, "board", "--json"), hostile.ask(dir, "log"),
      hostile.ask(dir, "log", "--json"), (orket.run("check " .. dir .. "/p")) }) do
      assert(hostile.is_clean(said), said)
    end
  end)

  it("a hostile model reaches nothing outside its tree by any spelling", function()
    dir = hostile.project({ ["outside.txt"] = "OUTSIDE" })
    local text, code = hostile.run(dir, [=[
      local calls = {}
      for _, path in ipairs({ "../outside.txt", "../../../outside.txt", "/etc/passwd", "./../x", "a/../../x", "a/..", "..",
        ".git/config", ".GIT/config", "a/.Git/hooks/x", ".env", ".ENV", "x/.env.local", ".env/", "./.env", ".//.env",
        ".git\u{200c}/config", ".orket/orket.db", ".orket-tmp-1", "id_rsa", "ID_RSA", "secrets.json", "x.PEM", "a\nb", "a\0b", "",
        ".", "./", "//", "\u{2024}\u{2024}/x", "..\u{2f}..\u{2f}x", "\\..\\x", "~/x", "~root/x", "a/", "/proc/self/environ",
        "proc/self/fd/0", ("d/"):rep(65) .. "f", ("n"):rep(256), ("a/"):rep(2100) .. "f" }) do
        for _, tool in ipairs({ "write_file", "delete_file", "read_file", "list_directory" }) do
          calls[#calls + 1] = { name = tool, arguments = { path = path, content = "x" } }
        end
        if #calls > 120 then break end
      end
      return { { calls = calls } }
    ]=])
    assert.equal(0, code, text)
    assert.equal("OUTSIDE", orket.read(dir .. "/p/outside.txt"))
    for _, event in ipairs(hostile.events(dir, "file.written")) do
      local path = event.body.path
      assert(not path:lower():find("^%.git/") and not path:lower():find("%.env$")
        and not path:find("..", 1, true), path)
    end
  end)

  it("a hostile model sends names, numbers, ids and arguments that nobody expects", function()
    dir = hostile.project()
    local text, code = hostile.run(dir, [=[
      local long = ("n"):rep(1000)
      return { { usage = { prompt_tokens = -1e300, completion_tokens = 1e300 }, calls = {
        { id = "same", name = "list_directory", arguments = {} }, { id = "same", name = "list_directory", arguments = {} },
        { id = "", name = "list_directory", arguments = "null" }, { id = "../x\n", name = "list_directory", arguments = "[]" },
        { name = long, arguments = {} }, { name = "", arguments = {} }, { name = "../../roles/coder", arguments = {} },
        { name = "__index", arguments = {} }, { name = "list_directory\0", arguments = {} },
        { name = "read_file", arguments = '{"path":"a","offset":-1}' }, { name = "read_file", arguments = '{"path":"a","limit":1e308}' },
        { name = "read_file", arguments = '{"path":"a","path":"../b"}' }, { name = "read_file", arguments = '{"path":"a"}{"path":"b"}' },
        { name = "report_credits", arguments = '{"amount":-5}' }, { name = "report_credits", arguments = '{"amount":1e999}' },
        { name = "report_credits", arguments = '{"amount":99999999999999999999}' },
        { name = "search_files", arguments = '{"path":".","text":"' .. ("("):rep(500) .. '"}' },
        { name = "write_file", arguments = ("["):rep(100000) }, { name = "write_file", arguments = '{"path":"\\ud800","content":""}' },
        { name = "create_issue", arguments = '{"seat":"nobody/..","summary":"a new card","priority":-1e300}' },
        { name = "update_issue_status", arguments = { status = "done" } }, { name = "update_issue_status", arguments = { status = "archived" } },
        { name = "update_issue_status", arguments = { status = "ready\n" } },
      } } }
    ]=])
    assert.equal(0, code, text)
    assert.equal("done", hostile.statuses(dir)["H-1"])
    assert.equal("sound", (orket.run("check " .. dir .. "/p"):match("^%a+")))
  end)

  it("a hostile model gets no reply accepted with more calls than a reply may have", function()
    dir = hostile.project()
    local text, code = hostile.run(dir, [=[
      local calls = {}
      for i = 1, 10000 do calls[i] = { id = "x", name = "list_directory", arguments = {} } end
      return { { calls = calls } }
    ]=])
    assert.equal(3, code, text)
    assert(text:find("more than 1024 calls", 1, true), text)
  end)

  it("a hostile model floods the board and the card in vain", function()
    dir = hostile.project({ ["config/teams/standard.json"] = { name = "Standard", seats = {
      coder = { name = "Coder", roles = { "lead_architect" }, model = "coder" },
      guard = { name = "Guard", roles = { "integrity_guard" }, model = "reviewer" },
    } } })
    local text = hostile.run(dir, [=[
      local replies = {}
      for r = 1, 1 do
        local calls = {}
        for i = 1, 30 do
          calls[2 * i - 1] = { name = "create_issue", arguments = { seat = "coder", summary = "flood " .. r .. "." .. i } }
          calls[2 * i] = { name = "add_issue_comment", arguments = { comment = "flood" } }
        end
        replies[r] = { calls = calls }
      end
      return replies
    ]=])
    local cards = 0
    for _ in pairs(hostile.statuses(dir)) do
      cards = cards + 1
    end
    assert.equal(102, cards, text:sub(-3000))
    local most, per = 0, {}
    for _, event in ipairs(hostile.events(dir, "card.created")) do
      local turn = event.run ~= "board" and event.turn
      if turn then
        per[turn] = (per[turn] or 0) + 1
        most = math.max(most, per[turn])
      end
    end
    assert.equal(20, most)
  end)
end)
