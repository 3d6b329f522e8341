-- attack_files_spec.lua: a directory that somebody hostile filled, put to every command that reads it.

local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")

local COMMANDS = { "validate %s", "sync -C %s", "export-cards -C %s", "board -C %s", "board --json -C %s",
  "check %s", "run -C %s hello" }

local DIRECTORIES = {
  ["nests deeply"] = "python3 -c 'print(\"[\" * 200000)' > config/organization.json",
  ["holds NULs"] = "printf '{\"name\":\"a\\0b\"}' > config/epics/hello.json",
  ["is huge"] = "head -c 17M /dev/zero > config/teams/standard.json",
  ["steers terminals"] = [[printf '{"\\u001b[2J\\u009b31m":1,"name":"\\u001b]0;x\\u0007"}' > config/epics/"$(printf 'he\033[2Jllo')".json
    printf '{"\\u009b31m":1,"seats":{"\\u001b[2J":{"roles":["\\u202e"]}}}' > config/teams/standard.json
    mkdir roles; printf 'return \033[2J' > roles/"$(printf 'x\033[31m')".lua]],
  ["links out"] = "ln -sf /etc/passwd config/organization.json; ln -s / roles; ln -s /etc verification/x",
  ["blocks readers"] = "rm config/organization.json; mkfifo config/organization.json; mkdir tools; mkfifo tools/x.lua",
  ["has no files but directories"] = "rm config/organization.json; mkdir config/organization.json config/epics/x.json",
}

describe("attack files", function()
  local dir

  before_each(function()
    dir = hostile.project()
  end)

  after_each(function()
    hostile.remove(dir)
  end)

  for name, make in pairs(DIRECTORIES) do
    it("a hostile directory that " .. name .. " is described in words", function()
      orket.write(dir .. "/make.sh", "cd " .. dir .. "/p\n" .. make .. "\n")
      os.execute("sh " .. dir .. "/make.sh")
      for _, command in ipairs(COMMANDS) do
        local text, code = orket.shell("timeout 20 " .. orket.binary .. " " .. command:format(dir .. "/p")
          .. " 2>&1")
        assert(code <= 3 and text ~= "", command .. " " .. code .. text)
        assert(hostile.is_clean(text) and not text:find("traceback", 1, true)
          and not text:find("root:", 1, true), command .. text)
      end
      assert.equal(1, (select(2, orket.run("validate " .. dir .. "/p"))))
    end)
  end
end)
