-- proc_spec.lua: orket.core.proc inside the real binary (ORKET_LUA puts a main of ours in front).

local ORKET = os.getenv("ORKET") or "build/orket"

local MAIN = [[
local async = require("orket.async")
local cjson = require("cjson")
local proc = require("orket.core.proc")
local fs = require("orket.core.fs")
local function run(request)
  local result, message, code = async.await(proc.run, request)
  print(cjson.encode(result and { exit = result.exit, signal = result.signal, limit = result.limit,
    stdout = result.stdout } or { code = code, message = message }))
end
return function()
  proc.hide({})
  return async.main(function()
    %s
    return 0
  end)
end
]]

local function lua(body)
  local dir = assert(io.popen("mktemp -d")):read("l")
  os.execute("mkdir -p " .. dir .. "/orket " .. dir .. "/tree")
  local file = assert(io.open(dir .. "/orket/main.lua", "w"))
  file:write((MAIN:gsub("%%s", function() return body end)))
  file:close()
  local pipe = assert(io.popen(("DIR=%s ORKET_LUA=%s %s 2>&1"):format(dir, dir, ORKET)))
  local text = pipe:read("a")
  pipe:close()
  os.execute("rm -rf " .. dir)
  return text
end

local refused = lua([[run({ argv = { "true" }, cwd = os.getenv("DIR") })]]):find("the kernel refuses", 1,
  true)
local test = refused and pending or it

describe("proc", function()
  test("a program runs in a root, with input and environment", function()
    local text = lua([[
      local root = fs.root(os.getenv("DIR") .. "/tree")
      run({ argv = { "sh", "-c", "cat > in; echo $A" }, cwd_root = root, stdin = "text", env = { A = "b" } })
      print(root:read("in"))]])
    assert.equal('{"exit":0,"stdout":"b\\n"}\ntext\n', text)
  end)

  test("limits are named, and failures are values", function()
    local text = lua([[
      local dir = os.getenv("DIR")
      run({ argv = { "sleep", "9" }, cwd = dir, wall = 0.05 })
      run({ argv = { "no-such-program" }, cwd = dir })
      run({ argv = { "true" }, cwd = dir .. "/none" })]])
    local lines = {}
    for line in text:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal('{"limit":"time","signal":9,"stdout":""}', lines[1])
    assert.truthy(lines[2]:find('"code":"ERR_PROC"', 1, true))
    assert.truthy(lines[3]:find('"code":"ERR_NOT_FOUND"', 1, true))
  end)

  test("a program is canceled with its task, and abandoned when the state closes", function()
    local text = lua([[
      local task = async.spawn(run, { argv = { "sleep", "9" }, cwd = os.getenv("DIR") })
      async.cancel(task)
      async.spawn(function() async.await(proc.run, { argv = { "sleep", "9" }, cwd = os.getenv("DIR") }) end)]])
    assert.truthy(text:find("ERR_CANCELED", 1, true) or text:find("{}", 1, true), text)
  end)

  it("orket.core.proc raises for a caller's mistakes", function()
    for _, request in ipairs({
      '{ argv = {}, cwd = "/" }', '{ cwd = "/" }', '{ argv = { "x\\0y" }, cwd = "/" }',
        '{ argv = { 1 }, cwd = "/" }',
      '{ argv = { "true" }, cwd = "/", shell = true }',
        '{ argv = { "true" }, cwd = "/", env = { ["a=b"] = "c" } }',
      '{ argv = { "true" }, cwd = "/", wall = -1 }', '{ argv = { "true" } }',
        '{ argv = { "true" }, cwd = "/", stdin = {} }',
    }) do
      local text = lua(("print(pcall(proc.run, %s, print))"):format(request))
      assert.truthy(text:find("^false"), request .. text)
    end
  end)
end)
