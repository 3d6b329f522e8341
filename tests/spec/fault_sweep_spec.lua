-- fault_sweep_spec.lua: the host fails in some way, somewhere; afterwards the run goes on to what an
-- undisturbed one comes to, and nothing of it is an agent's. A few cases of each kind, chosen by SEED= (1);
-- all of them: bench/evidence/sweep.lua.

local faulty = dofile("tests/support/faulty.lua")
local orket = dofile("tests/support/orket.lua")
local sweep = dofile("tests/support/sweep.lua")

local bed, cases -- cases by section

setup(function()
  math.randomseed(tonumber(os.getenv("SEED")) or 1)
  bed = sweep.bed()
  local hits, sites = bed:record()
  cases = {}
  for _, list in ipairs({ sweep.points(hits), sweep.stacks(sites), sweep.limits(12) }) do
    for _, case in ipairs(list) do
      cases[case.section] = cases[case.section] or {}
      table.insert(cases[case.section], case)
    end
  end
end)

teardown(function()
  bed:close()
end)

local function assert_unharmed(case)
  local one = bed:sweep(case)
  assert(#one.problems == 0, case.name .. " (exit " .. one.code .. "):\n" .. table.concat(one.problems, "\n"))
end

describe("fault sweep", function()
  local FAILURES = {
    { "kill", "killed it" }, { "eio", "failed a call" }, { "enospc", "had no space" },
    { "enomem", "had no memory for a call" },
    { "emfile", "had no descriptor once" }, { "nofile", "had no descriptor any more" },
    { "oom", "failed an allocation" },
    { "term", "sent SIGTERM" }, { "int", "sent SIGINT" }, { "hup", "sent SIGHUP" },
    { "stop", "stopped it and let it go on" }, { "stacks eio", "failed a call of one stack" },
    { "stacks oom", "failed an allocation of one stack" },
    { "stacks emfile", "had no descriptor for one stack" },
    { "descriptors", "let it have few descriptors" }, { "address space", "let it have little memory" },
  }
  for _, failure in ipairs(FAILURES) do
    it("a run comes to what an undisturbed one does after the host " .. failure[2], function()
      local of = cases[failure[1]]
      for _ = 1, 2 do
        assert_unharmed(table.remove(of, math.random(#of)))
      end
    end)
  end
end)

describe("fault sweep", function()
  it("a verification that cannot be isolated parks its card, and the run is replayed as it was recorded",
    function()
    local dir = bed:project()
    local code, out, err = bed:run(dir, { fault = "spawn_before:5:enospc" })
    assert.equal(3, code, out .. err)
    assert(out:find("ERR_JAIL", 1, true), out)
    local report, replayed = orket.shell(faulty.release .. " replay --strict -C " .. dir .. " textkit.1 2>&1")
    assert.equal(0, replayed, report)
  end)
end)

describe("fault sweep", function()
  it("a write that the disk denies and has made is not undone: the file has what was written, or the run stops",
    function()
    for hit = 1, 2 do
      assert_unharmed({ name = "file_rename_after:" .. hit, fault = "file_rename_after:" .. hit .. ":eio" })
    end
  end)
end)

describe("fault sweep", function()
  it("a program without memory ends, also where its reports are written into a directory that it watches",
    function()
    local one = bed:sweep({ fault = "file_write_after:26:starve" })
    assert.equal(1, one.code)
    assert.equal(0, #one.problems, table.concat(one.problems, "\n"))
  end)

  -- One of every `part` stacks that allocate fails.
  it("a program without memory judges nothing: neither a call nor a JSON text is wrong because of it",
    function()
    local dir, part, rest, raised = bed.dir .. "/judged", 3, math.random(0, 2), 0
    sweep.faulty.orket.run("init " .. dir)
    sweep.faulty.orket.write(dir .. "/call.json",
      '{"role": "coder", "card": {"id": "I-1", "type": "issue", "status": "in_progress"}, '
      .. [["tool": "write_file", "arguments": "{\\"path\\": \\"a/b.txt\\", \\"content\\": \\"x\\"}"}]])
    for _, command in ipairs({ "try gate . call.json", "try json call.json" }) do
      local _, sound = bed:run(dir, { arguments = command })
      for i, site in ipairs(bed:sites(dir, command)) do
        if site.what == "memory" and i % part == rest then
          local fault = "site:" .. site.stack .. ":oom"
          local code, out, err = bed:run(dir, { fault = fault, arguments = command })
          local is_told = code ~= 0 and (out .. err):find("memory", 1, true)
          assert(out == sound or is_told and not out:find('"decision":"deny"', 1, true)
            and not out:find('"ok":false', 1, true),
            command .. " " .. fault .. "\n" .. out .. err)
          raised = raised + (is_told and 1 or 0)
        end
      end
    end
    assert(raised > 0)
  end)

  it("a program without memory does not accuse the journal, a schema or a script", function()
    for _, fault in ipairs({ "script_after:19:oom", "file_rename_before:2:oom", "event_after:40:starve",
      "hand_back_before:45:starve",
      "log_sync_before:5:starve" }) do
      local one = bed:sweep({ fault = fault })
      assert.is_nil(one.err:find("ERR_STORE_CORRUPT", 1, true) or one.err:find("ERR_S[CK]%u+_%u+")
        or one.err:find("ERR_CONFIG", 1, true) or one.err:find("ERR_BUG", 1, true), one.err)
      assert.equal(0, #one.problems, fault .. table.concat(one.problems, "\n"))
    end
  end)
end)
