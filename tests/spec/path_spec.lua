-- path_spec.lua: `orket try path` and orket.core.fs through the real binary.

local ORKET = os.getenv("ORKET") or "build/orket"

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  local _, _, code = pipe:close()
  return text, code
end

local function world()
  local dir = capture("mktemp -d"):gsub("%s+$", "")
  os.execute(("cd %s && mkdir -p root/dir && echo secret > secret && echo x > root/file && echo x > root/dir/f && " ..
    "ln -s ../secret root/out && ln -s dir root/in && ln -s gone root/dangling && mkfifo root/fifo"):format(dir))
  return dir
end

describe("path", function()
  local dir

  setup(function()
    dir = world()
  end)

  teardown(function()
    os.execute("rm -rf " .. dir)
  end)

  local rows = { -- path, exit code, code
    { "file", 0, "OK" },
    { "./file", 0, "OK" },
    { "dir", 0, "OK" },
    { "dir/", 0, "OK" },
    { ".", 0, "OK" },
    { "in/f", 0, "OK" },
    { "file/", 1, "ERR_NOT_DIR" },
    { "new", 1, "ERR_NOT_FOUND" },
    { "", 1, "ERR_PATH" },
    { "..", 1, "ERR_PATH" },
    { "dir/../../secret", 1, "ERR_PATH" },
    { "/etc/passwd", 1, "ERR_PATH" },
    { "out", 1, "ERR_PATH" },
    { "dangling", 1, "ERR_NOT_FOUND" },
    { "fifo", 1, "ERR_NOT_FILE" },
    { "/proc/self/root/etc/passwd", 1, "ERR_PATH" },
    { ("n"):rep(256), 1, "ERR_PATH" },
    { ("d/"):rep(65) .. "f", 1, "ERR_PATH" },
  }

  for _, row in ipairs(rows) do
    it("orket try path answers " .. row[3] .. " for '" .. row[1]:sub(1, 30) .. "'", function()
      local text, code = capture(("%s try path %s/root '%s'"):format(ORKET, dir, row[1]))
      assert.equal(row[2], code)
      assert.equal(row[3], text:match('"code":"([%u_0-9]+)"'))
    end)
  end

  it("orket try path answers rows in order and survives bad ones", function()
    local requests = table.concat({
      ('{"id":1,"root":"%s/root","path":"file"}'):format(dir),
      ('{"id":2,"root":"%s/root","path_b64":"ZgBn"}'):format(dir),
      ('{"id":3,"root":"%s/root"}'):format(dir),
      "not json",
      '{"id":5,"root":[],"path":"a"}',
      ('{"id":6,"root":"%s/root","path":"\\uDC00"}'):format(dir),
      ('{"id":7,"root":"%s/root","path_b64":"wK7Arg=="}'):format(dir),
      ('{"id":8,"root":"%s/none","path":"a"}'):format(dir),
    }, "\n")
    local text = capture(("printf '%%s\\n' '%s' | %s try path --jsonl"):format(requests, ORKET))
    local lines = {}
    for line in text:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(8, #lines)
    assert.truthy(lines[1]:find('"ok":true', 1, true))
    assert.truthy(lines[2]:find("ERR_PATH", 1, true) and lines[2]:find('"id":2', 1, true))
    assert.truthy(lines[7]:find("ERR_PATH", 1, true))
    assert.truthy(lines[8]:find("ERR_NOT_FOUND", 1, true))
    for i = 2, 8 do
      assert.falsy(lines[i]:find('"ok":true', 1, true))
    end
  end)
end)
