-- faults_spec.lua: the program with points of fault (core/base/fault.h) is killed and failed at them, and the
-- next run is held against the one that nothing happened to. A rotating part of the points each day; all of
-- them, many times: bench/evidence/faults.lua.

local faulty = dofile("tests/support/faulty.lua")
local orket = faulty.orket

local points = faulty.points()
local hits -- of the example, by point
local bed

-- Only cards over a large start come to these: layers_spec.lua.
local LAYERED = { file_hide = true, layer_sync = true, layer_rename = true, union_mount = true }

local DAY = tonumber(os.date("%j"))

setup(function()
  bed = faulty.new()
  hits = bed:record()
end)

teardown(function()
  bed:close()
end)

local function acts(point, act)
  return (" " .. point.acts .. " "):find(" " .. act .. " ", 1, true) ~= nil
end

-- Today's part of the points that the example hits and that act this way: one of every `part`.
local function todays(act, part)
  local chosen, i = {}, 0
  for _, point in ipairs(points) do
    if point.place ~= "everywhere" and acts(point, act) and hits[point.name] > 0 then
      i = i + 1
      if i % part == DAY % part then
        local surely = math.ceil(hits[point.name] * 0.6) -- two runs do not make the same groups of commits
        chosen[#chosen + 1] = point.name .. ":" .. math.random(surely) .. ":" .. act
      end
    end
  end
  assert(#chosen > 0)
  return chosen
end

local function assert_fine(try, fault)
  assert.equal(0, #try.problems, fault .. " (exit " .. try.code .. "):\n" .. table.concat(try.problems, "\n"))
end

describe("points of fault", function()
  it("there are at least 60 points of fault, each in the file that it names", function()
    assert(#points >= 60, #points)
    for _, point in ipairs(points) do
      if point.place ~= "everywhere" then
        local name = point.name:gsub("_before$", ""):gsub("_after$", "")
        assert(orket.read("core/" .. point.place):find("%f[%w_]" .. name .. "%f[^%w]") or
          orket.read("core/" .. point.place):find(name .. "_before", 1, true), point.name .. " is not in "
            .. point.place)
      end
    end
  end)

  it("each point of fault is hit by the example, by a person's acts beside it, or in the run after a kill",
    function()
    local beside <close> = faulty.new(25)
    local commented = beside:record(nil, true)
    local dir = bed:project()
    assert.equal(137, (bed:run(dir, { fault = "file_close_after:1:kill" })))
    local resumed = bed:record(dir)
    for _, point in ipairs(points) do
      assert(hits[point.name] > 0 or commented[point.name] > 0 or resumed[point.name] > 0
        or point.name:find("^restore_") -- those: backup_spec.lua
        or LAYERED[point.name:match("^(.*)_")], point.name .. " is never hit")
    end
  end)

  it("points of fault are not in the release build: no code, no names, and `orket faults` says so", function()
    local text, code = orket.run("faults")
    assert.equal(2, code)
    assert(text:find("fix: ", 1, true), text)
    local binary = orket.read(faulty.release)
    for _, point in ipairs(points) do
      assert(point.place == "everywhere" or not binary:find(point.name .. "\0", 1, true), point.name)
    end
    for _, name in ipairs({ "fault_hit", "fault_int", "fault_vfs_use", "__wrap_malloc" }) do
      assert(orket.read(faulty.faulty):find(name, 1, true), name)
      assert.is_nil(binary:find(name, 1, true), name)
    end
    assert.equal(0, (select(2, orket.shell("ORKET_FAULT=script_before:1:kill " .. faulty.release
      .. " version"))))
  end)

  it("ORKET_FAULT is refused with an unknown point, an unknown act or no number", function()
    for _, wrong in ipairs({ "nowhere:1:kill", "commit_before:1:eio", "commit_before:1:burn",
      "commit_before:0:kill",
      "commit_before:x:kill", "commit_before:1", "commit_before", "site:xyz:oom" }) do
      local text, code = orket.shell("ORKET_FAULT=" .. wrong .. " " .. faulty.faulty .. " version 2>&1")
      assert.equal(2, code, wrong)
      assert(text:find("ORKET_FAULT", 1, true) and text:find("fix: ", 1, true), text)
    end
  end)
end)

describe("a killed run", function()
  it("a kill before a commit and one after it leave different databases", function()
    local events = {}
    for i, fault in ipairs({ "commit_before:1:kill", "log_sync_before:1:kill", "commit_after:1:kill" }) do
      local dir = bed:project()
      assert.equal(137, (bed:run(dir, { fault = fault })))
      events[i] = #bed:events(dir)
    end
    assert.equal(0, events[1])
    assert(events[2] == 0 or events[2] == events[3], "a part of a commit is there")
    assert(events[3] >= 8, events[3])
  end)

  it("a kill at any point leaves what the next run completes as the unkilled one did", function()
    for _, fault in ipairs(todays("kill", 10)) do
      local try = bed:try(fault)
      assert.equal(137, try.code, fault)
      assert_fine(try, fault)
    end
  end)

  it("a kill at any hit of any point leaves what the next run completes as the unkilled one did", function()
    for _ = 1, 4 do
      local fault = "allocation:" .. math.random(hits.allocation) .. ":kill"
      assert_fine(bed:try(fault), fault)
    end
  end)

  it("a kill while a person's request is answered loses nothing that was acknowledged", function()
    local beside <close> = faulty.new(25)
    for _, point in ipairs({ "answer_before", "answer_after" }) do
      local dir = beside:project()
      local code, said = beside:commented(dir, point .. ":1:kill")
      assert.equal(137, code)
      local comments = 0
      for _, event in ipairs(beside:events(dir)) do
        comments = comments + (event.kind == "comment.added" and event.card == "TK-7" and 1 or 0)
      end
      assert.equal(1, comments)
      assert(said == 0 or point == "answer_before", said)
    end
  end)

  it("a kill between the last merge and its files is made good by the next run, though no card is left",
    function()
    local try = bed:try("publish_before:" .. hits.publish_before .. ":kill")
    assert.equal(137, try.code)
    assert_fine(try, "the last publish_before")
  end)

  it("a kill around the publication of changed scripts leaves each turn those that it began with", function()
    local reload = dofile("tests/support/reload.lua")
    local before = reload.hits() -- the next hit of a point is the reload's
    for i, point in ipairs({ "script_before", "script_after", "generation_before", "generation_after" }) do
      if i % 2 == DAY % 2 then
        local try = reload.try(point .. ":" .. before[point] + 1 .. ":kill")
        assert.equal(137, try.code, point)
        assert_fine(try, point)
      end
    end
    local try = reload.try("", "recorded")
    assert.equal(137, try.code)
    assert_fine(try, "recorded")
  end)

  it("a kill among effects beyond the tree repeats none of them, and the board is the unkilled one's",
    function()
    local effects = dofile("tests/support/effects.lua")
    local among <close> = effects.new()
    local of = among:hits()
    for _ = 1, 3 do
      local fault = "any:" .. math.random(math.ceil(of.any * 0.9)) .. ":kill"
      local try = among:try(fault)
      assert.equal(137, try.code, fault)
      assert_fine(try, fault)
    end
  end)

  it("a kill in the middle of a write leaves nothing in the tree", function()
    local try = bed:try("file_mode_before:1:kill")
    assert.equal(137, try.code)
    assert_fine(try, "file_mode_before")
  end)

  it("a kill keeps the count of what the gate refused", function()
    local try = bed:try("event_before:129:kill") -- after the refusal of TK-4
    assert_fine(try, "event_before:129")
  end)
end)

describe("a failing host", function()
  local function fail_at(act, part)
    for _, fault in ipairs(todays(act, part)) do
      local is_seen = fault:find("^spawn_") or fault:find("^connect_") -- a card is parked, an attempt counted
      assert_fine(bed:try(fault, { retries = is_seen }), fault)
    end
  end

  it("a failure that is reported brings no old bytes back of a file that another has replaced", function()
    for hit = 1, 3 do
      local fault = "file_rename_after:" .. hit .. ":eio"
      assert_fine(bed:try(fault), fault)
    end
  end)

  it("a failure of the disk at any point is reported with its code and its fix, or made good; then the run completes", function()
    fail_at("eio", 12)
  end)

  it("a failure to remove the replaced file does not undo the write", function()
    for hit = 1, 3 do
      local try = bed:try("file_remove_after:" .. hit .. ":eio", { retries = true })
      assert.equal(0, try.code, try.err)
      assert_fine(try, "file_remove_after:" .. hit)
    end
  end)

  -- Of a command's stacks one of every `calls` that call the system, and of every `memories` that allocate.
  local function todays_sites(dir, arguments, calls, memories)
    local sites, faults = bed:sites(dir, arguments), {}
    table.sort(sites, function(a, b)
      return a.stack < b.stack
    end)
    for i, site in ipairs(sites) do
      local memory = site.what == "memory"
      local part = memory and memories or calls
      if i % part == DAY % part then
        faults[#faults + 1] = "site:" .. site.stack .. (memory and ":oom" or ":eio")
      end
    end
    return faults
  end

  -- Nothing else is said than what failed, and the cure.
  local function blames_the_machine(text)
    for line in text:gmatch("[^\n]+") do
      if not (line:find("^  fix: ") or line:find("^%d+ errors?$") or line:find("ERR_IO: ", 1, true) or
        line:find("ERR_MEMORY: ", 1, true)) then
        return false
      end
    end
    return text:find("  fix: ", 1, true) ~= nil
  end

  it("a failure to read a project is reported as that, never as a project that is wrong or not there",
    function()
    local dir = bed:project()
    for _, path in ipairs({ "roles/coder.lua", "nodes/policy.lua" }) do
      orket.write(dir .. "/" .. path, orket.read(path))
    end
    local _, sound = bed:run(dir, { arguments = "validate" })
    assert(sound:find("^ok: "), sound)
    local told = 0
    for _, fault in ipairs(todays_sites(dir, "validate", 1, 3)) do
      local code, out, err = bed:run(dir, { fault = fault, arguments = "validate" })
      assert(code == 0 and out == sound or code == 1 and blames_the_machine(out .. err), fault .. "\n" .. out
        .. err)
      told = told + code
    end
    assert(told > 30, told)
  end)

  it("a failure while the journal is checked or exported is reported, accuses no journal and passes over nothing", function()
    local dir = bed:project()
    assert.equal(0, (bed:run(dir)))
    for _, command in ipairs({ "check", "export -o bundle textkit.1" }) do
      local code, sound = bed:run(dir, { arguments = command })
      assert.equal(0, code, sound)
      for _, fault in ipairs(todays_sites(dir, command, 6, 12)) do
        local out, err
        code, out, err = bed:run(dir, { fault = fault, arguments = command })
        assert(code == 0 and out == sound or code == 1 and out == "" and err:find("ERR_%u+")
          and err:find("fix: ", 1, true),
          command .. " " .. fault .. ": " .. code .. "\n" .. out .. err)
      end
    end
  end)

  it("a full disk at any point is reported or made good; then the run completes", function()
    fail_at("enospc", 14)
  end)

  it("missing memory at any point is reported or made good; then the run completes", function()
    fail_at("oom", 14)
  end)

  it("a failed allocation anywhere is reported or made good; then the run completes", function()
    for _ = 1, 4 do
      local fault = "allocation:" .. math.random(hits.allocation) .. ":oom"
      assert_fine(bed:try(fault, { retries = true }), fault)
    end
  end)
end)
